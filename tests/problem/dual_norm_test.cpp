#include <problem/dual_norm.hpp>

#include <gtest/gtest.h>
#include <Eigen/Core>

#include <limits>
#include <vector>

namespace geolip::problem {
namespace {

using Numbers = std::vector<double>;

TEST(DualNorm, IsTheNormOfTheOtherExponent) {
  const Numbers g{3.0, -4.0, 0.0};
  EXPECT_EQ(dual_norm(g, Norm::linf), 7.0);
  EXPECT_EQ(dual_norm(g, Norm::l2), 5.0);
  EXPECT_EQ(dual_norm(g, Norm::l1), 4.0);
  EXPECT_EQ(dual_norm(Eigen::Matrix2d{{1.0, 2.0}, {3.0, -4.0}}.row(1), Norm::l2), 5.0);
}

TEST(DualNorm, NeitherOverflowsNorUnderflows) {
  for (const double unit : {0x1p-1072, 0x1p-600, 0x1p+600, 0x1p+1020}) {
    const Numbers g{3.0 * unit, 4.0 * unit};
    EXPECT_EQ(dual_norm(g, Norm::linf), 7.0 * unit);
    EXPECT_EQ(dual_norm(g, Norm::l2), 5.0 * unit);
    EXPECT_EQ(dual_norm(g, Norm::l1), 4.0 * unit);
  }
}

TEST(DualNorm, PassesOnWhatIsNoNumber) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    EXPECT_EQ(dual_norm(Numbers{1.0, -infinity}, norm), infinity);
    EXPECT_TRUE(std::isnan(dual_norm(Numbers{std::numeric_limits<double>::quiet_NaN(), 1.0}, norm)));
    EXPECT_EQ(dual_norm(Numbers{0.0, 0.0}, norm), 0.0);
    EXPECT_EQ(dual_norm(Numbers{}, norm), 0.0);
  }
}

}  // namespace
}  // namespace geolip::problem
