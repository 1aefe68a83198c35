// The two checkers against each other, and against what is known of a proof.
#include <solve/proving_cost.hpp>

#include <checker/cases.hpp>
#include <checker/exact.hpp>
#include <checker/exact/prove_exactly.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace geolip::checker {
namespace {

using test::Case;
using test::Kind;
using test::Options;
using test::Random;

class Kinds : public testing::TestWithParam<Kind> {};

TEST_P(Kinds, ValidProofsPassBothCheckersAndTheLeastBoundIsSharp) {
  Random random(11);
  int connected = 0;
  for (int trial = 0; trial < 400; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    Case c = test::proved_case(random, {.kind = GetParam()});
    const Verdict fast = prove(c.network, c.proof);
    const Verdict exact = prove_exactly(c.network, c.proof);
    ASSERT_TRUE(fast.verified) << fast.reason;
    ASSERT_TRUE(exact.verified) << exact.reason;
    EXPECT_EQ(fast.reason, "");
    c.proof.claim.bound = 0.0;
    if (prove_exactly(c.network, c.proof).verified) continue;  // no path joins input and objective
    ++connected;
    // dead inputs' gammas are not asked for, so sharpness is that of the others' sum
    const double full = test::least_bound(c.proof.claim.norm, c.proof.multipliers);
    c.proof.claim.bound = 0.999999 * full;
    const bool all_inputs_count = !prove_exactly(c.network, c.proof).verified;
    if (!all_inputs_count) continue;
    c.proof.claim.bound = std::nextafter(full, 0.0);
    EXPECT_FALSE(prove(c.network, c.proof).verified);
    EXPECT_FALSE(prove_exactly(c.network, c.proof).verified);
  }
  EXPECT_GE(connected, 200);
}

TEST_P(Kinds, OneMultiplierFarTooSmallIsRefusedByBothWhereItMatters) {
  Random random(12);
  int refused = 0;
  for (int trial = 0; trial < 200; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    Case c = test::proved_case(random, {.kind = GetParam()});
    c.proof.claim.bound = 1e300;
    const auto all = test::all_multipliers(c.proof.multipliers);
    Real& victim = *all[static_cast<std::size_t>(random.integer(0, static_cast<Index>(all.size()) - 1))];
    victim.exponent -= random.integer(20, 3000);
    const Verdict fast = prove(c.network, c.proof);
    ASSERT_EQ(fast.verified, prove_exactly(c.network, c.proof).verified) << fast.reason;
    if (fast.verified) continue;  // a multiplier that is not read, or a neuron that hardly matters
    ++refused;
    EXPECT_NE(fast.reason, "");
  }
  EXPECT_GE(refused, GetParam() == Kind::folded ? 60 : 100);
}

TEST_P(Kinds, VerdictsDoNotDependOnUnits) {
  Random random(13);
  int extreme = 0;
  for (int trial = 0; trial < 200; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    Case c = test::proved_case(random, {.kind = GetParam(), .linear_extras = false});
    if (trial % 2 == 1) {  // an invalid proof just as well
      const auto all = test::all_multipliers(c.proof.multipliers);
      all[static_cast<std::size_t>(random.integer(0, static_cast<Index>(all.size()) - 1))]->exponent -= 6;
    }
    const Case other = test::in_other_units(random, c, 480);
    const Verdict before = prove(c.network, c.proof);
    const Verdict after = prove(other.network, other.proof);
    ASSERT_EQ(before.verified, after.verified) << before.reason << " / " << after.reason;
    ASSERT_EQ(before.reason, after.reason);
    ASSERT_EQ(before.slack, after.slack);
    ASSERT_EQ(prove_exactly(other.network, other.proof).verified, prove_exactly(c.network, c.proof).verified);
    for (const auto& layer : other.proof.multipliers.lambda) {
      for (const Real& lambda : layer) extreme += std::abs(lambda.exponent) > 600 ? 1 : 0;
    }
  }
  EXPECT_GE(extreme, 50);
}

INSTANTIATE_TEST_SUITE_P(All, Kinds,
                         testing::Values(Kind::relu, Kind::leaky, Kind::gelu, Kind::mixed, Kind::folded));

Network one_layer(Dense dense) {
  Network network;
  network.inputs = dense.cols;
  network.outputs = dense.rows;
  network.layers.push_back({"dense", std::move(dense)});
  return network;
}

TEST(Prove, WithoutLayersIsTheNormOfTheRow) {
  Network network;
  network.inputs = network.outputs = 3;
  Proof proof;
  proof.claim.rows = {{0.0, 3.0, -4.0}};
  proof.claim.norm = InputNorm::l2;
  proof.multipliers = {{1.0, 0}, {{25.0 * (1.0 + 1e-9), -2}}, {}};
  proof.claim.bound = 5.0 * (1.0 + 1e-9);
  EXPECT_TRUE(prove(network, proof).verified);
  EXPECT_TRUE(prove_exactly(network, proof).verified);
  proof.multipliers.gamma[0].significand = 24.0;
  EXPECT_FALSE(prove(network, proof).verified);
  EXPECT_FALSE(prove_exactly(network, proof).verified);
}

TEST(Prove, WithoutActivationsIsTheDualNorm) {
  const Network network = one_layer({1, 3, {3.0, -4.0, 12.0}});
  Proof proof;
  proof.claim.rows = {{1.0}};
  proof.claim.norm = InputNorm::l2;
  proof.multipliers = {{1.0, 0}, {{169.0, -2}}, {}};
  proof.claim.bound = 13.0;
  EXPECT_TRUE(prove_exactly(network, proof).verified);  // M is singular: bound and norm are equal
  const Verdict tight = prove(network, proof);
  EXPECT_FALSE(tight.verified);
  EXPECT_GT(tight.slack, 0.0);
  proof.multipliers.gamma[0].significand *= 1.0 + 8.0 * tight.slack;
  proof.claim.bound = test::least_bound(InputNorm::l2, proof.multipliers);
  EXPECT_TRUE(prove(network, proof).verified);
  EXPECT_LT(proof.claim.bound, 13.0 * (1.0 + 1e-13));

  proof.claim.norm = InputNorm::l1;
  proof.multipliers.gamma = {{3.0, 0}, {5.0, 0}, {37.0, 0}};
  proof.claim.bound = 12.5;
  EXPECT_TRUE(prove(network, proof).verified);
  proof.claim.bound = 12.0;
  EXPECT_FALSE(prove(network, proof).verified);  // 4 * 37 > 144
  proof.claim.coordinates = {0, 1};
  proof.multipliers.gamma = {{3.0, 0}, {4.0 + 0x1p-30, 0}};
  proof.claim.bound = 4.0 + 0x1p-30;
  EXPECT_TRUE(prove(network, proof).verified);
  EXPECT_TRUE(prove_exactly(network, proof).verified);
}

TEST(Prove, InflationByAFewTimesTheSlackHelps) {
  Random random(14);
  int refused = 0;
  for (int trial = 0; trial < 60; ++trial) {
    Case c = test::proved_case(random, {.kind = Kind::relu, .linear_extras = false});
    c.proof.claim.bound = 1e300;
    // down to the last gamma that prove() accepts
    auto& gamma = c.proof.multipliers.gamma;
    if (!prove(c.network, c.proof).verified) continue;
    const auto with = [&](double factor) {
      Case scaled = c;
      for (Real& g : scaled.proof.multipliers.gamma) g.significand *= factor;
      return prove(scaled.network, scaled.proof);
    };
    double bad = 0x1p-60;
    double good = 1.0;
    if (with(bad).verified) continue;
    for (int step = 0; step < 100 && good - bad > 1e-16 * good; ++step) {
      const double middle = std::sqrt(bad * good);
      (with(middle).verified ? good : bad) = middle;
    }
    const Verdict verdict = with(bad);
    if (verdict.verified) continue;
    ++refused;
    ASSERT_GT(verdict.slack, 0.0) << verdict.reason;
    for (Real& g : gamma) g.significand *= bad;
    // (M17): zeta, lambda_L, ..., lambda_1, gamma times 1 + d, (1 + d)^2, ...
    double factor = 1.0;
    const double step = 1.0 + 8.0 * verdict.slack;
    c.proof.multipliers.zeta.significand *= factor *= step;
    for (std::size_t k = c.proof.multipliers.lambda.size(); k-- > 0;) {
      factor *= step;
      for (Real& lambda : c.proof.multipliers.lambda[k]) lambda.significand *= factor;
    }
    for (Real& g : gamma) g.significand *= factor * step;
    EXPECT_TRUE(prove(c.network, c.proof).verified);
  }
  EXPECT_GE(refused, 20);
}

TEST(Prove, WithoutAPathTheBoundIsZeroAndNoMultipliersAreNeeded) {
  Random random(15);
  Case c;
  c.network.inputs = 2;
  c.network.outputs = 2;
  c.network.layers = {{"one", Dense{2, 2, {1.0, 2.0, 0.0, 0.0}}},
                      {"relu", Slopes{{0.0, 0.0}, {1.0, 1.0}}},
                      {"two", Dense{2, 2, {0.0, 5.0, 1.0, 5.0}}}};
  c.proof.claim.norm = InputNorm::linf;
  c.proof.claim.rows = {{1.0, 0.0}};
  for (const double bound : {0.0, 1.0}) {
    c.proof.claim.bound = bound;
    EXPECT_TRUE(prove(c.network, c.proof).verified);
    EXPECT_TRUE(prove_exactly(c.network, c.proof).verified);
  }
  c.proof.claim.rows = {{0.0, 1.0}};
  for (const double bound : {0.0, 1e300}) {
    c.proof.claim.bound = bound;
    EXPECT_FALSE(prove(c.network, c.proof).verified);
    EXPECT_FALSE(prove_exactly(c.network, c.proof).verified);
  }
  // a margin whose two rows are equal
  c.network.layers.back().op = Dense{2, 2, {0.1, 5.0, 0.1, 7.0}};
  c.proof.claim.rows = {{1.0, -1.0}};
  c.proof.claim.bound = 0.0;
  EXPECT_TRUE(prove(c.network, c.proof).verified);
  EXPECT_TRUE(prove_exactly(c.network, c.proof).verified);
  // slopes that shut the only neuron
  c.proof.claim.rows = {{1.0, 0.0}};
  c.proof.claim.slopes = {{{0.0, 0.0}, {0.0, 1.0}}};
  EXPECT_TRUE(prove(c.network, c.proof).verified);
  EXPECT_TRUE(prove_exactly(c.network, c.proof).verified);
}

TEST(Prove, DeadNeuronsAndInputsNeedNoMultipliers) {
  Case c;
  c.network.inputs = 2;
  c.network.outputs = 1;
  // neuron 1 hears nothing, neuron 2 says nothing, input 1 is not heard
  c.network.layers = {{"one", Dense{3, 2, {1.0, 0.0, 0.0, 0.0, 1.0, 0.0}}},
                      {"relu", Slopes{{0.0, 0.0, 0.0}, {1.0, 1.0, 1.0}}},
                      {"two", Dense{1, 3, {1.0, 1.0, 0.0}}}};
  c.proof.claim = {InputNorm::linf, {{1.0}}, {}, {}, 1.5};
  c.proof.multipliers = {{0.625, 0}, {{0.625, 0}, {0.0, 0}}, {{{1.0, 0}, {0.0, 0}, {-1.0, 0}}}};
  EXPECT_TRUE(prove(c.network, c.proof).verified) << prove(c.network, c.proof).reason;
  EXPECT_TRUE(prove_exactly(c.network, c.proof).verified);
  c.proof.multipliers.lambda[0][0] = {0.0, 0};
  EXPECT_FALSE(prove(c.network, c.proof).verified);
  EXPECT_FALSE(prove_exactly(c.network, c.proof).verified);
}

TEST(Prove, LargerNetworksAndThreadsGiveTheSameVerdict) {
  Random random(16);
  for (const InputNorm norm : {InputNorm::linf, InputNorm::l2, InputNorm::l1}) {
    for (const double lower : {0.0, 0.1, -0.125}) {
      Network network;
      network.inputs = 150;
      const std::vector<Index> widths{150, 220, 130, 101, 3};
      for (std::size_t k = 1; k < widths.size(); ++k) {
        Dense dense{widths[k], widths[k - 1], {}};
        for (Index i = 0; i < dense.rows * dense.cols; ++i)
          dense.weight.push_back(random.normal() / std::sqrt(static_cast<double>(dense.cols)));
        network.layers.push_back({"dense", dense});
        if (k + 1 == widths.size()) break;
        const auto n = static_cast<std::size_t>(widths[k]);
        network.layers.push_back({"act", Slopes{std::vector<double>(n, lower), std::vector<double>(n, 1.0)}});
      }
      network.outputs = 3;
      Proof proof;
      proof.claim = {norm, {{1.0, -1.0, 0.0}}, {}, {}, 1e300};
      // |W|_F^2 is about the number of its rows
      Real level{60.0, 0};
      proof.multipliers.zeta = {1.0, 0};
      proof.multipliers.lambda.resize(3);
      for (std::size_t k = 3; k-- > 0;) {
        proof.multipliers.lambda[k].assign(static_cast<std::size_t>(widths[k + 1]), level);
        level.significand *= 16.0;
      }
      proof.multipliers.gamma.assign(norm == InputNorm::l2 ? 1 : 150, level);
      const Verdict one = prove(network, proof, 1);
      ASSERT_TRUE(one.verified) << one.reason;
      EXPECT_TRUE(prove(network, proof, 3).verified);
      for (Real& lambda : proof.multipliers.lambda[1]) lambda.significand /= 300.0;
      const Verdict bad = prove(network, proof, 1);
      const Verdict bad_threads = prove(network, proof, 4);
      EXPECT_FALSE(bad.verified);
      EXPECT_EQ(bad.reason, bad_threads.reason);
      EXPECT_EQ(bad.slack, bad_threads.slack);
      EXPECT_LT(bad.slack, 1e-9);
      EXPECT_GT(solve::proving_cost(network, proof), 1e6);
    }
  }
}

TEST(Prove, HalfTheRoundingErrorsOfATrueBoundNeverLetAFalseOnePass) {
  // 1 / 3 is no double: the enclosure's ends alone must not decide
  Network network = one_layer({1, 1, {3.0}});
  Scale third{{std::nextafter(1.0 / 3.0, 0.0)}, {std::nextafter(1.0 / 3.0, 1.0)}, {1.0 / 3.0}};
  network.layers.push_back({"scale", third});
  Proof proof;
  proof.claim = {InputNorm::l2, {{1.0}}, {}, {}, 1.0};
  proof.multipliers = {{0.5, 0}, {{0.5, 0}}, {}};
  EXPECT_TRUE(prove_exactly(network, proof).verified);
  EXPECT_FALSE(prove(network, proof).verified);
  proof.multipliers.gamma[0].significand = 0.5 * (1.0 - 0x1p-52);
  EXPECT_FALSE(prove_exactly(network, proof).verified);
  EXPECT_FALSE(prove(network, proof).verified);
  proof.multipliers.gamma[0].significand = 0.5 * (1.0 + 0x1p-40);
  proof.claim.bound = 1.0 + 0x1p-40;
  EXPECT_TRUE(prove(network, proof).verified);
}

TEST(Prove, TheErrorOfAMapCountsWhereOnlyItsSquareEntersTheForm) {
  // slopes [-1, 1]: zeta t^2 - t v + lambda (v^2 - s^2 x^2) + gamma x^2, which takes gamma >= lambda s^2
  Network network;
  network.inputs = 1;
  network.outputs = 1;
  network.layers = {
      {"scale", Scale{{1.0}, {1.25}, {1.25}}}, {"dense", Dense{1, 1, {1.0}}}, {"odd", Slopes{{-1.0}, {1.0}}}};
  Proof proof;
  proof.claim = {InputNorm::l2, {{1.0}}, {}, {}, 1e3};
  proof.multipliers = {{1.0, 0}, {{1.5626, 0}}, {{{1.0, 0}}}};
  EXPECT_TRUE(prove_exactly(network, proof).verified);
  proof.multipliers.gamma[0].significand = 1.5624;  // enough for every s but the largest
  EXPECT_FALSE(prove_exactly(network, proof).verified);
  EXPECT_FALSE(prove(network, proof).verified);
  proof.multipliers.gamma[0].significand = 3.0;
  EXPECT_TRUE(prove(network, proof).verified);
}

}  // namespace
}  // namespace geolip::checker
