/// \file
/// The network without its dead and its folded neurons: the variables of the quadratic form.
#pragma once

#include <checker/claimed_network.hpp>
#include <checker/enclosed_matrix.hpp>

#include <map>

namespace geolip::checker {

/// Maps to one block from those below it, by their numbers; few of the blocks below have one.
using BlockMaps = std::map<std::size_t, EnclosedMatrix>;

/// By block j < k: the map that the linear layers make from block j to what feeds block k, 1 <= k <= L + 1;
/// with `rows` (each one coefficient an output) their product. Nothing where no linear layers lead from j to
/// k.
BlockMaps direct_maps(const ClaimedNetwork& claimed, Index k, const std::vector<std::vector<double>>* rows,
                      int threads);

/// Blocks of variables: 0 the inputs, k the neurons of activation layer k, L + 1 the objective's t.
/// *Dead* are a neuron whose w is certainly zero, or whose slopes are [0, 0], and inputs and neurons from
/// which no path of entries that may be nonzero leads to the objective: they are left out. *Folded* are
/// neurons whose slope interval is a point c: v = c w is put in for them. The others are free.
struct Reduced {
  Index depth = 0;
  std::vector<std::vector<Index>> free;    ///< of each block 0 .. L, ascending
  std::vector<std::vector<Index>> folded;  ///< the same, without those that are dead
  /// maps[k], by j < k: T_kj of w_k = sum_j T_kj v_j over free v_j; rows are the free and then the folded
  /// neurons of layer k, or the objective's rows (k = L + 1). Nothing where layer j does not reach layer k
  /// except through free neurons.
  std::vector<BlockMaps> maps;

  /// Whether a path joins input to objective. If not, the FGL is zero.
  bool connected() const { return !free.front().empty(); }
  Index size(Index block, Index objective_rows) const {
    return block > depth ? objective_rows : static_cast<Index>(free[at(block)].size());
  }
};

Reduced reduce(const ClaimedNetwork& claimed, const Claim& claim, int threads);

}  // namespace geolip::checker
