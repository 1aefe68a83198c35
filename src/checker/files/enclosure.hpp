/// \file
/// Numbers known up to their last digit: the arithmetic of constants in a file.
#pragma once

namespace geolip::checker {

/// A number in [lower, upper]; exact where both are the same. The operations round outwards where the result
/// is no double, and give infinities or NaN where it is out of range: whoever stores a result looks.
struct Enclosure {
  double lower = 0.0;
  double upper = 0.0;

  bool exact() const { return lower == upper; }
};

/// The enclosure of one double.
inline Enclosure point(double x) { return {x, x}; }

Enclosure add(const Enclosure& a, const Enclosure& b);
Enclosure multiply(const Enclosure& a, const Enclosure& b);
/// Throws ReadError if b holds zero.
Enclosure divide(const Enclosure& a, const Enclosure& b);
/// Throws ReadError if a holds a negative number.
Enclosure square_root(const Enclosure& a);
inline Enclosure negate(const Enclosure& a) { return {-a.upper, -a.lower}; }
Enclosure absolute(const Enclosure& a);

}  // namespace geolip::checker
