/// \file
/// The product bounds of networks that are no chain of dense layers.
#pragma once

#include <problem/row.hpp>

#include <span>
#include <vector>

namespace geolip::baselines {

/// Whether the network is a chain of dense and elementwise layers, which linear_maps() is for.
bool is_plain(const Network& network);

/// For each row u of `objectives` the smaller of two bounds, in directed rounding: the dual norm of |u| times
/// the absolute values of all layers, and that of u times the output's bound of operator_bound().
std::vector<double> scalar_graph_bounds(const Network& network, Norm norm, const SlopeOverride* slopes,
                                        std::span<const problem::Row> objectives);

/// A bound on the operator norm of the Jacobian from l_p to l_p: norms of layers multiply along paths, add up
/// where tensors are added, and go together as their tensors do in a Concat. In l_2 a layer's norm is the
/// root of its largest row sum times its largest column sum, for absolute values.
double operator_bound(const Network& network, Norm norm, const SlopeOverride* slopes);

}  // namespace geolip::baselines
