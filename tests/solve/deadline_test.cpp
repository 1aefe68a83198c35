// When a run has to end: its limit, what is still to come, and a request to stop.
#include <solve/deadline.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <stop_token>

namespace geolip {
namespace {

using solve::Deadline;

constexpr double endless = std::numeric_limits<double>::infinity();

TEST(Deadline, LeavesTimeForWhatIsStillToComeUpToHalfOfTheLimit) {
  Settings settings;
  settings.time_limit = 1e6;
  const Deadline deadline(settings);
  EXPECT_FALSE(deadline.passed());
  EXPECT_FALSE(deadline.passed(4e5));
  EXPECT_FALSE(deadline.passed(1e9));
  // more than half of the limit has gone by
  settings.time_limit = 1.5 * deadline.seconds();
  EXPECT_TRUE(deadline.passed(endless));
  settings.time_limit = 1e-9;
  EXPECT_TRUE(deadline.passed());
}

TEST(Deadline, WithoutALimitNothingPassesButAStop) {
  std::stop_source source;
  Settings settings;
  settings.stop = source.get_token();
  const Deadline deadline(settings);
  EXPECT_FALSE(deadline.passed(endless));
  EXPECT_FALSE(deadline.passed(1e300));
  source.request_stop();
  EXPECT_TRUE(deadline.stopped());
  EXPECT_TRUE(deadline.passed(0.0));
}

}  // namespace
}  // namespace geolip
