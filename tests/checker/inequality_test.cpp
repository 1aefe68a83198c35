#include <checker/exact.hpp>
#include <checker/prove.hpp>
#include <solve/smallest_bound.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <limits>

#include <cmath>

namespace geolip::checker {

using solve::smallest_bound;
namespace {

using geolip::test::Random;

bool exactly(double bound, const Real& zeta, const std::vector<Real>& gamma) {
  test::Rational sum = 0;
  for (const Real& g : gamma) sum += test::rational(g);
  return test::Rational(bound) * test::Rational(bound) >= 4 * test::rational(zeta) * sum;
}

TEST(BoundCoversSum, IsExactToTheLastBit) {
  Random random(41);
  int yes = 0;
  int no = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    const int spread = trial % 2 == 0 ? 3 : 300;
    std::vector<Real> gamma(static_cast<std::size_t>(random.integer(1, 8)));
    for (Real& g : gamma) g = {0.5 + random.uniform(), random.integer(-spread, spread)};
    const Real zeta{0.5 + random.uniform(), random.integer(-spread, spread)};
    double bound = test::least_bound(InputNorm::linf, {zeta, gamma, {}});
    for (const double b : {bound, std::nextafter(bound, 0.0), std::nextafter(bound, 1e300),
                           bound * random.uniform(0.1, 3.0)}) {
      const bool expected = exactly(b, zeta, gamma);
      (expected ? yes : no) += 1;
      ASSERT_EQ(bound_covers_sum(b, zeta, gamma), expected);
    }
    ASSERT_TRUE(bound_covers_sum(bound, zeta, gamma));
    ASSERT_FALSE(bound_covers_sum(std::nextafter(bound, 0.0), zeta, gamma));
  }
  EXPECT_GE(yes, 1000);
  EXPECT_GE(no, 1000);
}

TEST(BoundCoversSum, KnowsEqualityFromTheSmallestExcess) {
  const Real zeta{1.0, -2};  // 4 zeta = 1
  EXPECT_TRUE(bound_covers_sum(3.0, zeta, {{4.0, 0}, {5.0, 0}}));
  EXPECT_FALSE(bound_covers_sum(3.0, zeta, {{4.0, 0}, {5.0, 0}, {1.0, -5000}}));
  EXPECT_FALSE(bound_covers_sum(3.0, zeta, {{1.0, -(std::int64_t{1} << 40)}, {9.0, 0}}));
  EXPECT_TRUE(bound_covers_sum(3.0, zeta, {{1.0, -(std::int64_t{1} << 40)}, {9.0 - 0x1p-49, 0}}));
  EXPECT_FALSE(bound_covers_sum(3.0, zeta, {{1.0, std::int64_t{1} << 40}}));
  EXPECT_FALSE(bound_covers_sum(1e300, {1.0, std::int64_t{1} << 40}, {{1.0, 0}}));
  EXPECT_TRUE(bound_covers_sum(0x1p-1074, {1.0, -(std::int64_t{1} << 40)}, {{1.0, std::int64_t{1} << 39}}));
  EXPECT_FALSE(bound_covers_sum(0x1p-1074, {1.0, -(std::int64_t{1} << 40)}, {{1.0, std::int64_t{1} << 40}}));
  EXPECT_TRUE(bound_covers_sum(2.0, {1.0, -(std::int64_t{1} << 40)}, {{1.0, std::int64_t{1} << 40}}));
  EXPECT_FALSE(bound_covers_sum(0.0, zeta, {{1.0, -(std::int64_t{1} << 40)}}));
}

/// Terms that all but cancel the bound, in descending steps of every size.
TEST(BoundCoversSum, FollowsLongChainsOfTerms) {
  std::vector<Real> gamma;
  for (int i = 1; i <= 600; ++i) gamma.push_back({1.0, -i});
  const Real zeta{1.0, -2};
  EXPECT_TRUE(bound_covers_sum(1.0, zeta, gamma));  // 1 - 2^-600
  gamma.push_back({1.0, -600});
  EXPECT_TRUE(bound_covers_sum(1.0, zeta, gamma));  // 1
  gamma.push_back({1.0, -1000000});
  EXPECT_FALSE(bound_covers_sum(1.0, zeta, gamma));
}

TEST(SmallestBound, OfNumbersThatAreNotPositiveIsNone) {
  for (const InputNorm norm : {InputNorm::linf, InputNorm::l2, InputNorm::l1}) {
    EXPECT_EQ(smallest_bound(norm, {0.35, 0}, {{0.0, 0}}), std::numeric_limits<double>::infinity());
    EXPECT_EQ(smallest_bound(norm, {0.0, 0}, {{0.35, 0}}), std::numeric_limits<double>::infinity());
  }
}

}  // namespace
}  // namespace geolip::checker
