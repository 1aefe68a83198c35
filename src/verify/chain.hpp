/// \file
/// A network as linear stages between activations.
#pragma once

#include "verify/proof.hpp"

#include <vector>

namespace geolip::verify {

/// The linear layers before one activation, or before the output. May be empty: the identity.
struct Stage {
  Index inputs = 0;
  Index outputs = 0;
  std::vector<const Layer*> maps;  ///< in the order of computation; they belong to the network
};

/// Stages 1 .. L end in an activation, stage L + 1 at the output.
struct Chain {
  Index inputs = 0;
  std::vector<Stage> stages;           ///< stages[k - 1] is stage k
  std::vector<SlopeIntervals> slopes;  ///< slopes[k - 1]: those of layer k, as the claim assumes them

  Index depth() const { return static_cast<Index>(slopes.size()); }
  /// Number of inputs (k = 0) or neurons of layer k.
  Index width(Index k) const {
    return k == 0 ? inputs : static_cast<Index>(slopes[static_cast<std::size_t>(k - 1)].lower.size());
  }
};

/// The network with the claim's slopes. Throws Refusal, naming the layer, if numbers do not fit together: all
/// that the proof relies on is checked here once more.
Chain make_chain(const Network& network, const Claim& claim);

/// Throws Refusal if the claim's rows, coordinates or bound make no question of this network.
void check_claim(const Network& network, const Claim& claim);

/// Throws Refusal if the multipliers are not as many as the chain and the claim ask for.
void check_counts(const Chain& chain, const Claim& claim, const Multipliers& multipliers);

/// Throws Refusal unless the multiplier is finite and above 0. `name` is its name in the sentence.
void check_positive(const Real& multiplier, const char* name, Index layer, Index index);

/// The input coordinates that a claim is about: the given ones, or all.
std::vector<Index> claimed_inputs(const Chain& chain, const Claim& claim);

}  // namespace geolip::verify
