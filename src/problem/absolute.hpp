/// \file
/// A stage with every number in it taken positive, and what rounding can do to its sums (docs/method.md,
/// section 7).
#pragma once

#include <problem/chain.hpp>

#include <vector>

namespace geolip::problem {

/// |B| x for non-negative x, where |B| is the stage's map made of the absolute values of its layers' entries.
std::vector<double> absolute_apply(const Stage& stage, const std::vector<double>& x);
/// |B|' y for non-negative y.
std::vector<double> absolute_adjoint(const Stage& stage, const std::vector<double>& y);

/// Whether sums may cancel before they enter the certificate: several layers that add up follow each other.
bool may_cancel(const Stage& stage);

/// Rounding of all sums of one way through the stage, in either direction and any order, relative to what
/// the absolute values give; doubled for good measure.
double sum_rounding(const Stage& stage);

/// Whether no product of entries along a path through the stage, times a number between 2^-`room` and 2^`room`,
/// leaves the range of normal numbers on its way. Otherwise sums may lack terms that later entries make large.
bool keeps_products(const Stage& stage, int room);

}  // namespace geolip::problem
