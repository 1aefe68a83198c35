/// \file
/// The input block of l_2, where a problem's columns are one vector: its update from two sums over all rows.
#pragma once

#include <kernels/row_math.hpp>

namespace geolip::kernels {

/// |G|^2 and <G, s> of a problem.
struct BallSums {
  double square = 0.0;
  double product = 0.0;

  GEOLIP_HD void add(const BallSums& other) {
    square += other.square;
    product += other.product;
  }
};

/// s = g_scale G;  s_hat = hat_now s + hat_old s_old. All zero where |G| is: the old point stays.
template <class T>
struct BallWeights {
  T g_scale;
  T hat_now;
  T hat_old;
};

/// Weights of the normalised extrapolation s + beta (s - s_old), for unit s_old.
template <class T>
GEOLIP_HD inline BallWeights<T> ball_weights(const BallSums& sums, double beta) {
  const double norm = std::sqrt(sums.square);
  if (!(norm > static_cast<double>(tiny<T>()))) return {T(0), T(0), T(0)};
  // |s + beta (s - s_old)|^2 for unit s, s_old with <s, s_old> = p
  const double p = sums.product / norm;
  const double square = (1.0 + beta) * (1.0 + beta) + beta * beta - 2.0 * beta * (1.0 + beta) * p;
  const double scale = 1.0 / std::sqrt(square);
  return {static_cast<T>(1.0 / norm), static_cast<T>((1.0 + beta) * scale), static_cast<T>(-beta * scale)};
}

}  // namespace geolip::kernels
