/// \file
/// What one ascent and its certificate are about.
#pragma once

#include <problem/ball.hpp>
#include <problem/row.hpp>

namespace geolip::problem {

/// An objective row at the output (or the whole vector), the ball that the input moves in, and a slope set. A joint
/// problem of l_1 has the square of the largest value among its coordinates as its objective.
struct Problem {
  Ball ball;
  bool vector = false;  ///< |F V|^2 instead of <e, u'V>
  Row row;              ///< u; none for vector
  Index slope_set = 0;  ///< which set of LayerSlopes
};

}  // namespace geolip::problem
