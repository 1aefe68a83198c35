/// \file
/// Numbers and matrices that carry a power of two, so that long products neither overflow nor underflow,
/// and the rounding upwards that goes with them.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <vector>

namespace geolip::baselines {

/// Half of the distance from 1 to the next double: the relative error of one rounding.
inline constexpr double unit_roundoff = 0x1p-53;

/// The smallest entry other than zero in a normalised matrix: products of two such entries do not underflow.
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

/// a * b, rounded up.
Scaled multiply_up(const Scaled& a, const Scaled& b);
/// The number as a double, rounded up; infinity for what is no number.
double to_double_up(const Scaled& a);

/// The e for which |m|'s largest entry lies in [2^(e-1), 2^e); 0 for a matrix of zeros.
int largest_exponent(const Eigen::Ref<const Eigen::MatrixXd>& m);
/// m <- m * 2^e, exactly up to underflow.
void scale_by_power(Eigen::Ref<Eigen::MatrixXd> m, int e);

/// Raises every |entry| between zero and smallest_entry to smallest_entry: in a matrix of magnitudes that
/// keeps a bound a bound, while a zero stays a zero.
void raise_tiny(Eigen::Ref<Eigen::MatrixXd> m);

/// Rows of nonnegative numbers, row i standing for values.row(i) * 2^exponents[i].
struct ScaledRows {
  Eigen::MatrixXd values;
  std::vector<std::int64_t> exponents;
};

/// Brings the largest entry of each row that is not zero to [1/2, 1), and raises tiny entries.
void normalise(ScaledRows& rows);

}  // namespace geolip::baselines
