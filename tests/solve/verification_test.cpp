// Bounds that are proved by the independent checker: of every kind of network and question, at little loss.
#include <checker/exact/prove_exactly.hpp>
#include <geolip/estimate.hpp>
#include <solve/checker.hpp>
#include <support/enumeration.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

namespace geolip {
namespace {

using test::Random;

// What a proof may cost on networks of up to four layers.
constexpr double most_loss = 1e-6;

Settings verifying() {
  Settings settings;
  settings.verify = Verify::on;
  return settings;
}

/// Every bound is verified at little loss, and its proofs hold in exact arithmetic too where asked.
Result expect_verified(const Network& network, const Query& query, bool exactly = false) {
  Result result = estimate(network, query, verifying());
  const checker::Network checked = solve::checker_network(network);
  for (const Bound& bound : result.bounds) {
    SCOPED_TRACE(std::string(to_string(query.norm)) + " " + to_string(bound.objective));
    EXPECT_EQ(bound.status, Status::verified);
    EXPECT_EQ(bound.reason, "");
    EXPECT_LE(bound.lower, bound.upper);
    EXPECT_GE(bound.verification_loss, 0.0);
    EXPECT_LT(bound.verification_loss, most_loss);
    EXPECT_FALSE(bound.proofs.empty());
    double largest = 0.0;
    for (const Proof& proof : bound.proofs) {
      largest = std::max(largest, proof.bound);
      if (!exactly) continue;
      const checker::Proof claim =
          solve::checker_proof(proof, bound.objective, bound.norm, network.outputs());
      const checker::Verdict verdict = checker::prove_exactly(checked, claim);
      EXPECT_TRUE(verdict.verified) << verdict.reason;
    }
    EXPECT_EQ(largest, bound.upper);
  }
  return result;
}

std::vector<Objective> all_kinds(Norm norm) {
  std::vector<Objective> objectives{Objective::output(0), Objective::margin(0, 1),
                                    Objective::weighted({0.5, -1.25})};
  if (norm != Norm::l1) objectives.push_back(Objective::vector());
  return objectives;
}

TEST(Verification, CoversEveryNormObjectiveAndActivation) {
  std::uint64_t seed = 0;
  for (const ActivationKind kind : {ActivationKind::relu, ActivationKind::leaky_relu, ActivationKind::gelu,
                                    ActivationKind::sigmoid, ActivationKind::selu}) {
    Random random(++seed);
    const Network network = test::random_network(random, {5, 6, 4, 2}, Activation(kind));
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      SCOPED_TRACE(to_string(kind));
      expect_verified(network, {norm, all_kinds(norm)}, true);
    }
  }
}

TEST(Verification, HoldsAgainstEnumeration) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const Network network = test::random_network(random, {3, 4, 3, 1});
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      const Result result = expect_verified(network, {norm, {Objective::output(0)}});
      EXPECT_GE(result.bounds.front().upper,
                test::enumerate_fgl(network, norm, Objective::output(0)) * (1.0 - 1e-14));
    }
  }
}

TEST(Verification, CoversFoldedNeurons) {
  Random random(3);
  const Network network = test::random_network(random, {4, 6, 5, 2});
  Objective local = Objective::output(1);
  SlopeOverride slopes;
  for (const Index n : {6, 5}) {
    std::vector<SlopeInterval>& layer = slopes.layers.emplace_back();
    for (Index i = 0; i < n; ++i) {
      const double on = i % 3 == 1 ? 0.0 : 1.0;
      layer.push_back(i % 3 == 0 ? SlopeInterval{0.0, 1.0} : SlopeInterval{on, on});
    }
  }
  local.slopes = slopes;
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    expect_verified(network, {norm, {local, Objective::output(0)}}, true);
  }
}

TEST(Verification, CoversLinearLayersInARow) {
  Random random(4);
  Network network(4);
  network.add({"normalise", Affine{{1.0 / 0.3081, 2.0, -0.7, 1.0}, {}}});
  network.add({"flip", Permutation{{2, 0, 3, 1}}});
  network.add({"first", Dense{test::random_matrix(random, 5, 4, 0.6), {}}});
  network.add({"second", Dense{test::random_matrix(random, 6, 5, 0.6), {}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"third", Dense{test::random_matrix(random, 3, 6, 0.6), {}}});
  network.add({"last", Dense{test::random_matrix(random, 2, 3, 0.6), {}}});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) expect_verified(network, {norm, all_kinds(norm)});
}

TEST(Verification, CoversNetworksWithoutHiddenLayers) {
  Random random(5);
  Network network(4);
  network.add({"only", Dense{test::random_matrix(random, 2, 4, 1.0), {}}});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    expect_verified(network, {norm, {Objective::output(0), Objective::margin(0, 1)}}, true);
  }
}

TEST(Verification, CoversAnFglOfExactlyZero) {
  Random random(6);
  const Network network = test::edited(test::random_network(random, {3, 4, 2}), [](Index k, Matrix& w) {
    for (Index j = 0; k == 1 && j < w.cols; ++j) w(0, j) = 0.0;
  });
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const Result result =
        expect_verified(network, {norm, {Objective::output(0), Objective::output(1)}}, true);
    EXPECT_EQ(result.bounds.front().upper, 0.0);
    EXPECT_GT(result.bounds.back().upper, 0.0);
  }
}

TEST(Verification, IsFreeOfScale) {
  for (const double scale : {1e-60, 1e60}) {
    Random random(7);
    const Network network = test::edited(test::random_network(random, {4, 6, 5, 2}), [&](Index k, Matrix& w) {
      for (double& v : w.data) v *= k == 1 ? scale * scale : scale;
    });
    SCOPED_TRACE(scale);
    expect_verified(network, {Norm::linf, all_kinds(Norm::linf)}, true);
  }
}

TEST(Verification, CoversDeepNetworks) {
  Random random(8);
  const Network network = test::random_network(
      random, {6, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 2});
  const Result result = estimate(network, {Norm::l2, {Objective::output(0)}}, verifying());
  EXPECT_EQ(result.bounds.front().status, Status::verified) << result.bounds.front().reason;
  EXPECT_LT(result.bounds.front().verification_loss, 1e-3);
}

TEST(Verification, IsLeftOutWhereItIsNotWanted) {
  Random random(9);
  const Network network = test::random_network(random, {4, 6, 2});
  Settings settings;
  settings.verify = Verify::off;
  const Result result = estimate(network, {Norm::l2, {Objective::output(0)}}, settings);
  EXPECT_EQ(result.bounds.front().status, Status::certified);
  EXPECT_FALSE(result.bounds.front().proved());
}

TEST(Verification, SaysThatTimeRanOut) {
  Random random(10);
  const Network network = test::random_network(random, {4, 6, 2});
  Settings settings = verifying();
  settings.time_limit = 1e-9;
  const Result result = estimate(network, {Norm::l2, {Objective::output(0)}}, settings);
  EXPECT_FALSE(result.bounds.front().proved());
  EXPECT_EQ(result.bounds.front().reason, "the time limit ended the run");
}

TEST(Verification, DoesNotDependOnTheNumberOfThreads) {
  Random random(11);
  const Network network = test::random_network(random, {40, 60, 50, 3});
  Settings one = verifying();
  one.threads = 1;
  Settings three = verifying();
  three.threads = 3;
  const Query query{Norm::linf, {Objective::output(0), Objective::margin(1, 2)}};
  const Result a = estimate(network, query, one);
  const Result b = estimate(network, query, three);
  for (std::size_t i = 0; i < a.bounds.size(); ++i) EXPECT_EQ(a.bounds[i].upper, b.bounds[i].upper);
}

}  // namespace
}  // namespace geolip
