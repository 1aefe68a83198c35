/// \file
/// What rounding can do to linear parts in which numbers cancel.
#pragma once

#include <ascent/ascent.hpp>
#include <operators/linear_map.hpp>
#include <problem/slopes.hpp>

namespace geolip::solve {

/// An absolute error of the bounds of one problem on the unscaled network. The inflation of the multipliers
/// covers the rounding of everything between two activations but one thing: sums of products that cancel,
/// where a row of several weights meets the last layer, or where layers that add up follow each other without
/// an activation. There the allowance is the rounding of all sums, relative to what the network would give
/// were all its numbers positive (docs/method.md, section 7); elsewhere it is 0. Infinity if that leaves the
/// double range.
double rounding_allowance(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes,
                          const problem::Problem& problem);

/// The rounding of all sums by itself, whether or not they cancel: how far the dual norm of a gradient as
/// computed may be from that of the slopes' own.
double rounding_of_sums(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes,
                        const problem::Problem& problem);

/// The same error to first order at the point of the ascent (docs/method.md, (M33)): every stage's own
/// rounding, next to the numbers that meet it there. Deep networks, whose allowance is far above their value,
/// are left with this one.
/// \param norms what a sweep of this problem left, in the units of the scaled network as is the result
/// \param scaling of that network; the problem's row carries its own factor
double rounding_effect(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes,
                       const problem::Scaling& scaling, const problem::Problem& problem,
                       const ascent::SweepNorms& norms);

}  // namespace geolip::solve
