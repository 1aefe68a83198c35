#include <cli/stop_on_signal.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include <cli/child_process.hpp>

namespace geolip::cli {
namespace {

using namespace std::chrono_literals;
using testing::ChildProcess;

/// Waits for a wish to stop, ten seconds at most.
bool asked_soon(const std::stop_token& token) {
  for (int i = 0; i < 2000 && !token.stop_requested(); ++i) std::this_thread::sleep_for(5ms);
  return token.stop_requested();
}

TEST(StopOnSignal, AsksOnTheFirstSignal) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const StopOnSignal stop;
    EXPECT_FALSE(stop.token().stop_requested());
    std::raise(signal);
    EXPECT_TRUE(asked_soon(stop.token()));
  }
}

TEST(StopOnSignal, PutsBackTheHandlersThatItFound) {
  struct sigaction before {};
  sigaction(SIGINT, nullptr, &before);
  { const StopOnSignal stop; }
  struct sigaction after {};
  sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST(StopOnSignal, LeavesAnIgnoredSignalIgnored) {
  const auto before = std::signal(SIGINT, SIG_IGN);
  {
    const StopOnSignal stop;
    std::raise(SIGINT);
    std::this_thread::sleep_for(20ms);
    EXPECT_FALSE(stop.token().stop_requested());
  }
  std::signal(SIGINT, before);
}

TEST(CtrlC, EndsWithTheValidBoundsAndExitCodeFour) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ChildProcess geolip({WAITING_GEOLIP, "estimate", "net.onnx", "--seed", "0"});
    ASSERT_EQ(geolip.error_line(), "ready");
    geolip.send(signal);
    const auto [code, text] = geolip.end();
    EXPECT_EQ(code, 4);
    EXPECT_NE(text.find("; interrupted at a gap of"), std::string::npos) << text;
    EXPECT_NE(text.find("1.500100"), std::string::npos) << text;
  }
}

TEST(CtrlC, EndsAtOnceTheSecondTime) {
  ChildProcess geolip({WAITING_GEOLIP, "estimate", "net.onnx", "--seed", "1"});
  ASSERT_EQ(geolip.error_line(), "ready");
  geolip.send(SIGINT);
  ASSERT_EQ(geolip.error_line(), "asked");
  geolip.send(SIGINT);
  const auto [code, text] = geolip.end();
  EXPECT_EQ(code, 130);
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace geolip::cli
