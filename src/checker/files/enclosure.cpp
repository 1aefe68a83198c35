#include "checker/files/enclosure.hpp"

#include "checker/files/bytes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace geolip::checker {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
// Above it the residual of a product or a quotient is a double too, so that a residual of zero means exact.
constexpr double residuals_fit = 0x1p-900;

/// The neighbours of a rounded result; it is within half a unit of the true one, underflow included.
Enclosure around(double rounded) {
  return {std::nextafter(rounded, -infinity), std::nextafter(rounded, infinity)};
}

Enclosure sum(double a, double b) {
  const double s = a + b;
  const double of_b = s - a;
  const double error = (a - (s - of_b)) + (b - of_b);  // Knuth: exact, and without underflow
  return error == 0.0 ? point(s) : around(s);
}

Enclosure times(double a, double b) {
  const double p = a * b;
  if (a == 0.0 || b == 0.0) return point(p);
  return std::abs(p) > residuals_fit && std::fma(a, b, -p) == 0.0 ? point(p) : around(p);
}

Enclosure quotient(double a, double b) {
  const double q = a / b;
  if (a == 0.0) return point(q);
  const bool fits = std::abs(a) > residuals_fit && std::abs(q) > residuals_fit;
  return fits && std::fma(q, b, -a) == 0.0 ? point(q) : around(q);
}

Enclosure root(double a) {
  const double r = std::sqrt(a);
  if (a == 0.0) return point(r);
  return a > residuals_fit && std::fma(r, r, -a) == 0.0 ? point(r) : around(r);
}

/// The enclosure of what an operation makes of the ends.
Enclosure over_ends(Enclosure (*op)(double, double), const Enclosure& a, const Enclosure& b) {
  if (a.exact() && b.exact()) return op(a.lower, b.lower);
  Enclosure result{infinity, -infinity};
  for (const double x : {a.lower, a.upper}) {
    for (const double y : {b.lower, b.upper}) {
      const Enclosure e = op(x, y);
      if (std::isnan(e.lower) || std::isnan(e.upper)) return e;
      result.lower = std::min(result.lower, e.lower);
      result.upper = std::max(result.upper, e.upper);
    }
  }
  return result;
}

}  // namespace

Enclosure add(const Enclosure& a, const Enclosure& b) {
  if (a.exact() && b.exact()) return sum(a.lower, b.lower);
  return {sum(a.lower, b.lower).lower, sum(a.upper, b.upper).upper};
}

Enclosure multiply(const Enclosure& a, const Enclosure& b) { return over_ends(times, a, b); }

Enclosure divide(const Enclosure& a, const Enclosure& b) {
  if (b.lower <= 0.0 && b.upper >= 0.0) throw ReadError("a constant is divided by zero");
  return over_ends(quotient, a, b);
}

Enclosure square_root(const Enclosure& a) {
  if (!(a.lower >= 0.0)) throw ReadError("the square root of a negative constant is taken");
  if (a.exact()) return root(a.lower);
  return {std::max(0.0, root(a.lower).lower), root(a.upper).upper};
}

Enclosure absolute(const Enclosure& a) {
  if (a.lower >= 0.0) return a;
  if (a.upper <= 0.0) return negate(a);
  return {0.0, std::max(-a.lower, a.upper)};
}

}  // namespace geolip::checker
