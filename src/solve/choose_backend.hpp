/// \file
/// Where a run takes place.
#pragma once

#include <backend/backend.hpp>
#include <backend/cuda.hpp>

#include <geolip/estimate.hpp>

#include <functional>
#include <memory>
#include <string>

namespace geolip::solve {

/// Gives a CUDA device's backend, or null where there is none.
using FindDevice = std::function<std::unique_ptr<backend::Backend>()>;

/// The backends that queries take place on, opened when they are wanted and kept.
class Backends {
 public:
  /// \param device as Settings::device: one that is named is opened at once, and QueryError thrown if it is
  /// not there
  Backends(const std::string& device, int threads, FindDevice find = backend::find_cuda_backend);

  /// The backend that was named. For "auto" the device that `find` gives, if the query is large enough to be
  /// worth opening a device, and if a certificate takes no more than half of the device's memory; else the
  /// CPU. Nothing looks for a device where the query is too small for one. Throws NetworkError for a network
  /// that no bound can be given for.
  backend::Backend& choose(const Network& network, const Query& query);
  /// Whether choose() gave a device that the CPU can stand in for.
  bool is_optional(const backend::Backend& backend) const { return &backend == device_.get(); }
  /// Closes the device that "auto" opened.
  void close_device() { device_.reset(); }
  backend::Backend& cpu();

 private:
  int threads_;
  FindDevice find_;
  std::unique_ptr<backend::Backend> named_;
  std::unique_ptr<backend::Backend> device_;
  std::unique_ptr<backend::Backend> cpu_;
};

/// A whole run on a backend.
using Run = std::function<Result(backend::Backend&, const Settings&)>;

/// Calls `run` with the backend of choose(). What "auto" took to a device and its memory has no room for
/// (DoesNotFit, std::bad_alloc) is run again from the start on the CPU, in the time that is left; the bounds'
/// total times hold the device's try.
Result run_on_chosen(Backends& backends, const Network& network, const Query& query, const Settings& settings,
                     const Run& run);

}  // namespace geolip::solve
