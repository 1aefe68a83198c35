/// \file
/// Products on the calling thread: OpenBLAS's, which is loaded when the first backend is made and not when the
/// program starts, or Eigen's where it is not there.
#pragma once

#include <backend/view.hpp>

#include <cstddef>

namespace geolip::backend::cpu {

/// Address space that a thread takes: the library's workspace and the thread's stack.
inline constexpr std::size_t thread_bytes = std::size_t{136} << 20;

/// A backend's use of the library. While an object lives BLAS is held to one thread, in whatever order they come
/// and go: the backends share out the work themselves, in pieces that do not depend on the number of threads,
/// which a threaded BLAS does not promise. The last one restores the setting that the first one found.
class Blas {
 public:
  /// \param threads that may call at the same time. Throws ResourceError where an address-space limit has no room
  /// for the library and the workspace that it takes for each of them: it would wait for that memory for ever.
  explicit Blas(int threads);
  Blas(const Blas&) = delete;
  Blas& operator=(const Blas&) = delete;
  Blas(Blas&&) = delete;
  Blas& operator=(Blas&&) = delete;
  ~Blas();

  /// "OpenBLAS" or "Eigen".
  static const char* name();

 private:
  int threads_;
};

/// A, or A' where `transposed`.
template <class T>
struct Factor {
  ConstView<T> matrix;
  bool transposed = false;
};

/// C = alpha op(A) op(B) + beta C. With beta 0, C is only written.
template <class T>
void product(T alpha, const Factor<T>& a, const Factor<T>& b, T beta, View<T> c);

/// B = B L^-T for a lower triangular L
void solve_right(ConstView<double> l, View<double> b);

/// The same by Eigen alone, whether or not there is a library.
template <class T>
void eigen_product(T alpha, const Factor<T>& a, const Factor<T>& b, T beta, View<T> c);
void eigen_solve_right(ConstView<double> l, View<double> b);

}  // namespace geolip::backend::cpu
