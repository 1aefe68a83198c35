/// \file
/// The linear layers between blocks of neurons as matrices.
#pragma once

#include "checker/chain.hpp"
#include "checker/linear_map.hpp"

#include <map>
#include <vector>

namespace geolip::checker {

/// Maps to one block from those below it, by their numbers; few of the blocks below have one.
using BlockMaps = std::map<std::size_t, LinearMap>;

/// By block j < k: the map that the linear layers make from block j to what feeds block k, 1 <= k <= L + 1;
/// with `rows` (each one coefficient an output) their product. Nothing where no linear layers lead from j to
/// k.
BlockMaps direct_maps(const Chain& chain, Index k, const std::vector<std::vector<double>>* rows, int threads);

}  // namespace geolip::checker
