#include <geolip/baselines.hpp>
#include <geolip/error.hpp>

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include <support/enumeration.hpp>
#include <support/random_networks.hpp>

namespace geolip {
namespace {

using test::enumerate_fgl;
using ::testing::ElementsAre;

constexpr double rounding = 1e-10;

Matrix matrix(Index rows, Index cols, std::vector<double> data) {
  Matrix m(rows, cols);
  m.data = std::move(data);
  return m;
}

/// 2-2-2 with ReLU: W1 = (3 0; 0 4), F = (1 -1; 1 1).
Network hand_network() {
  Network network(2);
  network.add({"w1", Dense{matrix(2, 2, {3, 0, 0, 4}), {}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"f", Dense{matrix(2, 2, {1, -1, 1, 1}), {}}});
  return network;
}

/// `bound` is `exact` or a little more.
void expect_just_above(double bound, double exact) {
  EXPECT_GE(bound, exact);
  EXPECT_LE(bound, exact * (1.0 + rounding));
}

TEST(ProductBound, MatchesHandComputedValues) {
  const Network network = hand_network();
  // linf: |(1 -1)| diag(3, 4) has sum 7; the norms give 2 * 4 = 8.
  expect_just_above(product_bound(network, Norm::linf, Objective::output(0)), 7.0);
  // l2: (3, 4) has norm 5; the norms give sqrt(2) * 4 = 5.66.
  expect_just_above(product_bound(network, Norm::l2, Objective::output(0)), 5.0);
  // l1: the largest of (3, 4).
  expect_just_above(product_bound(network, Norm::l1, Objective::output(0)), 4.0);
  // margin: (0 -2), so 8 in every norm.
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    expect_just_above(product_bound(network, norm, Objective::margin(0, 1)), 8.0);
  }
  // <(2, 3), f>: the row is (5, 1), times diag(3, 4) (15, 4).
  expect_just_above(product_bound(network, Norm::l1, Objective::weighted({2, 3})), 15.0);
  // vector, linf: the larger row, 7 and 7; l2: sqrt(2) * 4 against || (3 4; 3 4) || = sqrt(50).
  expect_just_above(product_bound(network, Norm::linf, Objective::vector()), 7.0);
  expect_just_above(product_bound(network, Norm::l2, Objective::vector()), std::sqrt(32.0));
}

TEST(ProductBound, OfALinearNetworkIsItsNorm) {
  Network network(2);
  network.add({"w", Dense{matrix(2, 2, {1, 2, 3, -4}), {}}});
  expect_just_above(product_bound(network, Norm::linf, Objective::output(1)), 7.0);
  expect_just_above(product_bound(network, Norm::l2, Objective::output(1)), 5.0);
  expect_just_above(product_bound(network, Norm::l1, Objective::output(1)), 4.0);
  const Network none(3);  // no layer at all
  expect_just_above(product_bound(none, Norm::l2, Objective::vector()), 1.0);
  expect_just_above(product_bound(none, Norm::linf, Objective::margin(0, 2)), 2.0);
}

TEST(ProductBound, OfANetworkOfZerosIsZero) {
  Network network(2);
  network.add({"w1", Dense{matrix(2, 2, {1, 2, 3, 4}), {}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"f", Dense{Matrix(2, 2), {}}});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    EXPECT_EQ(product_bound(network, norm, Objective::output(0)), 0.0);
  }
  EXPECT_EQ(product_bound(network, Norm::l2, Objective::vector()), 0.0);
}

TEST(ProductBound, StaysAboveTheConstantOutsideTheDoubleRange) {
  for (const double size : {1e-200, 1e200}) {
    Network network(1);
    network.add({"w1", Dense{matrix(1, 1, {size}), {}}});
    network.add({"relu", Activation(ActivationKind::relu)});
    network.add({"f", Dense{matrix(1, 1, {size}), {}}});
    for (const Objective& objective : {Objective::output(0), Objective::vector()}) {
      const double bound = product_bound(network, Norm::l2, objective);
      EXPECT_EQ(bound, size < 1.0 ? std::numeric_limits<double>::denorm_min()
                                  : std::numeric_limits<double>::infinity());
    }
  }
}

TEST(ProductBound, CancelsLargeAgainstSmallFactors) {
  Network network(1);
  double sign = 1.0;
  for (int k = 0; k < 6; ++k) {
    network.add({"w", Dense{matrix(1, 1, {sign > 0 ? 1e300 : 1e-300}), {}}});
    network.add({"relu", Activation(ActivationKind::relu)});
    sign = -sign;
  }
  EXPECT_NEAR(product_bound(network, Norm::l2, Objective::output(0)), 1.0, 1e-9);
  EXPECT_NEAR(product_bound(network, Norm::linf, Objective::vector()), 1.0, 1e-9);
}

/// Layers of every kind in every place, and slopes outside [0, 1].
Network mixed_network(test::Random& random) {
  const auto numbers = [&](std::size_t n) {
    std::vector<double> x(n);
    for (double& v : x) v = random.normal();
    return x;
  };
  const Activation prelu = Activation::prelu({-2.0, 1.5, 0.25, -0.5});
  Network network(3);
  network.add({"norm", Affine{numbers(3), numbers(3)}});
  network.add({"mix", Permutation{{2, 0, 1}}});
  network.add({"w1", Dense{matrix(4, 3, numbers(12)), numbers(4)}});
  network.add({"bn", Affine{numbers(4), numbers(4)}});
  network.add({"turn", Permutation{{3, 1, 0, 2}}});
  network.add({"prelu", prelu});
  network.add({"bn2", Affine{numbers(4), {}}});
  network.add({"w2", Dense{matrix(3, 4, numbers(12)), numbers(3)}});
  network.add({"gelu", Activation(ActivationKind::gelu)});
  network.add({"w3", Dense{matrix(2, 3, numbers(6)), numbers(2)}});
  network.add({"w4", Dense{matrix(3, 2, numbers(6)), numbers(3)}});
  network.add({"out", Affine{numbers(3), numbers(3)}});
  network.add({"swap", Permutation{{1, 2, 0}}});
  return network;
}

std::vector<Objective> some_objectives(Norm norm) {
  std::vector<Objective> objectives{Objective::output(0), Objective::margin(2, 1), Objective::margin(0, 1),
                                    Objective::weighted({0.5, -2.0, 1.0})};
  if (norm != Norm::l1) objectives.push_back(Objective::vector());
  return objectives;
}

/// gradient <= FGL <= product for every objective.
void expect_order(const Network& network, Norm norm, const std::vector<Objective>& objectives,
                  const Matrix& inputs) {
  const std::vector<double> upper = product_bounds(network, norm, objectives);
  const std::vector<double> lower = gradient_bounds(network, norm, objectives, inputs);
  for (std::size_t b = 0; b < objectives.size(); ++b) {
    const double fgl = enumerate_fgl(network, norm, objectives[b]);
    SCOPED_TRACE(to_string(objectives[b]) + " in " + std::string(to_string(norm)));
    EXPECT_GE(upper[b], fgl * (1.0 - 1e-14));
    EXPECT_LE(lower[b], fgl * (1.0 + 1e-12));
    EXPECT_GT(lower[b], 0.0);
    EXPECT_EQ(product_bound(network, norm, objectives[b]), upper[b]);
    EXPECT_EQ(gradient_bound(network, norm, objectives[b], inputs), lower[b]);
  }
}

/// 1-2-1 with ReLU.
Network two_ways(std::vector<double> first, std::vector<double> last) {
  Network network(1);
  network.add({"w", Dense{matrix(2, 1, std::move(first)), {}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"f", Dense{matrix(1, 2, std::move(last)), {}}});
  return network;
}

TEST(ProductBound, KeepsTheSizesOfOutputsApart) {
  const std::vector<double> sizes{1e250, 1e-77, 1e-300, 4.0 * std::numeric_limits<double>::denorm_min()};
  Network dense(1);
  dense.add({"w", Dense{matrix(4, 1, sizes), {}}});
  Network affine(4);
  affine.add({"scale", Affine{sizes, {}}});
  Network before(4);
  before.add({"scale", Affine{sizes, {}}});
  before.add({"relu", Activation(ActivationKind::relu)});
  for (const Network* network : {&dense, &affine, &before}) {
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      for (Index k = 0; k < 4; ++k) {
        const double bound = product_bound(*network, norm, Objective::output(k));
        const double exact = sizes[static_cast<std::size_t>(k)];
        EXPECT_GE(bound, exact);
        EXPECT_LE(bound, std::nextafter(exact * (1.0 + rounding), 1e300));
      }
    }
  }
}

TEST(ProductBound, FollowsFactorsThatMakeUpForEachOther) {
  // each way gives 1, and both together 2
  const Network network = two_ways({1e170, 1e-170}, {1e-170, 1e170});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1})
    expect_just_above(product_bound(network, norm, Objective::output(0)), 2.0);
  Network thrice(1);
  thrice.add({"first", Affine{{1e-200}, {}}});
  for (const double w : {1e-200, 1e300}) thrice.add({"w", Dense{matrix(1, 1, {w}), {}}});
  thrice.add({"relu", Activation(ActivationKind::relu)});
  thrice.add({"last", Affine{{1e200}, {}}});
  thrice.add({"f", Dense{matrix(1, 1, {1e-100}), {}}});
  expect_just_above(product_bound(thrice, Norm::l2, Objective::output(0)), 1.0);
}

TEST(ProductBound, OfAVectorSeesItsSmallRows) {
  Network network(2);
  network.add({"w", Dense{matrix(2, 2, {0, 0, 0, 1e-77}), {}}});
  expect_just_above(product_bound(network, Norm::l2, Objective::vector()), 1e-77);
  expect_just_above(product_bound(network, Norm::linf, Objective::vector()), 1e-77);
}

TEST(Baselines, EncloseTheEnumeratedConstantOfMixedNetworks) {
  test::Random random(7);
  for (int repeat = 0; repeat < 10; ++repeat) {
    const Network network = mixed_network(random);
    const Matrix inputs = random_inputs(300, 3, 11);
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      expect_order(network, norm, some_objectives(norm), inputs);
    }
  }
}

TEST(Baselines, EncloseTheEnumeratedConstantForEveryActivation) {
  test::Random random(3);
  for (const auto kind :
       {ActivationKind::identity, ActivationKind::relu, ActivationKind::leaky_relu, ActivationKind::sigmoid,
        ActivationKind::tanh, ActivationKind::elu, ActivationKind::selu, ActivationKind::softplus,
        ActivationKind::hard_sigmoid, ActivationKind::clip, ActivationKind::gelu, ActivationKind::silu}) {
    SCOPED_TRACE(to_string(kind));
    const Network network = test::random_biased_network(random, {3, 4, 4, 3}, Activation(kind));
    const Matrix inputs = random_inputs(300, 3, 5);
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      expect_order(network, norm, some_objectives(norm), inputs);
    }
  }
}

TEST(ProductBound, CoversAnActivationAtTheEnd) {
  test::Random random(5);
  Network network = test::random_biased_network(random, {3, 4, 3}, Activation(ActivationKind::relu));
  network.add({"last", Activation(ActivationKind::sigmoid)});
  network.add({"scale", Affine{{2.0, -3.0, 0.5}, {}}});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    expect_order(network, norm, some_objectives(norm), random_inputs(200, 3, 1));
  }
}

TEST(ProductBound, CoversAnActivationAtTheBeginning) {
  Network network(3);
  network.add({"first", Activation(ActivationKind::silu)});
  network.add({"w", Dense{matrix(3, 3, {1, 2, 3, 4, -5, 6, 7, 8, -9}), {}}});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    expect_order(network, norm, some_objectives(norm), random_inputs(200, 3, 1));
  }
}

TEST(ProductBound, UsesTheSlopesOfTheObjective) {
  test::Random random(9);
  const Network network = test::random_biased_network(random, {3, 4, 4, 3}, Activation(ActivationKind::relu));
  SlopeOverride slopes;
  slopes.layers = {{{0, 1}, {0, 0}, {1, 1}, {-2, 0.5}}, {{0, 0}, {0, 3}, {1, 1}, {0, 1}}};
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    std::vector<Objective> objectives = some_objectives(norm);
    for (Objective& objective : objectives) objective.slopes = slopes;
    objectives.push_back(Objective::output(1));  // and one with the network's own among them
    const std::vector<double> bounds = product_bounds(network, norm, objectives);
    for (std::size_t b = 0; b < objectives.size(); ++b) {
      EXPECT_GE(bounds[b], enumerate_fgl(network, norm, objectives[b]) * (1.0 - 1e-14));
    }
  }
  Objective dead = Objective::output(0);
  dead.slopes = SlopeOverride{{std::vector<SlopeInterval>(4, {0, 0}), std::vector<SlopeInterval>(4, {0, 1})}};
  EXPECT_EQ(product_bound(network, Norm::l2, dead), 0.0);
}

TEST(ProductBound, RefusesWhatDoesNotFit) {
  const Network network = hand_network();
  EXPECT_THROW(product_bound(network, Norm::l1, Objective::vector()), QueryError);
  EXPECT_THROW(product_bound(network, Norm::l2, Objective::output(2)), QueryError);
  EXPECT_THROW(product_bound(network, Norm::l2, Objective::margin(0, -1)), QueryError);
  EXPECT_THROW(product_bound(network, Norm::l2, Objective::weighted({1})), QueryError);
  Objective objective = Objective::output(0);
  objective.slopes = SlopeOverride{};
  EXPECT_THROW(product_bound(network, Norm::l2, objective), QueryError);
  objective.slopes = SlopeOverride{{{{0, 1}}}};
  EXPECT_THROW(product_bound(network, Norm::l2, objective), QueryError);
  objective.slopes = SlopeOverride{{{{0, 1}, {0, 1}}, {{0, 1}, {0, 1}}}};
  EXPECT_THROW(product_bound(network, Norm::l2, objective), QueryError);
  objective.slopes = SlopeOverride{{{{0, 1}, {1, 0}}}};
  EXPECT_THROW(product_bound(network, Norm::l2, objective), QueryError);
}

TEST(ProductBound, KeepsTheOrderOfTheObjectives) {
  const Network network = hand_network();
  const std::vector<double> bounds = product_bounds(
      network, Norm::linf, {Objective::margin(0, 1), Objective::vector(), Objective::output(0)});
  EXPECT_THAT(bounds, ElementsAre(product_bound(network, Norm::linf, Objective::margin(0, 1)),
                                  product_bound(network, Norm::linf, Objective::vector()),
                                  product_bound(network, Norm::linf, Objective::output(0))));
}

}  // namespace
}  // namespace geolip
