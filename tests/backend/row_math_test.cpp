// The arithmetic that host and device share.
#include <kernels/row_math.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace geolip::kernels {
namespace {

TEST(Momentum, FollowsNesterovWhileTheObjectiveRises) {
  Momentum m;
  for (int t = 1; t <= 20; ++t) {
    update_momentum(m, 1.0 + t, 0.0);
    EXPECT_EQ(m.t, t);
    EXPECT_EQ(m.previous, 1.0 + t);
    EXPECT_DOUBLE_EQ(m.beta, (t - 1.0) / (t + 2.0));
  }
}

TEST(Momentum, RestartsOnAFall) {
  Momentum m;
  for (const double value : {1.0, 2.0, 3.0}) update_momentum(m, value, 0.0);
  EXPECT_GT(m.beta, 0.0);
  update_momentum(m, 2.5, 0.0);
  EXPECT_EQ(m.t, 1.0);
  EXPECT_EQ(m.beta, 0.0);
  update_momentum(m, 2.6, 0.0);
  EXPECT_EQ(m.beta, 0.25);
}

TEST(Momentum, OverlooksAFallWithinTheTolerance) {
  Momentum m;
  update_momentum(m, 1.0, 0.01);
  update_momentum(m, 0.995, 0.01);
  EXPECT_EQ(m.t, 2.0);
  update_momentum(m, 0.98, 0.01);
  EXPECT_EQ(m.t, 1.0);
}

TEST(SafeRatio, HasNoDirectionAtZero) {
  EXPECT_EQ(safe_ratio(3.0, 0.0), 0.0);
  EXPECT_EQ(safe_ratio(3.0F, 0.0F), 0.0F);
  EXPECT_EQ(safe_ratio(3.0, 1e-160), 0.0);
  EXPECT_EQ(safe_ratio(3.0, 2.0), 1.5);
  EXPECT_EQ(safe_ratio(3.0F, 2.0F), 1.5F);
}

TEST(Mix, IsSplitMix64) {
  // the first outputs of the published generator from states 0 and 1234567
  EXPECT_EQ(mix(0), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(mix(1234567), 6457827717110365317ULL);
}

TEST(Normal, HasTheMomentsOfItsName) {
  // standard errors of n samples: mean 1/sqrt(n), variance sqrt(2/n), fourth moment sqrt(96/n); five of each
  constexpr int n = 200000;
  double mean = 0.0;
  double square = 0.0;
  double fourth = 0.0;
  double neighbours = 0.0;
  double before = normal(3, 4, n);
  for (std::uint64_t i = 0; i < n; ++i) {
    const double x = normal(3, 4, i);
    ASSERT_TRUE(std::isfinite(x));
    mean += x / n;
    square += x * x / n;
    fourth += x * x * x * x / n;
    neighbours += x * before / n;
    before = x;
  }
  const double root = std::sqrt(static_cast<double>(n));
  EXPECT_NEAR(mean, 0.0, 5.0 / root);
  EXPECT_NEAR(square, 1.0, 5.0 * std::sqrt(2.0) / root);
  EXPECT_NEAR(fourth, 3.0, 5.0 * std::sqrt(96.0) / root);
  EXPECT_NEAR(neighbours, 0.0, 5.0 / root);
}

TEST(Normal, DependsOnSeedStreamAndIndexAlone) {
  std::set<double> seen;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    for (std::uint64_t stream = 0; stream < 8; ++stream) {
      for (std::uint64_t index = 0; index < 8; ++index) {
        EXPECT_EQ(normal(seed, stream, index), normal(seed, stream, index));
        seen.insert(normal(seed, stream, index));
      }
    }
  }
  EXPECT_EQ(seen.size(), 512U);
}

TEST(Normal, IsBoxMullerOnTwoCounters) {
  const std::uint64_t key = mix(7 ^ mix(5));
  for (const std::uint64_t index : {0U, 10U, 11U}) {
    const double u = (static_cast<double>(mix(key + 2 * index) >> 11) + 0.5) / 9007199254740992.0;
    const double v = (static_cast<double>(mix(key + 2 * index + 1) >> 11) + 0.5) / 9007199254740992.0;
    const double radius = std::sqrt(-2.0 * std::log(u));
    EXPECT_NEAR(normal(7, 5, index), radius * std::cos(2.0 * std::acos(-1.0) * v), 1e-14);
  }
}

TEST(Noise, HasMeanZeroAndVarianceOneInEveryStream) {
  constexpr std::uint64_t count = 20000;
  for (const std::uint64_t stream : {0U, 1U, 77U}) {
    const std::uint64_t key = stream_key(3, stream);
    double sum = 0.0;
    double squares = 0.0;
    double neighbours = 0.0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const double x = noise(key, i);
      ASSERT_LT(std::abs(x), 1.7320509);
      sum += x;
      squares += x * x;
      neighbours += x * noise(key, i + 1);
    }
    // four standard deviations: of x 1, of x^2 sqrt(4/5), of a product 1
    const double n = static_cast<double>(count);
    EXPECT_LT(std::abs(sum / n), 4.0 / std::sqrt(n));
    EXPECT_LT(std::abs(squares / n - 1.0), 3.6 / std::sqrt(n));
    EXPECT_LT(std::abs(neighbours / n), 4.0 / std::sqrt(n));
  }
  EXPECT_NE(noise(stream_key(3, 0), 0), noise(stream_key(3, 1), 0));
}

}  // namespace
}  // namespace geolip::kernels
