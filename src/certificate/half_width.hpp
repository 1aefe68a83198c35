/// \file
/// Half widths as the certificate sees them.
#pragma once

#include <problem/slopes.hpp>

#include <cmath>

namespace geolip::certificate {

/// Half width of a slope interval, a little wider where it is small against the centre c. Multipliers grow
/// like 1/h, and with them the terms of Y - X' K^-1 X, whose difference does not: its relative rounding is
/// about eps / h. sqrt(h^2 + d^2) is wider than h by about d^2 / 2h, which covers that. A certificate for the
/// wider interval is one for the narrower. Exactly 0 stays 0: such neurons are folded.
inline double certified_half_width(const problem::LayerSlopes& slopes, Index i, Index set) {
  constexpr double small_share = 1e-2;
  constexpr double widening = 2e-7;
  const double h = slopes.half_width(i, set);
  const double c = std::abs(slopes.centre(i, set));
  return h > 0.0 && h < small_share * c ? std::hypot(h, widening * c) : h;
}

}  // namespace geolip::certificate
