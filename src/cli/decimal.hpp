/// \file
/// Printed numbers that are still bounds.
#pragma once

#include <string>

namespace geolip::cli {

enum class Round { down, up };

/// x with `digits` significant digits (at least 1), rounded in the given direction on its exact decimal
/// expansion: read as a decimal number, the text is never on the wrong side of x. Fixed notation from 1e-4
/// up to `digits` digits before the point, else with an exponent; "0", "inf", "-inf", "nan".
std::string decimal(double x, int digits, Round round);

/// As decimal(), always with an exponent ("8.1e-05"), zero apart.
std::string decimal_exponent(double x, int digits, Round round);

/// x with a number of digits behind the point, rounded to nearest.
std::string fixed(double x, int digits);

/// The shortest text that reads back as x, as a person would write it: "1e-4", "0.5", "60".
std::string shortest(double x);

}  // namespace geolip::cli
