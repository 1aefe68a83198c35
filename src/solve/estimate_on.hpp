/// \file
/// estimate() on a backend that the caller brings: for benches that watch what a backend is asked to do.
#pragma once

#include <backend/backend.hpp>

#include <geolip/estimate.hpp>

namespace geolip {

/// As estimate(); Settings::device and Settings::threads are not read.
Result estimate_on(backend::Backend& backend, const Network& network, const Query& query,
                   const Settings& settings);

}  // namespace geolip
