#include <cli/progress.hpp>

#include <gtest/gtest.h>

#include <sstream>

namespace geolip::cli {
namespace {

const Progress some_progress{10, 3, 120, 16, 0.00205, 1.23};

TEST(Progress, IsOneShortLine) {
  EXPECT_EQ(progress_text(some_progress), "3 of 10 certified, gap 2.1e-03, sweep 120, rank 16, 1.2 s");
  Progress start;
  start.problems = 10;
  EXPECT_EQ(progress_text(start), "0 of 10 certified, sweep 0, rank 0, 0.0 s");
}

TEST(ProgressLine, OverwritesItselfAndIsCleared) {
  std::ostringstream err;
  {
    ProgressLine line(err, 80);
    line.show(progress_text(some_progress));
    EXPECT_EQ(err.str(), "\r\x1b[K" + progress_text(some_progress));
    err.str("");
  }
  EXPECT_EQ(err.str(), "\r\x1b[K");
}

TEST(ProgressLine, FitsANarrowTerminal) {
  std::ostringstream err;
  ProgressLine line(err, 20);
  line.show(progress_text(some_progress));
  EXPECT_EQ(err.str(), "\r\x1b[K3 of 10 certified, ");
}

TEST(ProgressLine, IsSilentWithoutATerminal) {
  std::ostringstream err;
  {
    ProgressLine line(err, 0);
    line.show(progress_text(some_progress));
    line.clear();
  }
  EXPECT_EQ(err.str(), "");
}

TEST(ProgressLine, ClearsNothingThatWasNotShown) {
  std::ostringstream err;
  { const ProgressLine line(err, 80); }
  EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace geolip::cli
