#include <solve/smallest_bound.hpp>

#include <checker/prove.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace geolip::solve {
namespace {

using checker::Real;

/// x = result.significand 2^result.exponent with 1/2 <= significand < 1
Real normalised(const Real& x) {
  int e = 0;
  const double fraction = std::frexp(x.significand, &e);
  return {fraction, x.exponent + e};
}

bool less(const Real& a, const Real& b) {
  return a.exponent != b.exponent ? a.exponent < b.exponent : a.significand < b.significand;
}

/// ldexp for exponents beyond int.
double scale(double x, std::int64_t e) {
  return std::ldexp(x, static_cast<int>(std::clamp<std::int64_t>(e, -5000, 5000)));
}

}  // namespace

double smallest_bound(checker::InputNorm norm, const Real& zeta, const std::vector<Real>& gamma) {
  if (gamma.empty()) return 0.0;
  std::vector<Real> terms;
  for (const Real& g : gamma) terms.push_back(normalised(g));
  const Real largest = *std::max_element(terms.begin(), terms.end(), less);
  // no bound follows from numbers that are not positive, and the search for one would not end
  const auto positive = [](const Real& x) { return x.significand > 0.0; };
  if (!positive(zeta) || !std::all_of(terms.begin(), terms.end(), positive)) {
    return std::numeric_limits<double>::infinity();
  }
  if (norm == checker::InputNorm::l1) terms = {largest};

  // A guess in floating point, then the neighbours one by one in exact arithmetic.
  double sum = 0.0;
  for (const Real& term : terms) sum += scale(term.significand, term.exponent - largest.exponent);
  const Real factor = normalised(zeta);
  std::int64_t e = factor.exponent + largest.exponent;
  double square = factor.significand * sum;
  if (e % 2 != 0) {
    square *= 2.0;
    --e;
  }
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double bound = scale(2.0 * std::sqrt(square), e / 2);
  while (std::isfinite(bound) && !checker::bound_covers_sum(bound, zeta, terms))
    bound = std::nextafter(bound, infinity);
  if (!std::isfinite(bound)) return infinity;
  while (bound > 0.0 && checker::bound_covers_sum(std::nextafter(bound, 0.0), zeta, terms)) {
    bound = std::nextafter(bound, 0.0);
  }
  return bound;
}

}  // namespace geolip::solve
