#include "checker/files/slopes.hpp"

#include <geolip/network.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace geolip::checker {
namespace {

/// Difference quotients of the function itself lie in the interval, and some come close to its ends.
void expect_tight(const std::string& name, const Activation& activation, const Enclosure& slopes) {
  double least = 1e9;
  double most = -1e9;
  constexpr double step = 1e-3;
  for (int i = -20000; i < 20000; ++i) {
    const double x = i * step;
    const double quotient =
        (activation_value(activation, 0, x + step) - activation_value(activation, 0, x)) / step;
    least = std::min(least, quotient);
    most = std::max(most, quotient);
  }
  constexpr double rounding = 1e-11;  // of a difference of numbers up to 20, divided by the step
  EXPECT_GE(least, slopes.lower - rounding) << name;
  EXPECT_LE(most, slopes.upper + rounding) << name;
  constexpr double bend = 2e-3;  // of a derivative within a step, for slopes up to 3
  EXPECT_LE(least, slopes.lower + bend) << name;
  EXPECT_GE(most, slopes.upper - bend) << name;
}

TEST(CheckersSlopes, HoldAllDifferenceQuotients) {
  for (const char* name :
       {"identity", "relu", "leaky_relu", "sigmoid", "tanh", "elu", "selu", "softplus", "hard_sigmoid",
        "clip", "gelu", "gelu_tanh", "silu", "hard_swish", "mish", "celu"}) {
    expect_tight(name, activation_from_name(name), default_slopes(name).value());
  }
}

TEST(CheckersSlopes, OfSoftsignAreReachedFarOut) {
  const Activation softsign = make_activation(ActivationKind::softsign);
  EXPECT_EQ(default_slopes("softsign")->lower, 0.0);
  EXPECT_EQ(default_slopes("softsign")->upper, 1.0);
  EXPECT_GT(activation_derivative(softsign, 0, 1e-6), 0.99999);
  EXPECT_LT(activation_derivative(softsign, 0, -1e6), 1e-11);
}

TEST(CheckersSlopes, FollowTheParameters) {
  for (const double alpha : {-0.5, 0.0, 0.5, 2.0}) {
    expect_tight("elu", Activation(ActivationKind::elu, alpha), elu_slopes(alpha));
    for (const double gamma : {-1.5, 0.5}) {
      const Activation selu(ActivationKind::selu, alpha, gamma);
      expect_tight("selu", selu, selu_slopes(alpha, gamma));
    }
    const Activation leaky(ActivationKind::leaky_relu, alpha);
    expect_tight("leaky_relu", leaky, leaky_slopes(point(alpha)));
    const Activation hard(ActivationKind::hard_sigmoid, alpha, 0.5);
    expect_tight("hard_sigmoid", hard, hard_sigmoid_slopes(alpha));
  }
  EXPECT_EQ(clip_slopes(1.0, 1.0).upper, 0.0);
  EXPECT_EQ(clip_slopes(2.0, 1.0).upper, 0.0);
  EXPECT_EQ(clip_slopes(0.0, 6.0).upper, 1.0);
}

TEST(CheckersSlopes, AreNotInventedForUnknownNames) {
  EXPECT_FALSE(default_slopes("prelu").has_value());
  EXPECT_FALSE(default_slopes("Relu").has_value());
  EXPECT_FALSE(default_slopes("").has_value());
}

}  // namespace
}  // namespace geolip::checker
