/// \file
/// The formal global Lipschitz constant of a tiny network, by trying every extreme slope.
#pragma once

#include <geolip/network.hpp>
#include <geolip/query.hpp>

#include <Eigen/Core>
#include <random>

namespace geolip::testing {

/// FGL of the objective: the largest dual norm (vector, l2: spectral norm) over all slopes at the ends of
/// their intervals. 2^neurons products; at most 20 neurons.
double enumerate_fgl(const Network& network, Norm norm, const Objective& objective);

/// A network of random dense layers with the given widths and activation between them.
Network random_network(const std::vector<Index>& widths, const Activation& activation,
                       std::mt19937_64& engine);

}  // namespace geolip::testing
