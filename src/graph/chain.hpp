/// \file
/// A network as the algorithms see it: linear maps between activations, and slope intervals.
#pragma once

#include <geolip/query.hpp>

#include <vector>

namespace geolip::graph {

/// The linear layers between two activations (or between the input or output and the nearest one). Biases and
/// shifts play no part in any of the sweeps.
struct Stage {
  std::vector<const Layer*> layers;  ///< Dense, Affine, Permutation; may be empty (the identity)
  Index inputs = 0;
  Index outputs = 0;
};

/// Stages 1 .. L end in an activation; the last stage leads to the output. The network must outlive the
/// chain.
struct Chain {
  Index inputs = 0;
  std::vector<Stage> stages;                   ///< L + 1 stages
  std::vector<const Activation*> activations;  ///< L activations

  Index depth() const { return static_cast<Index>(activations.size()); }
};

Chain make_chain(const Network& network);

/// Slope intervals [c - h, c + h] of one layer for several slope sets: entry (i, s) at index i * sets + s.
struct LayerSlopes {
  Index neurons = 0;
  Index sets = 1;
  std::vector<double> c;
  std::vector<double> h;

  double centre(Index i, Index s) const { return c[static_cast<std::size_t>(i * sets + s)]; }
  double half_width(Index i, Index s) const { return h[static_cast<std::size_t>(i * sets + s)]; }
};

/// The slopes of every layer. Set 0 is that of the activation functions; each override is a set of its own.
/// Neurons that no path joins to the input, or to the output, get c = h = 0: they cannot matter.
/// Throws QueryError if an override does not fit the network.
std::vector<LayerSlopes> make_slopes(const Chain& chain, const std::vector<const SlopeOverride*>& overrides);

/// Whether a path of nonzero weights and slopes joins the input to the objective `row` (empty: to any
/// output). Without one the objective's FGL is exactly zero. Where `row` is +-1 at one or two outputs,
/// weights that cancel exactly in the difference of two rows of the last layer count as zero.
bool connected(const Chain& chain, const std::vector<LayerSlopes>& slopes, Index set,
               std::span<const double> row);

}  // namespace geolip::graph
