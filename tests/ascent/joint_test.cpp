// Joint problems of l_1: several coordinates, one set of multipliers.
#include <certificate/certificate.hpp>
#include <support/enumeration.hpp>
#include <support/prepared.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace geolip {
namespace {

using ascent::Ascent;
using ascent::SweepNorms;
using problem::Problem;
using test::Prepared;
using test::Random;

constexpr Index inputs = 6;
constexpr int enough_sweeps = 3000;

Network some_network() {
  Random random(41);
  return test::random_network(random, {inputs, 8, 7, 3});
}

/// The value of one coordinate.
double alone(ascent::Model<double>& model, Problem problem, Index coordinate) {
  problem.ball.coordinates = {coordinate};
  Ascent<double> ascent(model, {problem}, {0}, 8, 1);
  for (int i = 0; i < enough_sweeps; ++i) ascent.sweep();
  return ascent.values().front();
}

Ascent<double> together(ascent::Model<double>& model, Problem problem, std::vector<Index> coordinates,
                        Index each) {
  const Index columns = each * static_cast<Index>(coordinates.size());
  problem.ball.coordinates = std::move(coordinates);
  Ascent<double> ascent(model, {problem}, {0}, columns, 1);
  for (int i = 0; i < enough_sweeps; ++i) ascent.sweep();
  return ascent;
}

TEST(JointProblem, OfOneCoordinateTwiceHasItsValue) {
  const Network network = some_network();
  const Prepared setup(network);
  auto model = setup.model<double>();
  const Problem problem = test::row_problem({0.5, -1.0, 2.0}, {Norm::l1});
  for (const Index j : {0, 3}) {
    const double joint = std::sqrt(together(model, problem, {j, j}, 8).values().front());
    EXPECT_NEAR(joint, alone(model, problem, j), 1e-6 * joint);
  }
}

TEST(JointProblem, ItsMultipliersBoundAllItsCoordinates) {
  const Network network = some_network();
  const Prepared setup(network);
  auto model = setup.model<double>();
  const Problem problem = test::row_problem({0.5, -1.0, 2.0}, {Norm::l1});
  const std::vector<Index> coordinates{0, 2, 3, 5};
  Ascent<double> ascent = together(model, problem, coordinates, 4);
  SweepNorms raw = ascent.norms().front();
  // the ascent is about the square
  const double value = std::sqrt(raw.value);
  for (std::vector<double>& layer : raw.g) {
    for (double& g : layer) g /= 2.0 * value;
  }
  raw.value = value;
  raw.input = {value};
  certificate::BlockCertifier certifier(*setup.backend, model.maps, setup.slopes);
  const auto certificate =
      certifier.certify(problem, certificate::make_multipliers(raw, setup.slopes, problem), 1e-5);
  ASSERT_TRUE(certificate.has_value());
  double largest_alone = 0.0;
  double largest_bound = 0.0;
  for (const Index j : coordinates) {
    const double bound = at(certificate->coordinates, j);
    const double own = alone(model, problem, j);
    EXPECT_GE(bound, own * (1.0 - 1e-9));
    largest_alone = std::max(largest_alone, own);
    largest_bound = std::max(largest_bound, bound);
  }
  // duality: the largest bound meets the value, and that lies above the largest coordinate's own, not far
  EXPECT_NEAR(largest_bound, value, 1e-3 * value);
  EXPECT_GE(value, largest_alone * (1.0 - 1e-6));
  EXPECT_LE(value, 2.0 * largest_alone);
}

TEST(JointProblem, IsAloneInItsState) {
  const Network network = some_network();
  const Prepared setup(network);
  auto model = setup.model<double>();
  Problem problem = test::row_problem({1.0, 0.0, 0.0}, {Norm::l1});
  problem.ball.coordinates = {0, 1, 2};
  EXPECT_THROW(Ascent<double>(model, {problem, problem}, {0, 1}, 6, 1), std::logic_error);
  EXPECT_THROW(Ascent<double>(model, {problem}, {0}, 7, 1), std::logic_error);
}

}  // namespace
}  // namespace geolip
