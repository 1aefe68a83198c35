/// \file
/// Numbers whose exponent has no limits.
#pragma once

#include <cstdint>

namespace geolip::checker {

/// significand * 2^exponent, exactly. Multipliers of networks with extreme weights leave the range of double,
/// and an inexact multiplier would be another one.
struct Real {
  double significand = 0.0;   ///< finite
  std::int64_t exponent = 0;  ///< |exponent| <= 2^40
};

}  // namespace geolip::checker
