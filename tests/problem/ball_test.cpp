// What the input moves in.
#include <problem/ball.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace geolip {
namespace {

using problem::Ball;
using problem::dual_norm;

TEST(Ball, HasADualNormOfItsCoordinatesAlone) {
  const std::vector<double> g{3.0, 0.0, -4.0};
  EXPECT_EQ(dual_norm(Ball{Norm::linf}, g), 7.0);
  EXPECT_EQ(dual_norm(Ball{Norm::l2}, g), 5.0);
  EXPECT_EQ(dual_norm(Ball{Norm::l1}, g), 4.0);
  EXPECT_EQ(dual_norm(Ball{Norm::l1, {0}}, g), 3.0);
  EXPECT_EQ(dual_norm(Ball{Norm::l1, {0, 1}}, g), 3.0);
  EXPECT_EQ(dual_norm(Ball{Norm::l1, {1}}, g), 0.0);
  EXPECT_TRUE(std::isnan(dual_norm(Ball{Norm::l1, {0, 1}}, {1.0, std::numeric_limits<double>::quiet_NaN()})));
}

TEST(Ball, IsJointWhereSeveralCoordinatesMove) {
  EXPECT_FALSE((Ball{Norm::l1, {2}}).is_joint());
  EXPECT_TRUE((Ball{Norm::l1, {2, 5}}).is_joint());
  EXPECT_EQ((Ball{Norm::l1, {2, 5}}).rows(9), 1);
  EXPECT_EQ(Ball{Norm::linf}.rows(9), 9);
}

}  // namespace
}  // namespace geolip
