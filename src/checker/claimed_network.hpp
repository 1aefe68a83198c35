/// \file
/// A network as blocks of neurons, and the linear layers between them.
#pragma once

#include <checker/network.hpp>

#include <vector>

namespace geolip::checker {

/// Blocks of neurons: 0 the inputs, k = 1 .. L the activation layers in the network's order, L + 1 the
/// output. What a block is computed from by linear layers alone are earlier blocks.
struct ClaimedNetwork {
  const Network* network = nullptr;  ///< must outlive this
  Index inputs = 0;
  std::vector<Index> size;   ///< coordinates of every tensor
  std::vector<Index> block;  ///< by tensor: which block it is, -1 for what linear layers make
  std::vector<Index> feed;   ///< feed[k - 1]: the tensor that activation layer k reads; the last: the output
  std::vector<SlopeIntervals> slopes;  ///< slopes[k - 1]: those of layer k, as the claim assumes them

  Index depth() const { return static_cast<Index>(slopes.size()); }
  /// Number of inputs (k = 0), neurons of layer k, or outputs.
  Index width(Index k) const { return k == 0 ? inputs : size[static_cast<std::size_t>(feed[at(k - 1)])]; }
};

/// Coordinates of what a layer makes from tensors of these sizes. Throws Refusal, naming the layer, if numbers
/// do not fit together or are not finite.
Index outputs_of(const Layer& layer, const std::vector<Index>& sizes);

/// The tensors that layer l reads.
std::vector<Index> reads_of(const Network& network, std::size_t l);

/// The blocks that linear layers alone join to block k, 1 <= k <= L + 1, ascending.
std::vector<Index> sources_of(const ClaimedNetwork& claimed, Index k);

/// The network with the claim's slopes. Throws Refusal, naming the layer, if numbers do not fit together: all
/// that the proof relies on is checked here once more.
ClaimedNetwork claimed_network(const Network& network, const Claim& claim);

/// Throws Refusal if the claim's rows, coordinates or bound make no question of this network.
void check_claim(const Network& network, const Claim& claim);

/// Throws Refusal if the multipliers are not as many as the network and the claim ask for.
void check_counts(const ClaimedNetwork& claimed, const Claim& claim, const Multipliers& multipliers);

/// Throws Refusal unless the multiplier is finite and above 0. `name` is its name in the sentence.
void check_positive(const Real& multiplier, const char* name, Index layer, Index index);

/// The input coordinates that a claim is about: the given ones, or all.
std::vector<Index> claimed_inputs(const ClaimedNetwork& claimed, const Claim& claim);

/// Linear layers between blocks, one block after the other: calls visit(k, rows of block k, layer, its
/// input's size).
template <class Visit>
void for_linear_layers(const ClaimedNetwork& claimed, const Claim& claim, const Visit& visit) {
  for (Index k = 1; k <= claimed.depth() + 1; ++k) {
    const Index rows = k > claimed.depth() ? static_cast<Index>(claim.rows.size()) : claimed.width(k);
    const Index feed = claimed.feed[at(k - 1)];
    std::vector<bool> wanted(at(feed + 1), false);
    wanted[at(feed)] = true;
    for (Index t = feed; t > 0; --t) {
      if (!wanted[at(t)] || claimed.block[at(t)] >= 0) continue;
      for (const Index from : reads_of(*claimed.network, at(t - 1))) {
        wanted[at(from)] = true;
        visit(k, static_cast<double>(rows), claimed.network->layers[at(t - 1)],
              static_cast<double>(claimed.size[at(from)]));
      }
    }
  }
}

}  // namespace geolip::checker
