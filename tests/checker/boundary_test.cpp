// Proofs that hold or fail by the last bits of a multiplier: prove() must never accept what exact arithmetic
// refuses. Without its margins it accepts about every other one of these.
#include <checker/cases.hpp>
#include <checker/exact/prove_exactly.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace geolip::checker {
namespace {

using test::Case;
using test::Kind;
using test::Random;

/// A multiplier of a case, moved in steps of its last bit.
struct Dial {
  Case* c;
  Real* multiplier;
  double start;

  /// The case with the multiplier at start * 2^-1 + ulps
  void set(std::int64_t ulps) const { multiplier->significand = start + static_cast<double>(ulps) * 0x1p-53; }
  bool fast() const { return prove(c->network, c->proof).verified; }
  bool exact() const { return prove_exactly(c->network, c->proof).verified; }
};

/// Brings the multiplier down by powers of two as long as the proof holds, so that the edge lies within the
/// last factor of two. Then every value in [1/2, 1] 2^e is start + ulps * 2^-53. False if it never comes to
/// matter.
bool approach(Dial& dial) {
  int e = 0;
  dial.multiplier->significand = std::frexp(dial.multiplier->significand, &e);
  dial.multiplier->exponent += e;
  for (int halvings = 0; halvings < 60; ++halvings) {
    dial.multiplier->exponent -= 1;
    if (!dial.fast()) {
      dial.start = dial.multiplier->significand;
      return true;
    }
  }
  return false;
}

/// The largest number of ulps, lo <= ulps < hi, at which `holds` is false, given that it is false at lo and
/// true at hi; some edge if there are several.
template <class Holds>
std::int64_t edge(std::int64_t lo, std::int64_t hi, const Holds& holds) {
  while (hi - lo > 1) {
    const std::int64_t middle = lo + (hi - lo) / 2;
    (holds(middle) ? hi : lo) = middle;
  }
  return lo;
}

class Edges : public testing::TestWithParam<Kind> {};

/// M grows with zeta and gamma, so below the exact edge no value is valid: thousands of them cost prove()
/// alone.
TEST_P(Edges, NothingBelowTheExactEdgeOfZetaOrGammaPasses) {
  Random random(21);
  int edges = 0;
  int near_misses = 0;
  for (int trial = 0; trial < 110; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    Case c = test::proved_case(
        random, {.kind = GetParam(), .most_neurons = 5, .most_layers = 2, .linear_extras = trial % 3 == 0});
    if (trial % 2 == 0) test::widen_enclosures(random, c.network);
    c.proof.claim.bound = 1e300;
    if (!prove(c.network, c.proof).verified) continue;
    const Index which = random.integer(0, static_cast<Index>(c.proof.multipliers.gamma.size()));
    Dial dial{&c, test::all_multipliers(c.proof.multipliers)[static_cast<std::size_t>(which)], 0.0};
    if (!approach(dial)) continue;
    constexpr auto top = std::int64_t{1} << 53;
    const auto fast_at = [&](std::int64_t ulps) {
      dial.set(ulps);
      return dial.fast();
    };
    const auto exact_at = [&](std::int64_t ulps) {
      dial.set(ulps);
      return dial.exact();
    };
    if (!fast_at(top)) continue;  // one factor of two did not pass in one step
    const std::int64_t fast_edge = edge(0, top, fast_at);
    ASSERT_TRUE(exact_at(fast_edge + 1)) << "prove() accepts what is not valid";
    // the exact edge lies below: look for it in growing steps
    std::int64_t step = 16;
    while (step <= fast_edge && exact_at(fast_edge - step)) step *= 4;
    if (step > fast_edge) continue;
    const std::int64_t exact_edge = edge(fast_edge - step, fast_edge + 1, exact_at);
    ASSERT_LE(exact_edge, fast_edge);
    ++edges;
    near_misses += fast_edge - exact_edge < 4096 ? 1 : 0;
    for (std::int64_t below = 0; below < 40; ++below) {
      ASSERT_FALSE(fast_at(exact_edge - below)) << below << " ulps below the edge";
      ASSERT_FALSE(fast_at(exact_edge - random.integer(0, 1000)));
    }
  }
  EXPECT_GE(edges, 40);
  EXPECT_GE(near_misses, 20) << "prove() refuses far more than rounding asks for";
}

/// lambda may be too large as well as too small: here each value is asked of both checkers.
TEST_P(Edges, AroundAnEdgeOfLambdaPassesOnlyWhatIsValid) {
  Random random(22);
  int edges = 0;
  int refused = 0;
  for (int trial = 0; trial < (GetParam() == Kind::folded ? 300 : 60); ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    Case c = test::proved_case(
        random, {.kind = GetParam(), .most_neurons = 4, .most_layers = 2, .linear_extras = trial % 3 == 0});
    c.proof.claim.bound = 1e300;
    const auto all = test::all_multipliers(c.proof.multipliers);
    const auto first = static_cast<Index>(c.proof.multipliers.gamma.size()) + 1;
    if (first == static_cast<Index>(all.size()) || !prove(c.network, c.proof).verified) continue;
    Dial dial{&c, all[static_cast<std::size_t>(random.integer(first, static_cast<Index>(all.size()) - 1))],
              0.0};
    if (!approach(dial)) continue;
    const auto exact_at = [&](std::int64_t ulps) {
      dial.set(ulps);
      return dial.exact();
    };
    const auto fast_at = [&](std::int64_t ulps) {
      dial.set(ulps);
      return dial.fast();
    };
    constexpr auto top = std::int64_t{1} << 53;
    if (!fast_at(top) || fast_at(0)) continue;
    const std::int64_t near = edge(0, top, fast_at);
    ASSERT_TRUE(exact_at(near + 1)) << "prove() accepts what is not valid";
    const std::int64_t lowest = std::max<std::int64_t>(0, near - 4096);
    if (exact_at(lowest)) continue;
    const std::int64_t exact_edge = edge(lowest, near + 1, exact_at);
    ++edges;
    for (std::int64_t ulps = exact_edge - 12; ulps < exact_edge + 4; ++ulps) {
      const bool valid = exact_at(ulps);
      const bool passed = fast_at(ulps);
      ASSERT_TRUE(valid || !passed) << ulps - exact_edge;
      refused += valid ? 0 : 1;
    }
  }
  EXPECT_GE(edges, 10);
  EXPECT_GE(refused, 100);
}

INSTANTIATE_TEST_SUITE_P(All, Edges,
                         testing::Values(Kind::relu, Kind::leaky, Kind::gelu, Kind::mixed, Kind::folded));

}  // namespace
}  // namespace geolip::checker
