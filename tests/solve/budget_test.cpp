// When a run has to end: its limit, what is still to come, a request to stop, and how long what ends it may
// take.
#include <solve/budget.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace geolip::solve {
namespace {

constexpr double endless = std::numeric_limits<double>::infinity();

Settings limited(double seconds) {
  Settings settings;
  settings.time_limit = seconds;
  return settings;
}

TEST(Budget, LeavesTimeForWhatIsStillToComeUpToHalfOfTheLimit) {
  const Budget budget(limited(1e6));
  EXPECT_FALSE(budget.passed());
  EXPECT_FALSE(budget.passed(4e5));
  EXPECT_FALSE(budget.passed(1e9));
  const Budget none(limited(1e-9));
  std::this_thread::sleep_for(std::chrono::microseconds(1));
  EXPECT_TRUE(none.passed());
}

TEST(Budget, WithoutALimitNothingPassesButAStop) {
  std::stop_source source;
  Settings settings;
  settings.stop = source.get_token();
  const Budget budget(settings);
  EXPECT_FALSE(budget.passed(endless));
  EXPECT_TRUE(budget.is_worth(1e9));
  EXPECT_TRUE(budget.has(1e9));
  source.request_stop();
  EXPECT_TRUE(budget.stopped());
  EXPECT_TRUE(budget.passed());
  // nobody waits for more than two seconds
  EXPECT_TRUE(budget.is_worth(1.9));
  EXPECT_FALSE(budget.is_worth(2.1));
  EXPECT_FALSE(budget.has(2.1));
}

TEST(Budget, KnowsAStopFromBeforeItsTime) {
  std::stop_source source;
  source.request_stop();
  Settings settings;
  settings.stop = source.get_token();
  const Budget budget(settings);
  EXPECT_FALSE(budget.has(2.1));
}

TEST(Budget, LetsWhatEndsARunTakeAsLongAsItsLimitOrTwoSeconds) {
  EXPECT_EQ(last_moment(1.0, endless), 3.0);
  EXPECT_EQ(last_moment(60.0, endless), 120.0);
  EXPECT_EQ(last_moment(endless, endless), endless);
  EXPECT_EQ(last_moment(60.0, 5.0), 7.0);
  EXPECT_EQ(last_moment(60.0, 119.0), 120.0);
  const Budget budget(limited(60.0));
  EXPECT_TRUE(budget.is_worth(59.0));
  EXPECT_FALSE(budget.is_worth(61.0));
}

}  // namespace
}  // namespace geolip::solve
