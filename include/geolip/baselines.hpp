/// \file
/// The cheap bounds that every tool prints, to compare with.
#pragma once

#include <geolip/network.hpp>
#include <geolip/query.hpp>

#include <cstdint>
#include <vector>

namespace geolip {

/// Product-of-norms upper bound for one objective: the smaller of
/// - the dual norm of the objective's row, taken back to the last activation, times the operator norms of
///   the maps between the activations, each row of a map scaled by its neuron's largest slope;
/// - the norm of the product of the absolute values of the same matrices.
/// For the vector objective in l2 the row is replaced by the last map and its norm by the spectral norm;
/// in linf the bound is the largest of all outputs'.
/// Where the network is no chain of dense layers, norms of layers multiply along paths and add up where paths
/// meet, and the l2 norm of a layer is bounded by the root of its largest row sum times its largest column
/// sum. Slope overrides of the objective are used. Rounded up: the number is always a valid bound, infinity
/// if none exists in the double range. Throws QueryError if the objective does not fit the network, or asks
/// for the vector in l1.
double product_bound(const Network& network, Norm norm, const Objective& objective);

/// product_bound() of every objective, in order; what the objectives share is computed once.
std::vector<double> product_bounds(const Network& network, Norm norm,
                                   const std::vector<Objective>& objectives);

/// The largest dual norm (vector, l2: spectral norm; vector, linf: largest of all outputs') of the gradient
/// of the objective at the given inputs, one input a row: up to rounding, a lower bound on the Lipschitz
/// constant of f itself over any region that holds them. At an input that lies exactly on a kink the
/// gradient is the formal one of activation_derivative(). Slope overrides play no role, and inputs at which
/// the network overflows are passed over.
/// Throws QueryError if the inputs have the wrong number of columns, if the objective does not fit the
/// network, or if it asks for the vector in l1.
double gradient_bound(const Network& network, Norm norm, const Objective& objective, const Matrix& inputs);

/// gradient_bound() of every objective, in order; the network is evaluated once for all.
std::vector<double> gradient_bounds(const Network& network, Norm norm,
                                    const std::vector<Objective>& objectives, const Matrix& inputs);

/// `count` standard normal inputs, one a row.
Matrix random_inputs(Index count, Index dimension, std::uint64_t seed);

}  // namespace geolip
