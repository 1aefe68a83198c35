/// \file
/// What rounding can do to linear parts in which numbers cancel.
#pragma once

#include <ascent/problem.hpp>
#include <graph/slopes.hpp>

namespace geolip::estimate_detail {

/// An absolute error of the bounds of one problem, in the network's own units. The inflation of the
/// multipliers covers the rounding of everything between two activations but one thing: sums of products that
/// cancel, where a row of several weights meets the last layer, or where dense layers follow each other
/// without an activation. There the allowance is the rounding of all sums, relative to what the network would
/// give were all its numbers positive (docs/method.md, section 7); elsewhere it is 0. Infinity if that leaves
/// the double range.
double rounding_allowance(const graph::Chain& chain, const std::vector<graph::LayerSlopes>& slopes,
                          const ascent::Problem& problem, Norm norm);

}  // namespace geolip::estimate_detail
