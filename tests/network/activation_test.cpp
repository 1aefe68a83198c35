// Slope intervals, values and derivatives of every activation.
#include <geolip/error.hpp>
#include <geolip/network.hpp>
#include <support/messages.hpp>
#include <support/random_networks.hpp>

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
  add("leaky_negative", Activation(leaky_relu, -0.5), {0});
  add("leaky_steep", Activation(leaky_relu, 1.5), {0});
  add("prelu", Activation::prelu({0.3}), {0});
  add("elu_steep", Activation(elu, 2.0), {0});
  add("elu_flat", Activation(elu, 0.5), {0});
  add("elu_negative", Activation(elu, -0.75), {0});
  add("selu_flat", Activation(selu, 0.5, 1.5), {0});
  add("selu_negative_alpha", Activation(selu, -0.5, 1.5), {0});
  add("selu_negative_gamma", Activation(selu, 1.25, -0.5), {0});
  add("hard_sigmoid", Activation(hard_sigmoid), {-2.5, 2.5});
  add("hard_sigmoid_falling", Activation(hard_sigmoid, -0.5, 0.5), {-1, 1});
  add("hard_swish", Activation(hard_swish), {-3, 3});
  add("celu_steep", Activation(celu, 0.25), {0});
  add("celu_flat", Activation(celu, 3.0), {0});
  add("clip", Activation(clip), {-1, 1});
  add("clip_above", Activation(clip, -inf, 3.0), {3});
  add("clip_below", Activation(clip, 0.0, inf), {0});
  add("clip_empty", Activation(clip, 1.0, -1.0), {});
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

/// An activation with parameters of any sign and size that its kind allows.
Activation random_activation(test::Random& random, ActivationKind kind) {
  using enum ActivationKind;
  const auto any = [&] {
    if (random.chance(0.1)) return 0.0;
    const double size = std::pow(10.0, 12.0 * random.normal() / 3.0);
    return random.chance(0.5) ? size : -size;
  };
  switch (kind) {
    case leaky_relu:
    case elu:
      return Activation(kind, any());
    case celu:
      return Activation(kind, std::abs(any()) + 1e-12);
    case prelu:
      return Activation::prelu({any()});
    case selu:
    case hard_sigmoid:
    case clip: {
      const double alpha = any();
      return Activation(kind, alpha, any());
    }
    default:
      return Activation(kind);
  }
}

TEST(SlopesOfRandomParameters, HoldEveryDifferenceQuotient) {
  using enum ActivationKind;
  constexpr double eps = std::numeric_limits<double>::epsilon();
  test::Random random(1);
  for (int draw = 0; draw < 400; ++draw) {
    for (const ActivationKind kind : {leaky_relu, prelu, elu, selu, hard_sigmoid, clip, celu}) {
      const Activation a = random_activation(random, kind);
      const SlopeInterval slope = slope_interval(a, 0);
      ASSERT_LE(slope.lower, slope.upper);
      std::vector<double> places{0.0};  // kinks, or where the function bends
      if (kind == celu) places.push_back(-a.alpha());
      if (kind == clip) places.insert(places.end(), {a.alpha(), a.beta()});
      if (kind == hard_sigmoid && a.alpha() != 0.0)
        places.insert(places.end(), {-a.beta() / a.alpha(), (1.0 - a.beta()) / a.alpha()});
      std::vector<double> points;
      for (const double place : places) {
        for (const double away : {1e-9, 1e-3, 1.0, 30.0, 1e5, 1e15}) {
          for (const double sign : {-1.0, 1.0})
            points.push_back(place + sign * away * (1.0 + std::abs(random.normal())));
        }
        points.push_back(place);
      }
      // library functions, and products and sums before a clamp, are good to a few units of what enters them
      const auto error = [&](double x) {
        const double inner = kind == hard_sigmoid ? std::abs(a.alpha() * x) + std::abs(a.beta()) : 0.0;
        return 8.0 * eps * (std::abs(activation_value(a, 0, x)) + inner);
      };
      for (const double x : points) {
        for (const double y : points) {
          if (!(x < y)) continue;
          const double rise = activation_value(a, 0, y) - activation_value(a, 0, x);
          const double allowed = error(x) + error(y);
          const double run = y - x;
          ASSERT_GE(rise, slope.lower * run * (1.0 - 4.0 * eps) - allowed)
              << to_string(kind) << "(" << a.alpha() << ", " << a.beta() << ") at " << x << " " << y;
          ASSERT_LE(rise, slope.upper * run * (1.0 + 4.0 * eps) + allowed)
              << to_string(kind) << "(" << a.alpha() << ", " << a.beta() << ") at " << x << " " << y;
        }
      }
    }
  }
}

TEST(SlopesOfSelu, AreNotZeroWhereTheirProductUnderflows) {
  const SlopeInterval slope = slope_interval(Activation(ActivationKind::selu, -1e-200, 1e-200), 0);
  EXPECT_LT(slope.lower, 0.0);
  EXPECT_EQ(slope.upper, 1e-200);
}

TEST(ActivationParameters, AreThoseOfTheKind) {
  using enum ActivationKind;
  EXPECT_EQ(Activation(leaky_relu).alpha(), 0.01);
  EXPECT_EQ(Activation(hard_sigmoid).beta(), 0.5);
  const auto refusal = [](auto... arguments) {
    return test::message_of<NetworkError>([&] { Activation(arguments...); });
  };
  EXPECT_EQ(refusal(prelu), "prelu: its slopes have no defaults");
  EXPECT_EQ(refusal(relu, 0.1), "relu: it takes 0 parameters but has 1");
  EXPECT_EQ(refusal(prelu, 0.1), "prelu: it takes 0 parameters but has 1");
  EXPECT_EQ(refusal(selu, 1.0), "selu: it takes 2 parameters but has 1");
  EXPECT_EQ(refusal(elu, 1.0, 1.0), "elu: it takes 1 parameters but has 2");
  EXPECT_EQ(refusal(static_cast<ActivationKind>(99)), "activation of unknown kind");
}

TEST(ActivationParameters, GiveAFunctionOfFiniteSlopes) {
  using enum ActivationKind;
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refusal = [](auto... arguments) {
    return test::message_of<NetworkError>([&] { Activation(arguments...); });
  };
  for (const double bad : {inf, -inf, nan}) {
    EXPECT_EQ(refusal(leaky_relu, bad), "leaky_relu: a parameter is not finite");
    EXPECT_EQ(refusal(elu, bad), "elu: a parameter is not finite");
    EXPECT_EQ(refusal(selu, bad, 1.0), "selu: a parameter is not finite");
    EXPECT_EQ(refusal(selu, 1.0, bad), "selu: a parameter is not finite");
    EXPECT_EQ(refusal(hard_sigmoid, 0.2, bad), "hard_sigmoid: a parameter is not finite");
    EXPECT_EQ(refusal(celu, bad), "celu: a parameter is not finite");
    EXPECT_EQ(test::message_of<NetworkError>([&] {
                Activation::prelu({1.0, bad});
              }),
              "prelu: slope 1 is not finite");
  }
  // |f(-21) - f(-20)| is 8e8 for alpha -1
  for (const double bad : {-1.0, 0.0}) EXPECT_EQ(refusal(celu, bad), "celu: alpha is not above 0");
  for (const double bad : {inf, nan})
    EXPECT_EQ(refusal(clip, bad, 1.0), "clip: the lower end is no number below infinity");
  for (const double bad : {-inf, nan})
    EXPECT_EQ(refusal(clip, 0.0, bad), "clip: the upper end is no number above minus infinity");
  EXPECT_EQ(refusal(selu, 1e200, 1e200), "selu: its slope alpha beta is not finite");
}

TEST(ActivationNames, LeadBothWays) {
  for (const char* name :
       {"identity", "relu", "leaky_relu", "sigmoid", "tanh", "elu", "selu", "softplus", "hard_sigmoid",
        "clip", "gelu", "gelu_tanh", "silu", "hard_swish", "mish", "celu", "softsign"}) {
    EXPECT_EQ(to_string(activation_from_name(name).kind()), name);
  }
  EXPECT_EQ(to_string(ActivationKind::prelu), "prelu");
  const std::string known =
      " is not known (identity, relu, leaky_relu, sigmoid, tanh, elu, selu, softplus, hard_sigmoid, clip, "
      "gelu, gelu_tanh, silu, hard_swish, mish, celu, softsign)";
  EXPECT_EQ(test::message_of<QueryError>([] { activation_from_name("prelu"); }),
            "activation 'prelu'" + known);
  EXPECT_EQ(test::message_of<QueryError>([] { activation_from_name("snake"); }),
            "activation 'snake'" + known);
}

TEST(PRelu, HasASlopeForEachNeuron) {
  const Activation prelu = Activation::prelu({0.5, 2.0});
  EXPECT_EQ(activation_value(prelu, 0, -4.0), -2.0);
  EXPECT_EQ(activation_value(prelu, 1, -4.0), -8.0);
  EXPECT_EQ(slope_interval(prelu, 0).lower, 0.5);
  EXPECT_EQ(slope_interval(prelu, 1).upper, 2.0);
}

}  // namespace
}  // namespace geolip
