// The command itself is run: a sweep starts it again for each of its runs.
#include <cli/sweep/sweep.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include <cli/child_process.hpp>
#include <cli/fake_library.hpp>
#include <support/paths.hpp>

namespace geolip::cli {
namespace {

using Json = nlohmann::ordered_json;
using testing::ChildProcess;
using ::testing::HasSubstr;
using testing::read_file;
using testing::write_file;

std::vector<Json> lines_of(const std::filesystem::path& path) {
  std::vector<Json> lines;
  std::istringstream text(read_file(path));
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

/// How many whole lines the text has.
long lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

class SweepTest : public ::testing::Test {
 protected:
  SweepTest() {
    std::filesystem::copy_file(geolip::test::test_data() + "/tiny.nnet", folder_ / "tiny.nnet");
    write_file(folder_ / "s.toml",
               "networks = ['tiny.nnet']\nnorms = ['linf', 'l2']\n[settings]\ngap = [1e-2, 1e-4]\n");
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// geolip sweep s.toml --out r.jsonl, and more
  std::vector<std::string> command(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{GEOLIP_COMMAND, "sweep", path("s.toml"), "--out", path("r.jsonl")};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::pair<int, std::string> sweep(const std::vector<std::string>& more = {}) const {
    return ChildProcess(command(more)).end();
  }
  /// The first line that it prints as an error, once it has ended.
  std::string error(const std::vector<std::string>& more = {}) const {
    ChildProcess process(command(more));
    std::string line = process.error_line();
    process.end();
    return line;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(SweepTest, WritesALineForEachRun) {
  const auto [code, out] = sweep();
  EXPECT_EQ(code, 0);
  EXPECT_THAT(out, HasSubstr("4 of 4 runs ended: 4 certified, 0 at a limit, 0 failed"));
  const std::vector<Json> lines = lines_of(folder_ / "r.jsonl");
  ASSERT_EQ(lines.size(), 4U);
  // What estimate reports is in the line, unchanged.
  const auto [estimate_code, report] = ChildProcess({GEOLIP_COMMAND, "estimate", path("tiny.nnet"), "--norm",
                                                     "linf", "--gap", "0.01", "--json", "-"})
                                           .end();
  EXPECT_EQ(estimate_code, 0);
  const Json direct = Json::parse(report);
  EXPECT_EQ(lines[0]["network"], direct["network"]);
  EXPECT_EQ(lines[0]["results"][0]["upper"], direct["results"][0]["upper"]);
  EXPECT_EQ(lines[0]["run"]["network"], "tiny.nnet");
  EXPECT_EQ(lines[0]["run"]["norm"], "linf");
  EXPECT_EQ(lines[0]["run"]["settings"], Json({{"gap", 0.01}}));
  EXPECT_TRUE(lines[0]["run"]["error"].is_null());
  EXPECT_GT(lines[0]["run"]["peak_memory"].get<long>(), 1 << 20);
  EXPECT_EQ(lines[3]["run"]["norm"], "l2");
  EXPECT_EQ(lines[3]["run"]["settings"], Json({{"gap", 1e-4}}));
}

TEST_F(SweepTest, GoesOnWhereItWasEnded) {
  sweep();
  const std::string all = read_file(folder_ / "r.jsonl");
  // Killed while it wrote the third line.
  const std::size_t second = all.find('\n', all.find('\n') + 1) + 1;
  write_file(folder_ / "r.jsonl", all.substr(0, second + 40));
  EXPECT_THAT(error(), HasSubstr("a last line that was never finished is left out"));
  const auto [code, out] = sweep();
  EXPECT_EQ(code, 0);
  EXPECT_THAT(out, HasSubstr("4 of 4 runs are in "));
  const std::vector<Json> lines = lines_of(folder_ / "r.jsonl");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(read_file(folder_ / "r.jsonl").substr(0, second), all.substr(0, second));
  EXPECT_EQ(lines[2]["run"]["id"],
            Json::parse(all.substr(second, all.find('\n', second) - second))["run"]["id"]);
}

TEST_F(SweepTest, KilledAtAnyMomentItLosesOnlyWhatWasInFlight) {
  using namespace std::chrono_literals;
  write_file(folder_ / "s.toml", "networks = 'tiny.nnet'\n[settings]\nseed = [1,2,3,4,5]\n");
  std::string before;
  bool finished = false;
  for (int round = 1; round < 1000 && !finished; ++round) {
    ChildProcess process(command({"--jobs", "2"}));
    // Later each time, so that in the end it gets through however slow the machine is.
    for (int i = 0; i < round && !finished; ++i) {
      std::this_thread::sleep_for(25ms);
      finished = lines(read_file(folder_ / "r.jsonl")) == 5;
    }
    process.send(SIGKILL);
    process.end();
    const std::string now = read_file(folder_ / "r.jsonl");
    const std::string whole = now.substr(0, now.rfind('\n') + 1);
    ASSERT_EQ(whole.substr(0, before.size()), before) << "round " << round;
    before = whole;
  }
  EXPECT_EQ(sweep().first, 0);
  std::set<std::string> ids;
  for (const Json& line : lines_of(folder_ / "r.jsonl")) ids.insert(line["run"]["id"]);
  EXPECT_EQ(ids.size(), 5U);
  EXPECT_EQ(lines(read_file(folder_ / "r.jsonl")), 5);
}

TEST_F(SweepTest, RunsAgainWhatFailedAndWhatHasChanged) {
  write_file(folder_ / "s.toml", "networks = ['tiny.nnet', 'late.nnet']\n");
  EXPECT_EQ(sweep().first, 3);
  std::vector<Json> lines = lines_of(folder_ / "r.jsonl");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[1]["run"]["error"].get<std::string>(), HasSubstr("late.nnet"));
  EXPECT_EQ(lines[1]["run"]["exit_code"], 3);
  EXPECT_FALSE(lines[1].contains("results"));
  std::filesystem::copy_file(folder_ / "tiny.nnet", folder_ / "late.nnet");
  EXPECT_EQ(sweep().first, 0);
  lines = lines_of(folder_ / "r.jsonl");
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[2]["run"]["id"], lines[1]["run"]["id"]);
  EXPECT_TRUE(lines[2]["run"]["error"].is_null());
  write_file(folder_ / "late.nnet", read_file(folder_ / "tiny.nnet") + "\n");
  EXPECT_EQ(sweep().first, 0);
  EXPECT_EQ(lines_of(folder_ / "r.jsonl").size(), 4U);
}

TEST_F(SweepTest, ShardsShareTheRuns) {
  EXPECT_EQ(sweep({"--shard", "1/3"}).first, 0);
  ChildProcess({GEOLIP_COMMAND, "sweep", path("s.toml"), "--out", path("b.jsonl"), "--shard", "2/3"}).end();
  ChildProcess({GEOLIP_COMMAND, "sweep", path("s.toml"), "--out", path("c.jsonl"), "--shard", "3/3"}).end();
  std::set<std::string> ids;
  for (const char* file : {"r.jsonl", "b.jsonl", "c.jsonl"}) {
    for (const Json& line : lines_of(folder_ / file)) ids.insert(line["run"]["id"]);
  }
  EXPECT_EQ(lines_of(folder_ / "r.jsonl").size(), 2U);
  EXPECT_EQ(ids.size(), 4U);
}

TEST_F(SweepTest, JobsThatEndTogetherLoseNoLine) {
  EXPECT_EQ(sweep({"--jobs", "3"}).first, 0);
  std::set<std::string> ids;
  for (const Json& line : lines_of(folder_ / "r.jsonl")) ids.insert(line["run"]["id"]);
  EXPECT_EQ(ids.size(), 4U);
}

TEST_F(SweepTest, GivesDevicesToRunsThatNameNone) {
  write_file(folder_ / "s.toml",
             "networks = 'tiny.nnet'\n[[sweep]]\n[[sweep]]\nsettings = {device = 'cpu'}\n");
  // A device that no machine has: only the run that the manifest gives another one gets through.
  EXPECT_EQ(sweep({"--devices", "cuda:999"}).first, 3);
  const std::vector<Json> all = lines_of(folder_ / "r.jsonl");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[0]["run"]["error"].get<std::string>(), HasSubstr("cuda"));
  EXPECT_TRUE(all[1]["run"]["error"].is_null());
}

TEST_F(SweepTest, WritesCertificatesThatVerify) {
  write_file(folder_ / "s.toml", "networks = 'tiny.nnet'\noutputs = 0\n");
  EXPECT_EQ(sweep({"--certificates", path("proofs")}).first, 0);
  const std::string id = lines_of(folder_ / "r.jsonl")[0]["run"]["id"];
  const std::string proof = path("proofs/" + id + "/l2-output-0.json");
  EXPECT_EQ(ChildProcess({GEOLIP_COMMAND, "verify", proof, path("tiny.nnet")}).end().first, 0);
}

TEST_F(SweepTest, ListsWithoutRunning) {
  const auto [code, out] = ChildProcess({GEOLIP_COMMAND, "sweep", path("s.toml"), "--list"}).end();
  EXPECT_EQ(code, 0);
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 4);
  EXPECT_THAT(out, HasSubstr("  tiny.nnet  linf  all  gap=0.01\n"));
}

TEST_F(SweepTest, LeavesFilesAloneThatAreNoResults) {
  for (const char* text : {"my thesis\n", "my thesis", "{\"tool\":\"geolip\"}\n", "\n", "{}\n"}) {
    write_file(folder_ / "r.jsonl", text);
    EXPECT_THAT(error(), HasSubstr("r.jsonl: line 1 is no result of geolip sweep")) << text;
    EXPECT_EQ(sweep().first, 3);
    EXPECT_EQ(read_file(folder_ / "r.jsonl"), text);
  }
}

TEST_F(SweepTest, HasItsFileForItself) {
  write_file(folder_ / "r.jsonl", "");
  const int fd = open(path("r.jsonl").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(flock(fd, LOCK_EX), 0);
  EXPECT_THAT(error(), HasSubstr("another sweep is writing to it"));
  close(fd);
  EXPECT_EQ(sweep().first, 0);
}

TEST_F(SweepTest, SaysWhatIsWrongWithItsArguments) {
  using testing::run_command;
  EXPECT_EQ(run_command({"sweep"}).code, 2);
  EXPECT_THAT(run_command({"sweep", "s.toml"}).err, HasSubstr("sweep needs --out FILE"));
  for (const char* shard : {"0/3", "4/3", "1", "a/b", "1/", "-1/3"}) {
    EXPECT_EQ(run_command({"sweep", "s.toml", "--out", "r", std::string("--shard=") + shard}).err,
              "geolip: --shard: '" + std::string(shard) + "' is not a part and a number of parts, as 3/8\n");
  }
  EXPECT_THAT(run_command({"sweep", "s.toml", "--out", "r", "--devices", "cpu,gpu"}).err,
              HasSubstr("--devices: 'gpu' is not one of auto, cpu, cuda, cuda:N"));
  EXPECT_EQ(run_command({"sweep", path("s.toml"), "--out", path("no/such/r.jsonl")}).code, 3);
  EXPECT_EQ(run_command({"sweep", path("s.toml"), "--out", "/"}).code, 3);
}

/// A sweep whose runs wait until they are killed.
class WaitingSweep : public SweepTest {
 protected:
  ChildProcess start() const {
    write_file(folder_ / "s.toml", "networks = ['a', 'b']\n[settings]\nseed = 1\n");
    std::vector<std::string> words = command({"--jobs", "2"});
    words.front() = WAITING_GEOLIP;
    return ChildProcess(words);
  }

  /// The processes of its runs: those with a network of this test among their arguments.
  std::vector<pid_t> running() const {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream file(entry.path() / "cmdline", std::ios::binary);
      const std::string words{std::istreambuf_iterator<char>(file), {}};
      if (words.find(path("a")) != std::string::npos || words.find(path("b")) != std::string::npos) {
        found.push_back(std::stoi(name));
      }
    }
    return found;
  }

  bool becomes(std::size_t wanted) const {
    using namespace std::chrono_literals;
    for (int i = 0; i < 6000 && running().size() != wanted; ++i) std::this_thread::sleep_for(10ms);
    return running().size() == wanted;
  }
};

TEST_F(WaitingSweep, CtrlCEndsItAndItsRuns) {
  ChildProcess process = start();
  ASSERT_TRUE(becomes(2));
  process.send(SIGINT);
  const auto [code, out] = process.end();
  EXPECT_EQ(code, 4);
  EXPECT_THAT(out, HasSubstr("0 of 2 runs ended"));
  EXPECT_THAT(out, HasSubstr("interrupted, the same command goes on from here"));
  EXPECT_TRUE(becomes(0));
  EXPECT_EQ(read_file(folder_ / "r.jsonl"), "");
}

TEST_F(WaitingSweep, ItsRunsDieWithIt) {
  ChildProcess process = start();
  ASSERT_TRUE(becomes(2));
  process.send(SIGKILL);
  EXPECT_EQ(process.end().first, -1);
  EXPECT_TRUE(becomes(0));
}

TEST_F(WaitingSweep, ARunThatIsKilledIsAResult) {
  ChildProcess process = start();
  ASSERT_TRUE(becomes(2));
  for (const pid_t pid : running()) kill(pid, SIGKILL);
  EXPECT_EQ(process.end().first, 3);
  const std::vector<Json> lines = lines_of(folder_ / "r.jsonl");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["run"]["error"], "it was killed, probably because memory ran out");
}

}  // namespace
}  // namespace geolip::cli
