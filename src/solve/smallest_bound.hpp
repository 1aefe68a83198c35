/// \file
/// What multipliers can prove at best.
#pragma once

#include <checker/network.hpp>

#include <vector>

namespace geolip::solve {

/// The smallest double b with b^2 >= 4 zeta sum gamma (l_1: 4 zeta max gamma), which is what a claim's bound
/// has to meet. Infinity if that is beyond the range of double. Multipliers are above 0.
double smallest_bound(checker::InputNorm norm, const checker::Real& zeta,
                      const std::vector<checker::Real>& gamma);

}  // namespace geolip::solve
