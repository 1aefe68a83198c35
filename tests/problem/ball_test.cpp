// The dual norm of a gradient at the input.
#include <problem/ball.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace geolip {
namespace {

using problem::dual_norm;

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(DualNorm, IsTheSumTheLengthOrTheLargestSize) {
  const std::vector<double> g{3.0, 0.0, -4.0};
  EXPECT_EQ(dual_norm({Norm::linf}, g), 7.0);
  EXPECT_DOUBLE_EQ(dual_norm({Norm::l2}, g), 5.0);
  EXPECT_EQ(dual_norm({Norm::l1}, g), 4.0);
  EXPECT_EQ(dual_norm({Norm::l1, {0}}, g), 3.0);
  EXPECT_EQ(dual_norm({Norm::l1, {0, 1}}, g), 3.0);
  EXPECT_EQ(dual_norm({Norm::l1, {1}}, g), 0.0);
}

TEST(DualNorm, LosesNothingAtTheEndsOfTheRange) {
  for (const double size : {0x1p-1060, 0x1p-600, 0x1p600, 0x1p1020}) {
    EXPECT_DOUBLE_EQ(dual_norm({Norm::l2}, {3.0 * size, 4.0 * size}), 5.0 * size);
    EXPECT_DOUBLE_EQ(dual_norm({Norm::linf}, {3.0 * size, 4.0 * size}), 7.0 * size);
  }
}

TEST(DualNorm, SaysWhatIsNoNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    EXPECT_EQ(dual_norm({norm}, {0.0, 0.0}), 0.0);
    EXPECT_EQ(dual_norm({norm}, {1.0, -infinity}), infinity);
    EXPECT_TRUE(std::isnan(dual_norm({norm}, {1.0, nan, 2.0})));
    EXPECT_TRUE(std::isnan(dual_norm({norm}, {nan, infinity})));
  }
}

}  // namespace
}  // namespace geolip
