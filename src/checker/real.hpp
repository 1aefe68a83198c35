/// \file
/// Numbers whose exponent has no limits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace geolip::checker {

/// significand * 2^exponent, exactly. Multipliers of networks with extreme weights leave the range of double,
/// and an inexact multiplier would be another one.
struct Real {
  double significand = 0.0;   ///< finite
  std::int64_t exponent = 0;  ///< |exponent| <= 2^40
};

/// Reads "0x1.8p+3", "-0x.cp4", "0x0p+0": lower case, an exponent, at most 53 significant bits and an
/// exponent of at most 2^40 in size. Throws ReadError, with the text, for anything else.
Real parse_hex(std::string_view text);

/// The same for a number that must be a double.
double parse_hex_double(std::string_view text);

}  // namespace geolip::checker
