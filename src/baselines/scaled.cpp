#include <baselines/scaled.hpp>

#include <network/at.hpp>

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

Scaled normalised(Scaled x) {
  if (x.value == 0.0 || !std::isfinite(x.value)) return x;
  int e = 0;
  x.value = std::frexp(x.value, &e);
  x.exponent += e;
  return x;
}

Scaled multiply_up(const Scaled& a, const Scaled& b) {
  const Scaled x = normalised(a);
  const Scaled y = normalised(b);
  return normalised({multiply_up(x.value, y.value), x.exponent + y.exponent});
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

double times_power(double x, std::int64_t exponent) {
  const auto shift = static_cast<int>(std::max(exponent, -exponent_limit));
  return std::copysign(std::max(std::abs(std::ldexp(x, shift)), smallest_entry), x);
}

ScaledMatrix scaled(Eigen::MatrixXd values) {
  const auto zeros = [](Eigen::Index n) { return std::vector<std::int64_t>(static_cast<std::size_t>(n), 0); };
  ScaledMatrix m{std::move(values), {}, {}};
  m.rows = zeros(m.values.rows());
  m.columns = zeros(m.values.cols());
  return m;
}

std::int64_t rescale(Eigen::MatrixXd& block, const std::vector<std::int64_t>& exponents) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
  std::int64_t top = none;
  for (Eigen::Index j = 0; j < block.cols(); ++j) {
    const double largest = block.col(j).cwiseAbs().maxCoeff();
    // what is no number stays as it is, and becomes a bound of infinity
    if (largest > 0.0 && std::isfinite(largest))
      top = std::max(top, std::ilogb(largest) + 1 + at(exponents, j));
  }
  if (top == none) return 0;
  for (Eigen::Index j = 0; j < block.cols(); ++j) {
    const std::int64_t shift = at(exponents, j) - top;
    if (shift == 0 && block.col(j).cwiseAbs().minCoeff() >= smallest_entry) continue;
    for (double& x : block.col(j)) {
      if (x != 0.0) x = times_power(x, shift);
    }
  }
  return top;
}

void absorb_columns(ScaledMatrix& m) {
  for (Eigen::Index i = 0; i < m.values.rows(); ++i) {
    Eigen::MatrixXd row = m.values.row(i);
    at(m.rows, i) += rescale(row, m.columns);
    m.values.row(i) = row;
  }
  m.columns.assign(m.columns.size(), 0);
}

void meet(ScaledMatrix& left, const ScaledMatrix& right) {
  for (std::size_t k = 0; k < right.rows.size(); ++k) left.columns[k] += right.rows[k];
  absorb_columns(left);
  left.columns = right.columns;
}

std::int64_t to_one_exponent(ScaledMatrix& m) {
  absorb_columns(m);
  Eigen::MatrixXd block = m.values.transpose();
  const std::int64_t exponent = rescale(block, m.rows);
  m.values = block.transpose();
  return exponent;
}

}  // namespace geolip::baselines
