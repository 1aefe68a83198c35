/// \file
/// A network as the product bounds see it: a chain of matrices.
#pragma once

#include <geolip/network.hpp>
#include <geolip/query.hpp>

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include <baselines/scaled.hpp>

namespace geolip::baselines {

/// Roundings in each entry of linear_maps(), tiny entries apart.
inline constexpr double map_roundings = 4.0;

/// Matrices M_1 ... M_m for the first `layers` layers of the network, input side first, such that for any
/// slopes the Jacobian is T_m M_m ... T_1 M_1 with diagonal |T_k| <= 1: each weight matrix with the largest
/// slopes of the activation, the affine scales and the permutations that follow it folded into its rows.
/// What comes before the first weight matrix is folded into that one's columns.
/// Throws QueryError if the overriding slopes do not fit the network.
/// \pre is_plain(network)
std::vector<ScaledMatrix> linear_maps(const Network& network, std::size_t layers,
                                      const SlopeOverride* slopes);

}  // namespace geolip::baselines
