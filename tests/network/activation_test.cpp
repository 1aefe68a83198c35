// Slope intervals, values and derivatives of every activation.
#include <geolip/error.hpp>
#include <geolip/network.hpp>
#include <support/messages.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace geolip {
namespace {

struct Case {
  std::string name;
  Activation activation;
  std::vector<double> kinks;
};

Activation with(ActivationKind kind, double alpha, double beta = 0.0) {
  Activation activation;
  activation.kind = kind;
  activation.alpha = alpha;
  activation.beta = beta;
  return activation;
}

std::vector<Case> all_cases() {
  using enum ActivationKind;
  const double inf = std::numeric_limits<double>::infinity();
  std::vector<Case> cases;
  const auto add = [&](const char* name, const Activation& activation, std::vector<double> kinks) {
    cases.push_back({name, activation, std::move(kinks)});
  };
  for (const char* name :
       {"identity", "sigmoid", "tanh", "softplus", "gelu", "gelu_tanh", "silu", "mish", "softsign"}) {
    add(name, activation_from_name(name), {});
  }
  for (const char* name : {"relu", "leaky_relu", "elu", "selu", "celu"})
    add(name, activation_from_name(name), {0});
  add("leaky_negative", with(leaky_relu, -0.5), {0});
  add("leaky_steep", with(leaky_relu, 1.5), {0});
  Activation one_slope = with(prelu, 0.0);
  one_slope.slopes.push_back(0.3);
  add("prelu", one_slope, {0});
  add("elu_steep", with(elu, 2.0), {0});
  add("elu_flat", with(elu, 0.5), {0});
  add("elu_negative", with(elu, -0.75), {0});
  add("selu_flat", with(selu, 0.5, 1.5), {0});
  add("selu_negative_alpha", with(selu, -0.5, 1.5), {0});
  add("selu_negative_gamma", with(selu, 1.25, -0.5), {0});
  add("hard_sigmoid", make_activation(hard_sigmoid), {-2.5, 2.5});
  add("hard_sigmoid_falling", with(hard_sigmoid, -0.5, 0.5), {-1, 1});
  add("hard_swish", make_activation(hard_swish), {-3, 3});
  add("celu_steep", with(celu, 0.25), {0});
  add("celu_flat", with(celu, 3.0), {0});
  add("clip", make_activation(clip), {-1, 1});
  add("clip_above", with(clip, -inf, 3.0), {3});
  add("clip_below", with(clip, 0.0, inf), {0});
  add("clip_empty", with(clip, 1.0, -1.0), {});
  return cases;
}

class Activations : public testing::TestWithParam<Case> {
 protected:
  const Activation& activation() const { return GetParam().activation; }
  double value(double x) const { return activation_value(activation(), 0, x); }
  double derivative(double x) const { return activation_derivative(activation(), 0, x); }
  SlopeInterval interval() const { return slope_interval(activation(), 0); }
};

TEST_P(Activations, QuotientsLieInTheInterval) {
  const SlopeInterval slope = interval();
  std::vector<double> grid;
  for (int i = -250; i <= 250; ++i) grid.push_back(0.04 * i + 0.001);
  for (const double kink : GetParam().kinks) grid.push_back(kink);
  std::sort(grid.begin(), grid.end());
  std::vector<double> f;
  for (const double x : grid) f.push_back(value(x));
  constexpr double eps = std::numeric_limits<double>::epsilon();
  for (std::size_t i = 0; i < grid.size(); ++i) {
    for (std::size_t j = i + 1; j < grid.size(); ++j) {
      const double run = grid[j] - grid[i];
      const double quotient = (f[j] - f[i]) / run;
      // library functions are good to a few units of their result
      const double rounding = 8.0 * eps * (1.0 + (std::abs(f[i]) + std::abs(f[j])) / run);
      ASSERT_GE(quotient, slope.lower - rounding) << grid[i] << " " << grid[j];
      ASSERT_LE(quotient, slope.upper + rounding) << grid[i] << " " << grid[j];
    }
  }
}

TEST_P(Activations, DerivativesReachBothEndsAndNoFurther) {
  // an end that is only a limit, at infinity or beside a kink, is reached to 1e-6 too
  const SlopeInterval slope = interval();
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  const auto look = [&](double x) {
    least = std::min(least, derivative(x));
    most = std::max(most, derivative(x));
  };
  for (int i = -40000; i <= 40000; ++i) look(5e-4 * i);
  look(-1e6);
  look(1e6);
  for (const double kink : GetParam().kinks) {
    look(kink - 1e-9);
    look(kink + 1e-9);
  }
  EXPECT_NEAR(least, slope.lower, 1e-6);
  EXPECT_NEAR(most, slope.upper, 1e-6);
  EXPECT_GE(least, slope.lower - 4e-16);
  EXPECT_LE(most, slope.upper + 4e-16);
}

TEST_P(Activations, DerivativeIsThatOfTheValue) {
  constexpr double step = 1e-5;
  for (int i = -300; i <= 300; ++i) {
    const double x = 0.03 * i + 0.0123;
    const auto& kinks = GetParam().kinks;
    if (std::any_of(kinks.begin(), kinks.end(), [&](double k) { return std::abs(x - k) <= 2.0 * step; }))
      continue;
    // truncation step^2 |f'''| / 6 and rounding eps |f| / step
    ASSERT_NEAR(derivative(x), (value(x + step) - value(x - step)) / (2.0 * step), 1e-9) << "at " << x;
  }
}

TEST_P(Activations, FarOutNothingOverflows) {
  for (const double x : {-1e308, -1e4, -800.0, 800.0, 1e4, 1e100}) {
    EXPECT_FALSE(std::isnan(value(x))) << x;
    EXPECT_TRUE(std::isfinite(derivative(x))) << x;
    EXPECT_GE(derivative(x), interval().lower) << x;
    EXPECT_LE(derivative(x), interval().upper) << x;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Activations, testing::ValuesIn(all_cases()),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(ActivationNames, LeadBothWays) {
  for (const char* name :
       {"identity", "relu", "leaky_relu", "sigmoid", "tanh", "elu", "selu", "softplus", "hard_sigmoid",
        "clip", "gelu", "gelu_tanh", "silu", "hard_swish", "mish", "celu", "softsign"}) {
    EXPECT_EQ(to_string(activation_from_name(name).kind), name);
  }
  EXPECT_EQ(to_string(ActivationKind::prelu), "prelu");
  const std::string known =
      " is not known (identity, relu, leaky_relu, sigmoid, tanh, elu, selu, softplus, hard_sigmoid, clip, "
      "gelu, "
      "gelu_tanh, silu, hard_swish, mish, celu, softsign)";
  EXPECT_EQ(test::message_of<QueryError>([] { activation_from_name("prelu"); }),
            "activation 'prelu'" + known);
  EXPECT_EQ(test::message_of<QueryError>([] { activation_from_name("snake"); }),
            "activation 'snake'" + known);
}

TEST(PRelu, HasASlopeForEachNeuron) {
  const Activation prelu{ActivationKind::prelu, 0.0, 0.0, {0.5, 2.0}};
  EXPECT_EQ(activation_value(prelu, 0, -4.0), -2.0);
  EXPECT_EQ(activation_value(prelu, 1, -4.0), -8.0);
  EXPECT_EQ(slope_interval(prelu, 0).lower, 0.5);
  EXPECT_EQ(slope_interval(prelu, 1).upper, 2.0);
}

}  // namespace
}  // namespace geolip
