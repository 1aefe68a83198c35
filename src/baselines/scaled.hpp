/// \file
/// Numbers and matrices that carry a power of two, so that long products neither overflow nor underflow,
/// and the rounding upwards that goes with them.
#pragma once

#include <Eigen/Core>

#include <network/at.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace geolip::baselines {

/// Half of the distance from 1 to the next double: the relative error of one rounding.
inline constexpr double unit_roundoff = 0x1p-53;

/// The smallest entry other than zero in a normalised row: products of two such entries do not underflow.
inline constexpr double smallest_entry = 0x1p-500;

/// The next larger double; zero and infinity stay.
double up(double x);
/// a * b for a, b >= 0, rounded up.
double multiply_up(double a, double b);
/// An upper bound of x (1 + roundings * unit_roundoff) for x >= 0.
double inflate(double x, double roundings);

/// The number value * 2^exponent, value >= 0.
struct Scaled {
  double value = 1.0;
  std::int64_t exponent = 0;
};

/// x with a value in [1/2, 1), unless it is zero or no number.
Scaled normalised(Scaled x);

/// x 2^exponent for a positive or negative x and an exponent that makes it smaller; at least smallest_entry in
/// size.
double times_power(double x, std::int64_t exponent);

/// a * b, rounded up.
Scaled multiply_up(const Scaled& a, const Scaled& b);
/// The number as a double, rounded up; infinity for what is no number.
double to_double_up(const Scaled& a);

/// A matrix with entries values(i, j) * 2^(rows[i] + columns[j]).
struct ScaledMatrix {
  Eigen::MatrixXd values;
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> columns;
};

/// The same numbers with exponents of zero.
ScaledMatrix scaled(Eigen::MatrixXd values);

/// Multiplies the columns of a block by 2^exponents[j] and the whole by the power of two that brings its
/// largest entry to [1/2, 1), and returns the negative of that power's exponent. Exact, but that entries
/// between zero and smallest_entry are raised to it: a bound on sizes stays one, and what is not zero does not
/// become zero.
std::int64_t rescale(Eigen::MatrixXd& block, const std::vector<std::int64_t>& exponents);

/// Takes the exponents of the columns into the rows, whose largest entries come to [1/2, 1) as in rescale().
void absorb_columns(ScaledMatrix& m);

/// Makes left.values ready for a product with right.values, which then has left's rows and right's columns.
void meet(ScaledMatrix& left, const ScaledMatrix& right);

/// Takes all exponents together in one, which is returned.
std::int64_t to_one_exponent(ScaledMatrix& m);

/// The matrix of numbers entry(i, j), with exponents for which no row and no column is smaller than need be.
template <class Entry>
ScaledMatrix balanced(Eigen::Index rows, Eigen::Index columns, const Entry& entry) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
  ScaledMatrix m{Eigen::MatrixXd(rows, columns),
                 std::vector<std::int64_t>(static_cast<std::size_t>(rows), none),
                 std::vector<std::int64_t>(static_cast<std::size_t>(columns), none)};
  const auto for_each = [&](const auto& visit) {
    for (Eigen::Index j = 0; j < columns; ++j) {
      for (Eigen::Index i = 0; i < rows; ++i) visit(i, j, at(m.rows, i), at(m.columns, j));
    }
  };
  for_each([&](Eigen::Index i, Eigen::Index j, std::int64_t& row, std::int64_t) {
    const Scaled x = normalised(entry(i, j));
    m.values(i, j) = x.value;
    if (x.value != 0.0) row = std::max(row, x.exponent);
  });
  for (std::int64_t& e : m.rows) e = e == none ? 0 : e;
  for_each([&](Eigen::Index i, Eigen::Index j, std::int64_t row, std::int64_t& column) {
    if (m.values(i, j) != 0.0) column = std::max(column, normalised(entry(i, j)).exponent - row);
  });
  for (std::int64_t& e : m.columns) e = e == none ? 0 : e;
  for_each([&](Eigen::Index i, Eigen::Index j, std::int64_t row, std::int64_t column) {
    double& x = m.values(i, j);
    if (x != 0.0) x = times_power(x, normalised(entry(i, j)).exponent - row - column);
  });
  return m;
}

}  // namespace geolip::baselines
