// Layers so wide that they are eliminated by the few columns of their form.
#include <certificate/form.hpp>
#include <geolip/estimate.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

namespace geolip {
namespace {

constexpr Index width = 4200;

Settings quick() {
  Settings settings;
  settings.gap = 1e-4;
  settings.threads = 2;
  settings.verify = Verify::off;
  return settings;
}

Activation leaky() { return Activation(ActivationKind::leaky_relu, 0.5); }

TEST(WideLayers, AreEliminatedByColumns) {
  EXPECT_TRUE(certificate::by_columns(width, 10, false));
  EXPECT_FALSE(certificate::by_columns(width, 10, true));
  EXPECT_FALSE(certificate::by_columns(width, width / 2, false));
  EXPECT_FALSE(certificate::by_columns(1000, 1, false));
}

/// Half of the neurons see w x, half of them -w x, and the output is their mean: with slopes in [a, 1] the
/// constant is |w| (1 - a) / 2, and the relaxation of this network is exact.
TEST(WideLayers, HaveTheKnownConstant) {
  for (const bool is_leaky : {false, true}) {
    Network network(3);
    Dense first{Matrix(width, 3), {}};
    Dense last{Matrix(1, width), {}};
    for (Index i = 0; i < width; ++i) {
      const double sign = i % 2 == 0 ? 1.0 : -1.0;
      first.weight(i, 0) = sign;
      first.weight(i, 1) = 2.0 * sign;
      first.weight(i, 2) = -2.0 * sign;
      last.weight(0, i) = 1.0 / static_cast<double>(width);
    }
    network.add({"first", first});
    network.add({"act", is_leaky ? leaky() : Activation(ActivationKind::relu)});
    network.add({"last", last});
    const Result result = estimate(network, {Norm::l2, {Objective::output(0)}}, quick());
    const double expected = is_leaky ? 0.75 : 1.5;
    EXPECT_GE(result.bounds[0].upper, expected * (1.0 - 1e-9));
    EXPECT_LE(result.bounds[0].upper, expected * (1.0 + 2e-4));
    EXPECT_LE(result.bounds[0].lower, expected * (1.0 + 1e-9));
  }
}

/// The ascent's value bounds the relaxation from below: a certificate within the gap of it is neither loose
/// nor wrong.
TEST(WideLayers, MeetTheAscent) {
  test::Random random(71);
  for (const Activation& activation : {Activation(ActivationKind::relu), leaky()}) {
    const Network network = test::random_network(random, {6, width, 3}, activation);
    for (const Norm norm : {Norm::linf, Norm::l2}) {
      Query query{norm, {Objective::output(0)}};
      if (norm == Norm::l2) query.objectives.push_back(Objective::vector());
      const Result result = estimate(network, query, quick());
      for (const Bound& bound : result.bounds) {
        EXPECT_EQ(bound.status, Status::certified);
        EXPECT_LE(bound.relaxation, bound.upper);
        EXPECT_LE(bound.lower, bound.relaxation);
      }
    }
  }
}

}  // namespace
}  // namespace geolip
