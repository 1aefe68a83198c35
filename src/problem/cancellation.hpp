/// \file
/// What cancels exactly in the linear layers between two layers of neurons.
#pragma once

#include <problem/chain.hpp>
#include <problem/row.hpp>

#include <vector>

namespace geolip::problem {

/// A coordinate of a value of a stage times a factor.
struct Term {
  std::size_t value;
  Index coordinate;
  double factor;
};

/// A sum of terms, ordered by value and coordinate, none with factor 0. Where the sum of a coordinate's factors is no
/// double, it has several. Empty: zero.
using Terms = std::vector<Term>;

/// Every coordinate of every value of a stage as a sum of others. Sums, joins, copies and factors are followed
/// without rounding, so that x - x is empty; any other coordinate is a term of its own.
std::vector<std::vector<Terms>> exact_terms(const Stage& stage);

/// The product of a row with the output of the stage. Where it leaves the range of the arithmetic, or is long, terms
/// that might cancel remain.
Terms combine_targets(const Stage& stage, const std::vector<std::vector<Terms>>& terms, const Row& row);

}  // namespace geolip::problem
