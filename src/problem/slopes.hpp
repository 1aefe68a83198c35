/// \file
/// The slope intervals of a chain's neurons, and which neurons an objective can see.
#pragma once

#include <network/at.hpp>
#include <problem/chain.hpp>
#include <problem/reach.hpp>
#include <problem/row.hpp>

#include <vector>

namespace geolip::problem {

/// Slope intervals [c - h, c + h] of one layer for several slope sets: entry (i, s) at index i * sets + s.
struct LayerSlopes {
  Index neurons = 0;
  Index sets = 1;
  std::vector<double> c;
  std::vector<double> h;

  double centre(Index i, Index s) const { return at(c, i * sets + s); }
  double half_width(Index i, Index s) const { return at(h, i * sets + s); }
};

/// The slopes of every layer. Set 0 is that of the activation functions; each override is a set of its own.
/// Neurons that no path joins to the input, or to the output, get c = h = 0: they cannot matter.
/// Throws QueryError if an override does not fit the network.
std::vector<LayerSlopes> make_slopes(const Chain& chain, const std::vector<const SlopeOverride*>& overrides);

/// The inputs that a path of nonzero weights and slopes joins to the objective `row` (empty: to any output).
Mask seen_inputs(const Chain& chain, const std::vector<LayerSlopes>& slopes, Index set, const Row& row);

/// Whether a path of nonzero weights and slopes joins the input to the objective `row` (empty: to any
/// output). Without one the objective's FGL is exactly zero. Where `row` is +-1 at one or two outputs,
/// weights that cancel exactly in the difference of two rows of the last layer count as zero.
bool connected(const Chain& chain, const std::vector<LayerSlopes>& slopes, Index set, const Row& row);

/// What a query asks of a slope set: the objective's row at the output, empty for all outputs.
struct SlopeDemand {
  Index set = 0;
  Row row;
};

/// Which slopes an objective is bounded with.
struct SlopeAnswer {
  bool connected = false;  ///< as connected()
  Index set = 0;
};

/// For each demand a set in which neurons that no path joins to its objective have c = h = 0 as well. Sets
/// are added to `slopes` where the objective sees less than all outputs together do, one for all demands that
/// see the same neurons.
std::vector<SlopeAnswer> narrow_slopes(const Chain& chain, std::vector<LayerSlopes>& slopes,
                                       const std::vector<SlopeDemand>& demands);

}  // namespace geolip::problem
