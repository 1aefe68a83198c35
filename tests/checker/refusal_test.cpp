// Proofs that are not even well-formed: a sentence, and neither a verdict nor a crash.
#include <checker/cases.hpp>
#include <checker/exact/prove_exactly.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace geolip::checker {
namespace {

using test::Case;
using testing::HasSubstr;

Case good() {
  Case c;
  c.network.inputs = 2;
  c.network.outputs = 1;
  c.network.layers = {{"one", Dense{2, 2, {1.0, 0.5, -0.5, 1.0}}},
                      {"relu", Slopes{{0.0, 0.0}, {1.0, 1.0}}},
                      {"two", Dense{1, 2, {1.0, 1.0}}}};
  c.proof.claim = {InputNorm::linf, {{1.0}}, {}, {}, 1e3};
  c.proof.multipliers = {{8.0, 0}, {{8.0, 0}, {8.0, 0}}, {{{1.0, 0}, {1.0, 0}}}};
  return c;
}

void expect_refused(const std::function<void(Case&)>& spoil, const char* sentence) {
  SCOPED_TRACE(sentence);
  Case c = good();
  spoil(c);
  for (const Verdict& verdict : {prove(c.network, c.proof), prove_exactly(c.network, c.proof)}) {
    EXPECT_FALSE(verdict.verified);
    EXPECT_THAT(verdict.reason, HasSubstr(sentence));
    EXPECT_EQ(verdict.slack, 0.0);
  }
}

TEST(Refusals, TheGoodCaseIsGood) {
  const Case c = good();
  EXPECT_TRUE(prove(c.network, c.proof).verified) << prove(c.network, c.proof).reason;
  EXPECT_TRUE(prove_exactly(c.network, c.proof).verified);
}

TEST(Refusals, NetworksThatDoNotFit) {
  expect_refused([](Case& c) { std::get<Dense>(c.network.layers[0].op).weight.pop_back(); },
                 "one: the weight");
  expect_refused([](Case& c) { std::get<Dense>(c.network.layers[2].op).cols = 3; }, "two: the weight");
  expect_refused([](Case& c) { std::get<Slopes>(c.network.layers[1].op).lower.pop_back(); },
                 "relu: the slope");
  expect_refused([](Case& c) { std::get<Slopes>(c.network.layers[1].op).lower[0] = 2.0; }, "lower end");
  expect_refused(
      [](Case& c) {
        std::get<Dense>(c.network.layers[0].op).weight[1] = std::numeric_limits<double>::quiet_NaN();
      },
      "not finite");
  expect_refused([](Case& c) { c.network.outputs = 2; }, "outputs");
  expect_refused(
      [](Case& c) {
        c.network.layers.insert(c.network.layers.begin(), {"order", Permutation{{0, 0}}});
      },
      "no permutation");
  expect_refused(
      [](Case& c) {
        c.network.layers.insert(c.network.layers.begin(), {"scale", Scale{{1.0}, {1.0}, {1.0}}});
      },
      "scale: ");
}

TEST(Refusals, ClaimsThatAreNone) {
  expect_refused([](Case& c) { c.proof.claim.bound = -1.0; }, "claimed bound");
  expect_refused([](Case& c) { c.proof.claim.bound = std::numeric_limits<double>::infinity(); },
                 "claimed bound");
  expect_refused([](Case& c) { c.proof.claim.rows.clear(); }, "no objective row");
  expect_refused([](Case& c) { c.proof.claim.rows = {{1.0}, {1.0}}; }, "in l_2 alone");
  expect_refused([](Case& c) { c.proof.claim.rows = {{1.0, 1.0}}; }, "2 coefficients");
  expect_refused([](Case& c) { c.proof.claim.coordinates = {0}; }, "only a claim in l_1");
  expect_refused(
      [](Case& c) {
        c.proof.claim.norm = InputNorm::l1;
        c.proof.claim.coordinates = {1, 0};
      },
      "ascending");
  expect_refused(
      [](Case& c) {
        c.proof.claim.norm = InputNorm::l1;
        c.proof.claim.coordinates = {2};
      },
      "ascending");
  expect_refused([](Case& c) { c.proof.claim.slopes.resize(2); }, "relu: the slope intervals");
  expect_refused([](Case& c) { c.proof.claim.slopes.resize(1); }, "relu: the slope intervals");
}

TEST(Refusals, MultipliersThatAreMissingOrNotPositive) {
  expect_refused([](Case& c) { c.proof.multipliers = {}; }, "multipliers gamma");
  expect_refused([](Case& c) { c.proof.multipliers.gamma.pop_back(); }, "1 multipliers gamma and not 2");
  expect_refused([](Case& c) { c.proof.multipliers.lambda.pop_back(); }, "for 0 layers");
  expect_refused([](Case& c) { c.proof.multipliers.lambda[0].pop_back(); }, "layer 1, which has 2 neurons");
  for (const double bad :
       {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    expect_refused([&](Case& c) { c.proof.multipliers.zeta.significand = bad; }, "zeta is not above 0");
    expect_refused([&](Case& c) { c.proof.multipliers.gamma[1].significand = bad; },
                   "gamma[1] is not above 0");
    expect_refused([&](Case& c) { c.proof.multipliers.lambda[0][1].significand = bad; },
                   "lambda of layer 1[1] is not above 0");
  }
  expect_refused(
      [](Case& c) { c.proof.multipliers.zeta.exponent = std::numeric_limits<std::int64_t>::max(); },
      "out of range");
  expect_refused(
      [](Case& c) { c.proof.multipliers.zeta.exponent = std::numeric_limits<std::int64_t>::min(); },
      "out of range");
}

TEST(Refusals, TellWhereTheFormFails) {
  const auto reason = [](const std::function<void(Case&)>& spoil) {
    Case c = good();
    spoil(c);
    const Verdict verdict = prove(c.network, c.proof);
    EXPECT_FALSE(verdict.verified);
    EXPECT_GT(verdict.slack, 0.0);
    EXPECT_LT(verdict.slack, 1e-13);
    return verdict.reason;
  };
  EXPECT_THAT(reason([](Case& c) { c.proof.multipliers.zeta.exponent = -6; }),
              HasSubstr("the form is not positive definite at "));
  EXPECT_THAT(reason([](Case& c) {
                for (Real& g : c.proof.multipliers.gamma) g.exponent = -6;
              }),
              HasSubstr("the form is not positive definite at "));
}

TEST(Refusals, HugeExponentsAreDecidedAllTheSame) {
  Case c = good();
  // e in other units: zeta by 2^-2a, the others by 2^2a, the bound unchanged
  constexpr std::int64_t shift = std::int64_t{1} << 39;
  c.proof.multipliers.zeta.exponent -= shift;
  for (Real& g : c.proof.multipliers.gamma) g.exponent += shift;
  for (Real& lambda : c.proof.multipliers.lambda[0]) lambda.exponent += shift;
  EXPECT_TRUE(prove(c.network, c.proof).verified);
  EXPECT_THAT(prove_exactly(c.network, c.proof).reason, HasSubstr("too large for exact arithmetic"));
  c.proof.multipliers.zeta.exponent -= 40;
  EXPECT_FALSE(prove(c.network, c.proof).verified);
}

TEST(Refusals, ScalesLieInTheirEnclosures) {
  Case c = good();
  c.network.layers.insert(c.network.layers.begin(), {"scale", Scale{{0.5, 0.5}, {0.5, 0.75}, {0.5, 0.8}}});
  EXPECT_THAT(prove(c.network, c.proof).reason, HasSubstr("outside its own enclosure"));
  EXPECT_THAT(prove_exactly(c.network, c.proof).reason, HasSubstr("outside its own enclosure"));
  std::get<Scale>(c.network.layers[0].op) = {{0.5, 0.5}, {0.5, 0.5 + 0x1p-50}, {0.5, 0.5}};
  EXPECT_TRUE(prove(c.network, c.proof).verified);
  EXPECT_TRUE(prove_exactly(c.network, c.proof).verified);
}

TEST(Refusals, WhatDoesNotFitIntoMemoryIsRefused) {
  Case c;
  const Index n = Index{1} << 19;  // the identity between two activations, written out, takes 2^41 bytes
  c.network.inputs = n;
  c.network.outputs = n;
  const std::vector<double> zeros(static_cast<std::size_t>(n), 0.0);
  const std::vector<double> ones(static_cast<std::size_t>(n), 1.0);
  c.network.layers = {{"act", Slopes{zeros, ones}}, {"act", Slopes{zeros, ones}}};
  c.proof.claim.norm = InputNorm::l2;
  c.proof.claim.rows = {ones};
  c.proof.claim.bound = 1.0;
  EXPECT_THAT(prove(c.network, c.proof).reason, HasSubstr("memory"));
  EXPECT_THAT(prove_exactly(c.network, c.proof).reason, HasSubstr("too many for exact arithmetic"));
}

}  // namespace
}  // namespace geolip::checker
