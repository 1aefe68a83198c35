#include "baselines/scaled.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace geolip::baselines {
namespace {

// Beyond these powers of two every double has overflowed or underflowed.
constexpr std::int64_t exponent_limit = 5000;

}  // namespace

double up(double x) { return x == 0.0 ? x : std::nextafter(x, std::numeric_limits<double>::infinity()); }

double multiply_up(double a, double b) {
  if (a == 0.0 || b == 0.0) return 0.0;
  return std::nextafter(a * b, std::numeric_limits<double>::infinity());
}

double inflate(double x, double roundings) { return multiply_up(x, up(1.0 + up(roundings * unit_roundoff))); }

Scaled multiply_up(const Scaled& a, const Scaled& b) {
  Scaled c{multiply_up(a.value, b.value), a.exponent + b.exponent};
  if (c.value == 0.0 || !std::isfinite(c.value)) return c;
  int e = 0;
  c.value = std::frexp(c.value, &e);
  c.exponent += e;
  return c;
}

double to_double_up(const Scaled& a) {
  if (std::isnan(a.value)) return std::numeric_limits<double>::infinity();
  if (a.value == 0.0) return 0.0;
  const auto e = static_cast<int>(std::clamp(a.exponent, -exponent_limit, exponent_limit));
  // ldexp rounds only where it underflows; the next double covers that, and an exact zero is none.
  const double x = std::ldexp(a.value, e);
  return x >= std::numeric_limits<double>::min() ? x
                                                 : std::nextafter(x, std::numeric_limits<double>::infinity());
}

int largest_exponent(const Eigen::Ref<const Eigen::MatrixXd>& m) {
  const double largest = m.size() == 0 ? 0.0 : m.cwiseAbs().maxCoeff();
  if (largest == 0.0 || !std::isfinite(largest)) return 0;
  int e = 0;
  std::frexp(largest, &e);
  return e;
}

void scale_by_power(Eigen::Ref<Eigen::MatrixXd> m, int e) {
  if (e == 0) return;
  // In two steps: 2^e itself may be out of range.
  m *= std::ldexp(1.0, e / 2);
  m *= std::ldexp(1.0, e - e / 2);
}

void raise_tiny(Eigen::Ref<Eigen::MatrixXd> m) {
  m = m.unaryExpr([](double x) {
    return x != 0.0 && std::abs(x) < smallest_entry ? std::copysign(smallest_entry, x) : x;
  });
}

void normalise(ScaledRows& rows) {
  for (Eigen::Index i = 0; i < rows.values.rows(); ++i) {
    Eigen::MatrixXd row = rows.values.row(i);
    const int e = largest_exponent(row);
    scale_by_power(row, -e);
    raise_tiny(row);
    rows.values.row(i) = row;
    rows.exponents[static_cast<std::size_t>(i)] += e;
  }
}

}  // namespace geolip::baselines
