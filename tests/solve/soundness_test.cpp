// Queries that invite a number that is no bound: nearly linear neurons, inputs without effect.
#include <geolip/estimate.hpp>
#include <support/enumeration.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace geolip {
namespace {

using test::Random;

Bound solve(const Network& network, Norm norm, const Objective& objective, const Settings& settings = {}) {
  return estimate(network, {norm, {objective}}, settings).bounds.front();
}

/// lower <= FGL <= upper, with the definition's own rounding.
void expect_encloses(const Bound& bound, double fgl, double tolerance = 1e-12) {
  EXPECT_LE(bound.lower, fgl * (1.0 + tolerance));
  EXPECT_GE(bound.upper, fgl * (1.0 - tolerance));
  EXPECT_LE(bound.relaxation, bound.upper);
}

TEST(NearlyLinear, SlopesThatDifferByLittleKeepTheirBounds) {
  for (const double width : {1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-14, 1e-15}) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      SCOPED_TRACE("width " + std::to_string(width) + " seed " + std::to_string(seed));
      Random random(seed);
      const Activation leaky(ActivationKind::leaky_relu, 1.0 - width);
      const Network network = test::random_network(random, {4, 5, 4, 2}, leaky);
      for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
        const Bound bound = solve(network, norm, Objective::output(0));
        expect_encloses(bound, test::enumerate_fgl(network, norm, Objective::output(0)));
        EXPECT_NE(bound.status, Status::limit);
      }
    }
  }
}

TEST(CoordinatesOfL1, NeuronsOutOfReachOfAnInputCostItNothing) {
  // as in convolutions: most neurons are out of the reach of any one input
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Network plain = test::random_network(random, {6, 6, 6, 2});
    const Network network = test::edited(plain, [](Index, Matrix& w) {
      for (Index i = 0; i < w.rows; ++i) {
        for (Index j = 0; j < w.cols; ++j) {
          if (w.rows == w.cols && std::abs(i - j) > 1) w(i, j) = 0.0;
        }
      }
    });
    for (const Index output : {Index{0}, Index{1}}) {
      const Bound bound = solve(network, Norm::l1, Objective::output(output));
      expect_encloses(bound, test::enumerate_fgl(network, Norm::l1, Objective::output(output)));
      EXPECT_EQ(bound.status, Status::verified);
      EXPECT_LT(bound.iterations, 3000);
    }
  }
}

TEST(CoordinatesOfL1, InputsThatTheOutputDoesNotSeeAreNotLookedAt) {
  // output k sees input k alone, and the first look is at others
  Network network(6);
  Matrix identity(6, 6);
  for (Index i = 0; i < 6; ++i) identity(i, i) = 1.0;
  network.add({"first", Dense{identity, {}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"last", Dense{identity, {}}});
  for (const Index k : {Index{0}, Index{5}}) {
    const Bound bound = solve(network, Norm::l1, Objective::output(k));
    expect_encloses(bound, 1.0);
    EXPECT_EQ(bound.status, Status::verified);
    EXPECT_GE(bound.lower, 0.999);
  }
}

TEST(CoordinatesOfL1, OneWithoutAWayToTheOutputIsNotWaitedFor) {
  // the largest column of the first map belongs to an input whose neuron feeds nothing
  Random random(2);
  const Network plain = test::random_network(random, {3, 6, 4, 1});
  const Network network = test::edited(plain, [](Index k, Matrix& w) {
    for (Index i = 0; i < w.rows; ++i) {
      if (k == 0) w(i, 0) = i == 2 ? 100.0 : 0.0;
      if (k == 0 && i == 2) w(i, 1) = w(i, 2) = 0.0;
      if (k == 1) w(i, 2) = 0.0;
    }
  });
  const Bound bound = solve(network, Norm::l1, Objective::output(0));
  expect_encloses(bound, test::enumerate_fgl(network, Norm::l1, Objective::output(0)));
  EXPECT_NE(bound.status, Status::limit);
  EXPECT_LT(bound.iterations, 2000);
}

}  // namespace
}  // namespace geolip
