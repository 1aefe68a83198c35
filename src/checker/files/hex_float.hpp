/// \file
/// Exact numbers as text: C99's hexadecimal floating point, with any exponent.
#pragma once

#include "checker/real.hpp"

#include <string>
#include <string_view>

namespace geolip::checker {

/// Reads "0x1.8p+3", "-0x.cp4", "0x0p+0": lower case, an exponent, at most 53 significant bits and an
/// exponent of at most 2^40 in size. Throws ReadError, with the text, for anything else.
Real parse_hex(std::string_view text);

/// The same for a number that must be a double.
double parse_hex_double(std::string_view text);

/// The shortest such text, "0x1.8p+3"; significands that are no finite double have none.
std::string hex_text(const Real& value);

}  // namespace geolip::checker
