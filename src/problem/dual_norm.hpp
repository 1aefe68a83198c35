/// \file
/// Norms of gradients.
#pragma once

#include <geolip/query.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::problem {

/// The dual norm of g, a vector of the standard library or of Eigen: the 1-norm for linf, the 2-norm for l2, the largest
/// entry for l1, without overflow or underflow on the way. Rounded to nearest, not directed; infinite or no number where an entry is.
template <class Numbers>
double dual_norm(const Numbers& g, Norm norm) {
  double largest = 0.0;
  for (const double x : g) {
    if (std::isnan(x)) return x;
    largest = std::max(largest, std::abs(x));
  }
  if (norm == Norm::l1 || largest == 0.0 || std::isinf(largest)) return largest;
  const int exponent = std::ilogb(largest);
  double sum = 0.0;
  for (const double x : g) {
    const double scaled = std::scalbn(std::abs(x), -exponent);
    sum += norm == Norm::linf ? scaled : scaled * scaled;
  }
  return std::scalbn(norm == Norm::linf ? sum : std::sqrt(sum), exponent);
}

}  // namespace geolip::problem
