/// \file
/// Small networks of every shape that a certificate may be about, with multipliers that are valid by
/// construction.
#pragma once

#include <checker/network.hpp>
#include <support/random_networks.hpp>

#include <vector>

namespace geolip::checker::test {

using geolip::test::Random;

enum class Kind { relu, leaky, gelu, mixed, folded };

struct Options {
  Kind kind = Kind::mixed;
  Index most_neurons = 7;     ///< in all layers together
  Index most_layers = 3;      ///< activation layers
  bool linear_extras = true;  ///< scales, permutations and several dense layers between activations
  bool zeros = true;          ///< zero weights, zero rows, equal and nearly equal rows
};

struct Case {
  Network network;
  Proof proof;
};

/// A random network and a random claim about it.
Case random_case(Random& random, const Options& options);

/// Multipliers with M > 0, found by bounding every layer's form by multiples of |v_k|^2; loose, and as many
/// as the network asks for. `spread` > 1 makes each lambda up to that many times larger than needed.
Multipliers valid_multipliers(Random& random, const Network& network, const Claim& claim, double spread);

/// A case with its valid multipliers and the least bound that they prove.
Case proved_case(Random& random, const Options& options);

/// The same network in other units: neuron i of every layer measured in 2^a_i, a_i random in [-most, most],
/// and the inputs' rows of gamma and lambda with it. M changes by a congruence with a diagonal matrix of
/// powers of two only, so every verdict must stay. Networks without linear extras; l_inf and l_1 inputs are
/// left as they are.
Case in_other_units(Random& random, Case old, int most);

/// Moves one end of every scale's enclosure away from the scale, which the other end stays close to.
void widen_enclosures(Random& random, Network& network);

/// The multipliers of a proof, one after the other: zeta, gamma, lambda.
std::vector<Real*> all_multipliers(Multipliers& multipliers);

}  // namespace geolip::checker::test
