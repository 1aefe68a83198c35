/// \file
/// Where a run takes place.
#pragma once

#include <backend/backend.hpp>
#include <backend/cuda.hpp>

#include <geolip/estimate.hpp>

#include <functional>
#include <memory>

namespace geolip::solve {

/// Gives a CUDA device's backend, or null where there is none.
using FindDevice = std::function<std::unique_ptr<backend::Backend>()>;

/// The backend that Settings::device names. "auto" is the device that `find` gives, if the run is large
/// enough to be worth opening a device, and if a certificate takes no more than half of the device's memory;
/// else the CPU. Nothing looks for a device where the run is too small for one. Throws QueryError for a
/// device that is not there, and NetworkError for a network that no bound can be given for.
std::unique_ptr<backend::Backend> choose_backend(const Network& network, const Query& query,
                                                 const Settings& settings,
                                                 const FindDevice& find = backend::find_cuda_backend);

/// A whole run on a backend.
using Run = std::function<Result(backend::Backend&, const Settings&)>;

/// Calls `run` with the backend of choose_backend(). What "auto" took to a device and its memory has no room
/// for (DoesNotFit, std::bad_alloc) is run again from the start on the CPU, in the time that is left;
/// the bounds' total times hold the device's try.
Result run_on_chosen(const Network& network, const Query& query, const Settings& settings, const Run& run,
                     const FindDevice& find = backend::find_cuda_backend);

}  // namespace geolip::solve
