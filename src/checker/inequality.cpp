#include "checker/inequality.hpp"

#include <gmpxx.h>
#include <algorithm>
#include <cmath>

namespace geolip::checker {

namespace {

/// n * 2^e with an integer n of at most 53 bits.
struct Scaled {
  mpz_class n;
  std::int64_t e = 0;
};

Scaled scaled(const Real& x) {
  int e = 0;
  const double fraction = std::frexp(x.significand, &e);  // x = fraction 2^e
  return {mpz_class(std::ldexp(fraction, 53)), e - 53 + x.exponent};
}

}  // namespace

/// Terms are subtracted from bound^2 from the largest down. Exponents may lie 2^41 apart, so the numbers are
/// never aligned over a gap that already decides.
bool bound_covers_sum(double bound, const Real& zeta, const std::vector<Real>& gamma) {
  if (gamma.empty()) return true;
  if (bound == 0.0) return false;
  const Scaled factor = scaled(zeta);
  std::vector<Scaled> terms;
  for (const Real& g : gamma) {
    const Scaled s = scaled(g);
    terms.push_back({factor.n * s.n, factor.e + s.e + 2});  // 2^104 <= n < 2^106
  }
  std::sort(terms.begin(), terms.end(), [](const Scaled& a, const Scaled& b) { return a.e > b.e; });

  const Scaled root = scaled({bound, 0});
  mpz_class rest =
      root.n * root.n;  // bound^2 less the terms so far, in units of 2^unit; 2^104 <= rest < 2^106
  std::int64_t unit = 2 * root.e;
  if (terms.front().e > unit + 2) return false;  // 2^104 2^(unit+3) > bound^2
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (rest <= 0) return false;  // there is a term left, and it is above 0
    const auto left = static_cast<double>(terms.size() - i);
    const auto bits = 106 + static_cast<std::int64_t>(std::ceil(std::log2(left))) + 1;
    if (terms[i].e + bits <= unit)
      return true;  // all that is left is below one unit, and rest is at least one
    if (terms[i].e < unit) {
      rest <<= static_cast<mp_bitcnt_t>(unit - terms[i].e);  // fewer than `bits`
      unit = terms[i].e;
    }
    rest -= terms[i].n << static_cast<mp_bitcnt_t>(terms[i].e - unit);
  }
  return rest >= 0;
}

}  // namespace geolip::checker
