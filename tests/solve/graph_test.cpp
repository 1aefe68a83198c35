// Networks that are no chains: bounds against the enumeration of all patterns, against the same network as
// dense layers, and proofs of both checkers.
#include <checker/exact/prove_exactly.hpp>
#include <geolip/baselines.hpp>
#include <geolip/estimate.hpp>
#include <problem/chain.hpp>
#include <solve/checker.hpp>
#include <support/enumeration.hpp>
#include <support/random_graphs.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace geolip {
namespace {

using test::Random;

Settings tight() {
  Settings settings;
  settings.gap = 1e-6;
  settings.threads = 1;
  settings.verify = Verify::on;
  settings.max_iterations = 4000;
  return settings;
}

std::vector<Objective> objectives_for(Norm norm) {
  std::vector<Objective> objectives{Objective::output(0), Objective::margin(0, 1)};
  if (norm != Norm::l1) objectives.push_back(Objective::vector());
  return objectives;
}

TEST(GraphBounds, HoldTheEnumeratedValueAndAreProvedByBothCheckers) {
  Random random(61);
  int branched = 0;
  int proofs = 0;
  for (int trial = 0; trial < 80; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const Network network = test::random_graph(random, 9, 9);
    branched += problem::make_chain(network).passes_by() ? 1 : 0;
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      const Result result = estimate(network, {norm, objectives_for(norm)}, tight());
      for (const Bound& bound : result.bounds) {
        const double truth = test::enumerate_fgl(network, norm, bound.objective);
        const double rounding = 1e-9 * (1.0 + truth);
        EXPECT_LE(bound.lower, truth + rounding);
        EXPECT_GE(bound.upper, truth - rounding);
        EXPECT_LE(bound.lower, bound.relaxation);
        EXPECT_LE(bound.relaxation, bound.upper);
        for (const Proof& proof : bound.proofs) {
          if (!bound.proved()) continue;
          const checker::Proof translated =
              solve::checker_proof(proof, bound.objective, norm, network.outputs());
          const checker::Network checked = solve::checker_network(network);
          EXPECT_TRUE(checker::prove(checked, translated).verified);
          const checker::Verdict exact = checker::prove_exactly(checked, translated);
          EXPECT_TRUE(exact.verified) << exact.reason;
          ++proofs;
        }
      }
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GE(branched, 20);
  EXPECT_GE(proofs, 100);
}

TEST(GraphBounds, AreThoseOfTheSameNetworkAsProducts) {
  Random random(62);
  for (int trial = 0; trial < 20; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const Network network = test::random_graph(random, 12, 30);
    const Network dense = test::with_products(network);
    for (const Norm norm : {Norm::linf, Norm::l2}) {
      const Query query{norm, {Objective::output(0), Objective::vector()}};
      const Result a = estimate(network, query, tight());
      const Result b = estimate(dense, query, tight());
      for (std::size_t i = 0; i < a.bounds.size(); ++i) {
        if (a.bounds[i].status == Status::limit || b.bounds[i].status == Status::limit) continue;
        EXPECT_NEAR(a.bounds[i].upper, b.bounds[i].upper, 1e-5 * b.bounds[i].upper);
      }
    }
  }
}

/// relu(x) - relu(-x) = x, which no chain of layers knows.
TEST(GraphBounds, ASumOfBranches) {
  Network network(1);
  const Index up = network.add({"up", Activation(ActivationKind::relu)}, {0});
  const Index minus = network.add({"minus", Affine{{-1.0}, {}}}, {0});
  const Index down = network.add({"down", Activation(ActivationKind::relu)}, {minus});
  network.add({"sum", Add{{1.0, -1.0}}}, {up, down});
  EXPECT_EQ(network.evaluate(std::vector<double>{-3.0}), std::vector<double>{-3.0});
  const problem::Chain chain = problem::make_chain(network);
  EXPECT_EQ(chain.depth(), 1);  // both activations share a layer
  EXPECT_FALSE(chain.passes_by());
  // formally both may have slope 1 at once
  const Result result = estimate(network, {Norm::l2, {Objective::output(0)}}, tight());
  EXPECT_NEAR(result.bounds[0].upper, 2.0, 1e-5);
  EXPECT_NEAR(result.bounds[0].lower, 2.0, 1e-9);
}

TEST(GraphBounds, MaximaOfTwoAreNeurons) {
  // max(a, b) = b + relu(a - b): each input by itself has slope at most 1
  Network network(2);
  Sparse difference;
  difference.inputs = 2;
  difference.add(0, 1.0);
  difference.add(1, -1.0);
  difference.end_row();
  Sparse second;
  second.inputs = 2;
  second.add(1, 1.0);
  second.end_row();
  const Index b = network.add({"b", second}, {0});
  const Index d = network.add({"d", difference}, {0});
  const Index r = network.add({"relu", Activation(ActivationKind::relu)}, {d});
  network.add({"max", Add{}}, {b, r});
  EXPECT_EQ(network.evaluate(std::vector<double>{2.0, 5.0}), std::vector<double>{5.0});
  EXPECT_EQ(network.evaluate(std::vector<double>{7.0, 5.0}), std::vector<double>{7.0});
  const Result linf = estimate(network, {Norm::linf, {Objective::output(0)}}, tight());
  EXPECT_NEAR(linf.bounds[0].lower, 1.0, 1e-9);
  // for unit vectors a and b the relaxation is (|a + b| + |a - b|) / 2 at the most
  EXPECT_NEAR(linf.bounds[0].upper, std::sqrt(2.0), 1e-5);
  const Result l2 = estimate(network, {Norm::l2, {Objective::output(0)}}, tight());
  EXPECT_NEAR(l2.bounds[0].upper, 1.0, 1e-5);
}

TEST(GraphBounds, NoBoundLiesAboveTheProductOfNorms) {
  // One output of many neurons, of which most do not reach it: certificates of that are poor.
  Network network(4);
  network.add({"relu", Activation(ActivationKind::relu)});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const Bound bound = estimate(network, {norm, {Objective::output(0)}}).bounds[0];
    EXPECT_GE(bound.upper, 1.0);
    EXPECT_LE(bound.upper, product_bound(network, norm, Objective::output(0)) * (1.0 + 1e-4));
  }
}

/// Two networks side by side on the same inputs, each with an output of its own.
TEST(GraphBounds, AnObjectiveIsBoundedAsIfWhatItCannotSeeWereNotThere) {
  Random random(67);
  for (int trial = 0; trial < 5; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const std::vector<Index> widths{4, 8, 8, 1};
    const Network a = test::random_network(random, widths, Activation(ActivationKind::relu));
    const Network b = test::random_network(random, widths, Activation(ActivationKind::relu));
    Network both(4);
    std::vector<Index> ends;
    for (const Network* each : {&a, &b}) {
      Index from = 0;
      for (const Layer& layer : each->layers()) from = both.add(layer, {from});
      ends.push_back(from);
    }
    both.add({"join", Concat{}}, ends);
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      SCOPED_TRACE(to_string(norm));
      const Query one{norm, {Objective::output(0)}};
      const Result joint = estimate(both, {norm, {Objective::output(0), Objective::output(1)}}, tight());
      const std::vector<Result> alone{estimate(a, one, tight()), estimate(b, one, tight())};
      for (std::size_t k = 0; k < 2; ++k) {
        EXPECT_EQ(joint.bounds[k].status, Status::verified);
        EXPECT_NEAR(joint.bounds[k].upper, alone[k].bounds[0].upper, 1e-5 * alone[k].bounds[0].upper);
      }
    }
  }
}

}  // namespace
}  // namespace geolip
