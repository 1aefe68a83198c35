/// \file
/// The last step of every proof, in exact arithmetic.
#pragma once

#include "checker/proof.hpp"

#include <vector>

namespace geolip::checker {

/// Whether bound^2 >= 4 zeta sum gamma, exactly. Multipliers are above 0, `bound` is finite and at least 0.
bool bound_covers_sum(double bound, const Real& zeta, const std::vector<Real>& gamma);

}  // namespace geolip::checker
