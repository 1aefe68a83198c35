/// \file
/// What the checker claims, computed in rational numbers from the definitions (M2), (M3).
#pragma once

#include <checker/network.hpp>

#include <gmpxx.h>
#include <vector>

namespace geolip::checker::test {

using Rational = mpq_class;
using RationalMatrix = std::vector<std::vector<Rational>>;

Rational rational(const Real& x);

/// The linear layers before the k-th activation, or before the output (k = number of activations), as a
/// matrix.
RationalMatrix stage_matrix(const Network& network, std::size_t k);

/// Whether the claim is true, by enumeration of all slope patterns.
bool is_true(const Network& network, const Claim& claim);

/// The largest bound of the claim's kind that some slope pattern attains, about.
double true_fgl(const Network& network, const Claim& claim);

/// The smallest double whose square is at least 4 zeta sum gamma (l_1: 4 zeta max gamma).
double least_bound(InputNorm norm, const Multipliers& multipliers);

}  // namespace geolip::checker::test
