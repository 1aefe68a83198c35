/// \file
/// What the input moves in.
#pragma once

#include <geolip/query.hpp>

#include <vector>

namespace geolip::problem {

/// The unit ball of a norm at the input. That of l_1 is the hull of the unit vectors of the coordinates, which are
/// taken one by one, or several of them together (docs/method.md, (M34)).
struct Ball {
  Norm norm = Norm::l2;
  std::vector<Index> coordinates = {};  ///< l_1: those that the problem is about; else empty

  /// Whether the problem is about several coordinates of l_1 and the largest of their values.
  bool is_joint() const { return coordinates.size() > 1; }
  /// Rows of the input's unit vectors X, of which each coordinate of l_1 has one of its own.
  Index rows(Index inputs) const { return norm == Norm::l1 ? 1 : inputs; }
};

/// max <g, x> over the ball, the dual norm of a gradient (dual_norm.hpp); for l_1 among the ball's coordinates, all where
/// it names none.
double dual_norm(const Ball& ball, const std::vector<double>& g);

}  // namespace geolip::problem
