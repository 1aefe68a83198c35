// Thousands of small networks, each claim compared with the truth by enumeration in rational numbers.
#include <checker/cases.hpp>
#include <checker/exact.hpp>
#include <checker/exact/prove_exactly.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace geolip::checker {
namespace {

using test::Case;
using test::Kind;
using test::Random;

bool verified(const Case& c) { return prove(c.network, c.proof).verified; }

/// Better multipliers by trial: each lambda by a random factor, gamma scaled down as far as the proof holds.
void tighten(Random& random, Case& c, int trials) {
  c.proof.claim.bound = 1e300;
  const auto shrink = [&](Case& other) {
    double good = 1.0;
    double bad = 0x1p-40;
    for (int step = 0; step < 14; ++step) {
      const double middle = std::sqrt(good * bad);
      Case probe = other;
      for (Real& gamma : probe.proof.multipliers.gamma) gamma.significand *= middle;
      (verified(probe) ? good : bad) = middle;
    }
    for (Real& gamma : other.proof.multipliers.gamma) gamma.significand *= good;
    return good;
  };
  if (!verified(c)) return;
  shrink(c);
  for (int trial = 0; trial < trials; ++trial) {
    Case other = c;
    for (auto& layer : other.proof.multipliers.lambda) {
      const double whole = std::exp(random.normal());
      for (Real& lambda : layer) lambda.significand *= whole * std::exp(0.5 * random.normal());
    }
    if (verified(other)) {
      shrink(other);
      c = other;
    }
  }
}

TEST(Campaign, AVerifiedBoundIsNeverBelowTheTruth) {
  Random random(31);
  int verified_claims = 0;
  int sharp = 0;
  for (int trial = 0; trial < 2400; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const auto kind = static_cast<Kind>(trial % 5);
    const bool extras = trial % 3 == 0;
    Case c = test::proved_case(random, {.kind = kind, .most_neurons = 6, .linear_extras = extras});
    if (trial % 4 == 0) tighten(random, c, 6);
    if (!extras && trial % 2 == 0) c = test::in_other_units(random, c, 480);
    c.proof.claim.bound = test::least_bound(c.proof.claim.norm, c.proof.multipliers);
    if (!verified(c)) continue;
    ++verified_claims;
    ASSERT_TRUE(test::is_true(c.network, c.proof.claim));
    // claims below the truth must not pass, whatever multipliers come with them
    const double truth = test::true_fgl(c.network, c.proof.claim);
    if (!(truth > 0.0) || !std::isfinite(truth) || c.proof.claim.rows.size() > 1) continue;
    if (truth > 0.9 * c.proof.claim.bound) ++sharp;
    const double factor = (truth / c.proof.claim.bound) * (truth / c.proof.claim.bound) * (1.0 - 1e-9);
    for (Real& gamma : c.proof.multipliers.gamma) gamma.significand *= factor;
    c.proof.claim.bound = test::least_bound(c.proof.claim.norm, c.proof.multipliers);
    const Verdict verdict = prove(c.network, c.proof);
    ASSERT_TRUE(!verdict.verified || test::is_true(c.network, c.proof.claim));
  }
  EXPECT_GE(verified_claims, 2000);
  EXPECT_GE(sharp, 40);
}

/// Weights from subnormal numbers to 1e300 side by side: most proofs are refused, none wrongly accepted.
TEST(Campaign, WildWeightsNeverGiveAFalseBound) {
  Random random(32);
  int verified_claims = 0;
  int refused = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const auto kind = static_cast<Kind>(trial % 5);
    Case c = test::proved_case(
        random, {.kind = kind, .most_neurons = 5, .most_layers = 2, .linear_extras = trial % 3 == 0});
    const int range = static_cast<int>(random.integer(1, 3)) == 1 ? 40 : 1000;
    for (Layer& layer : c.network.layers) {
      auto* dense = std::get_if<Dense>(&layer.op);
      if (dense == nullptr) continue;
      for (double& w : dense->weight) {
        if (random.chance(0.3)) w = std::ldexp(w, static_cast<int>(random.integer(-range, range / 4)));
        if (random.chance(0.05)) w = 0x1p-1074;
      }
    }
    for (Real* multiplier : test::all_multipliers(c.proof.multipliers))
      multiplier->exponent += random.integer(0, range);
    try {
      c.proof.claim.bound = test::least_bound(c.proof.claim.norm, c.proof.multipliers);
    } catch (const std::overflow_error&) {
      continue;
    }
    const bool passed = verified(c);
    (passed ? verified_claims : refused) += 1;
    if (!passed) continue;
    ASSERT_TRUE(test::is_true(c.network, c.proof.claim));
    ASSERT_TRUE(prove_exactly(c.network, c.proof).verified);
  }
  EXPECT_GE(verified_claims, 100);
  EXPECT_GE(refused, 100);
}

}  // namespace
}  // namespace geolip::checker
