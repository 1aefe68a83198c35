// What the solve loop's decisions mean, in numbers.
#include <solve/policy.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace geolip::solve {
namespace {

constexpr double none = std::numeric_limits<double>::infinity();
constexpr double gap = 1e-4;
constexpr double no_noise = 0.0;

TEST(PolicyRanks, BeginNearTheRootOfTheWidestLayerAndEndAtTwiceTheBarvinokPatakiNumber) {
  for (const Index widest : {1, 256, 1000, 1024, 4096}) {
    const Ranks ranks = choose_ranks(0, 4096, widest);
    EXPECT_GE(ranks.first * ranks.first, widest);
    EXPECT_GE(ranks.most * ranks.most, 8 * widest);
    if (widest <= 256) continue;
    // powers of two, so less than twice too many
    EXPECT_LT(ranks.first * ranks.first, 4 * widest);
    EXPECT_LT(ranks.most * ranks.most, 32 * widest);
  }
  EXPECT_EQ(choose_ranks(0, 4096, 1).first, 16);
}

TEST(PolicyRanks, StayWithinWhatTheSettingsName) {
  EXPECT_EQ(choose_ranks(0, 8, 10000).first, 8);
  EXPECT_EQ(choose_ranks(0, 8, 10000).most, 8);
  const Ranks named = choose_ranks(40, 64, 16);
  EXPECT_EQ(named.first, 40);
  EXPECT_EQ(named.least, 40);  // memory does not lower a rank that was asked for
  EXPECT_EQ(named.most, 40);
  EXPECT_EQ(choose_ranks(0, 128, 10000).least, 16);
}

TEST(PolicyRanks, DoubleWhileThereIsRoom) {
  EXPECT_EQ(doubled(16, 128, 64, 1000), 32);
  EXPECT_EQ(doubled(100, 128, 100, 1000), 128);
  EXPECT_EQ(doubled(128, 128, 128, 1000), 128);
  EXPECT_EQ(doubled(16, 128, 64, 80), 32);
  EXPECT_EQ(doubled(16, 128, 64, 79), 16);
}

TEST(PolicyChecks, ComeAtTheSweepsThatTheMethodNames) {
  Schedule schedule = first_check(0, 0.0);
  EXPECT_EQ(schedule.next, 24);
  schedule = next_check(schedule, 24, 0.0, true);
  EXPECT_EQ(schedule.next, 55);
  schedule = next_check(schedule, 55, 0.0, true);
  EXPECT_EQ(schedule.next, 95);
}

TEST(PolicyChecks, LeaveTheSweepsATenthOfACertificatesCost) {
  const Schedule first = first_check(7, 1000.0);
  EXPECT_EQ(first.next, 107);
  // their distances double where that is what spaces them
  EXPECT_EQ(next_check(first, 107, 1000.0, true).next, 307);
  EXPECT_EQ(next_check(first, 107, 1000.0, false).next, 237);
  // a certificate that is beyond all measure is still made some day
  EXPECT_GT(first_check(0, 1e300).next, 0);
}

TEST(PolicyChecks, ComeCloseTogetherAgainAfterTheRankHasGrown) {
  const Schedule late = {1000, 5000, Effort::cheap};
  const Schedule grown = after_growth(late);
  EXPECT_EQ(grown.next, 5000);
  EXPECT_LT(next_check(grown, 5000, 0.0, true).next, 5040);
}

TEST(PolicyReadiness, NeedsARiseBelowTheGap) {
  History history;
  for (int check = 0; check < 10; ++check) EXPECT_FALSE(is_ready(history, 1.01 * gap, gap, no_noise));
  EXPECT_TRUE(is_ready(history, 99.0 * gap * gap, gap, no_noise));
}

TEST(PolicyReadiness, PassesOverTwoChecksWhileTheObjectiveStillRises) {
  History history;
  const double rising = 0.5 * gap;
  EXPECT_FALSE(is_ready(history, rising, gap, no_noise));
  EXPECT_FALSE(is_ready(history, rising, gap, no_noise));
  EXPECT_TRUE(is_ready(history, rising, gap, no_noise));
  EXPECT_FALSE(is_ready(history, rising, gap, no_noise));
  // a rise that the arithmetic cannot tell from none is none
  EXPECT_TRUE(is_ready(history, rising, gap, rising));
}

TEST(PolicyVerdicts, ARankIsSmallWhereTheObjectiveRestsBelowTheSquareOfTheGap) {
  const double certified = 1e-3;
  const double resting = 0.09 * certified * certified;
  const double rising = 0.11 * certified * certified;
  History history;
  EXPECT_EQ(judge(history, resting, certified, gap, 80, true), Verdict::small_rank);
  EXPECT_EQ(judge(history, resting, certified, gap, 80, false), Verdict::small_rank);
  EXPECT_EQ(history.misses, 0);
  EXPECT_EQ(judge(history, rising, certified, gap, 80, true), Verdict::go_on);
  // new columns get time, and a poor certificate says little
  EXPECT_EQ(judge(history, resting, certified, gap, 79, true), Verdict::go_on);
  history = {};
  EXPECT_EQ(judge(history, 0.0, 0.02, gap, 80, true), Verdict::go_on);
  EXPECT_EQ(judge(history, 0.0, none, gap, 80, true), Verdict::go_on);
}

int checks_until_stalled(double rise, bool may_refine) {
  History history;
  int checks = 1;
  while (judge(history, rise, none, gap, 0, may_refine) == Verdict::go_on) ++checks;
  return checks;
}

TEST(PolicyVerdicts, StallAfterThreeMissesAndLaterWhileTheObjectiveRises) {
  EXPECT_EQ(checks_until_stalled(0.01 * gap, false), 3);
  EXPECT_EQ(checks_until_stalled(0.06 * gap, false), 12);
  // float64 is the next resort, and waits for nothing
  EXPECT_EQ(checks_until_stalled(0.06 * gap, true), 3);
}

TEST(PolicyInflations, GrowFromTheLastThatPassedToWhatTheGapAllows) {
  const double most = largest_inflation(gap, 3);
  // (M17): the bound grows by (1 + d)^((L + 3) / 2), here by less than the gap
  EXPECT_LT(0.5 * (3 + 3) * most, gap);
  EXPECT_GT(0.5 * (3 + 3) * most, gap / 4);
  EXPECT_DOUBLE_EQ(first_inflation(Effort::cheap, 1e-6, most), 1e-7);
  EXPECT_EQ(first_inflation(Effort::cheap, 0.0, most), 1e-9);
  EXPECT_EQ(first_inflation(Effort::dear, 1.0, most), most);
  EXPECT_EQ(first_inflation(Effort::costly, 1e-6, most), most);
  EXPECT_EQ(inflation_growth(Effort::cheap), 10.0);
  EXPECT_EQ(inflation_growth(Effort::dear), 1000.0);
}

TEST(PolicyInflations, AreFewWhereCertificatesCostMuch) {
  EXPECT_EQ(effort(9.0), Effort::cheap);
  EXPECT_EQ(effort(11.0), Effort::dear);
  EXPECT_EQ(effort(63.0), Effort::dear);
  EXPECT_EQ(effort(64.0), Effort::costly);
}

TEST(PolicyInflations, OfAProblemFarBelowStayBelowWhatIsEnough) {
  const double d = inflation_towards(2.0, 1.0, 3);
  EXPECT_GT(d, 0.0);
  EXPECT_LT(std::pow(1.0 + d, 0.5 * (3 + 3)), 2.0);
  EXPECT_FALSE(is_far_below(1.0, 1.2));
  EXPECT_TRUE(is_far_below(1.0, 1.3));
  EXPECT_FALSE(is_far_below(1.0, 0.0));
}

TEST(PolicyGap, IsMetByFiniteBoundsAlone) {
  EXPECT_TRUE(gap_is_met(1.0, 1.0 - 0.9 * gap, gap));
  EXPECT_FALSE(gap_is_met(1.0, 1.0 - 1.1 * gap, gap));
  EXPECT_FALSE(gap_is_met(none, 1.0, gap));
  EXPECT_TRUE(gap_is_met(0.0, 0.0, gap));
}

}  // namespace
}  // namespace geolip::solve
