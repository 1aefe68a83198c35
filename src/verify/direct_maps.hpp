/// \file
/// The linear layers between blocks of neurons as matrices.
#pragma once

#include "verify/chain.hpp"
#include "verify/linear_map.hpp"

#include <optional>
#include <vector>

namespace geolip::verify {

/// By block j < k: the map that the linear layers make from block j to what feeds block k, 1 <= k <= L + 1;
/// with `rows` (each one coefficient an output) their product. Nothing where no linear layers lead from j to
/// k.
std::vector<std::optional<LinearMap>> direct_maps(const Chain& chain, Index k,
                                                  const std::vector<std::vector<double>>* rows, int threads);

}  // namespace geolip::verify
