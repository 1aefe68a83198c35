// Signals that come while a report is written.
#include <cli/hold_signals.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include <cli/fake_library.hpp>
#include <cli/output_file.hpp>

namespace geolip::cli {
namespace {

using namespace std::chrono_literals;
using testing::read_file;
using testing::TemporaryFolder;

volatile std::sig_atomic_t seen = 0;
void note(int signal) { seen = signal; }

TEST(HoldSignals, RaisesThemAgainAtTheEnd) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    seen = 0;
    const auto before = std::signal(signal, note);
    {
      const HoldSignals hold;
      std::raise(signal);
      EXPECT_EQ(seen, 0);
    }
    EXPECT_EQ(seen, signal);
    std::signal(signal, before);
  }
}

TEST(HoldSignals, LeavesAnIgnoredSignalIgnored) {
  const auto before = std::signal(SIGINT, SIG_IGN);
  {
    const HoldSignals hold;
    std::raise(SIGINT);
  }
  EXPECT_EQ(std::signal(SIGINT, before), SIG_IGN);
}

/// A report that tells whether it is whole: its letter, many times, and a mark at the end.
std::string report(char letter) { return std::string(200000, letter) + "."; }

bool is_whole(const std::string& text) { return text == report('a') || text == report('b'); }

/// A process that replaces a report without end.
class Writer {
 public:
  explicit Writer(const std::filesystem::path& path) : pid_(fork()) {
    if (pid_ != 0) return;
    const OutputFile file(path);
    while (true) {
      file.write(report('a'));
      file.write(report('b'));
    }
  }
  /// Ends it; returns the signal that did.
  int end(int signal) const {
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

 private:
  pid_t pid_;
};

/// Lets a writer run for some random time, ends it by the signal and checks the report; again and again.
void interrupt_writers(const TemporaryFolder& folder, int signal, int rounds) {
  std::mt19937 random(5);
  const auto before = std::signal(SIGINT, SIG_DFL);  // a writer must not inherit that it is ignored
  const auto path = folder / "report.json";
  OutputFile(path).write(report('a'));
  for (int round = 0; round < rounds; ++round) {
    const Writer writer(path);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
    ASSERT_EQ(writer.end(signal), signal);
    ASSERT_TRUE(is_whole(read_file(path))) << round;
  }
  std::signal(SIGINT, before);
}

TEST(InterruptedReports, AreOldOrWholeAfterAKill) {
  const TemporaryFolder folder;
  interrupt_writers(folder, SIGKILL, 100);
}

TEST(InterruptedReports, LeaveNothingBehindAfterCtrlC) {
  const TemporaryFolder folder;
  interrupt_writers(folder, SIGINT, 100);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"report.json"});
}

}  // namespace
}  // namespace geolip::cli
