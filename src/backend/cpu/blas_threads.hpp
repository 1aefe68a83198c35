/// \file
/// The BLAS library behind Eigen, held to one thread: the backend shares out the work itself, in pieces that
/// do not depend on the number of threads, which a threaded BLAS does not promise.
#pragma once

#include <string>

namespace geolip::backend::cpu {

/// While an object lives, BLAS calls run on the calling thread alone. The setting found is restored at the
/// end.
class SingleThreadedBlas {
 public:
  SingleThreadedBlas();
  SingleThreadedBlas(const SingleThreadedBlas&) = delete;
  SingleThreadedBlas& operator=(const SingleThreadedBlas&) = delete;
  SingleThreadedBlas(SingleThreadedBlas&&) = delete;
  SingleThreadedBlas& operator=(SingleThreadedBlas&&) = delete;
  ~SingleThreadedBlas();

  /// "OpenBLAS" or "Eigen".
  static std::string name();

 private:
  int previous_;
};

}  // namespace geolip::backend::cpu
