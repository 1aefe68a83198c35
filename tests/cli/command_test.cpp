// The real command on the networks that come with GeoLIP.
#include <geolip/version.hpp>
#include <support/address_space.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>

#include <cli/child_process.hpp>
#include <cli/fake_library.hpp>
#include <support/paths.hpp>

namespace geolip::cli {
namespace {

using nlohmann::json;
using testing::ChildProcess;

std::pair<int, std::string> geolip(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), GEOLIP_COMMAND);
  return ChildProcess(std::move(arguments)).end();
}

const std::string shallow = geolip::test::source_dir() + "/examples/mnist_784-256-10.onnx";
const std::string deep = geolip::test::source_dir() + "/examples/mnist_784-64x6-10.onnx";

TEST(Command, BoundsAnExampleNetwork) {
  const auto [code, text] = geolip({"estimate", shallow, "--outputs", "3,3-5", "--baselines", "--json", "-"});
  EXPECT_EQ(code, 0);
  const json report = json::parse(text);
  EXPECT_EQ(report["network"]["inputs"], 784);
  ASSERT_EQ(report["results"].size(), 2U);
  for (const json& result : report["results"]) {
    EXPECT_EQ(result["status"], "verified");
    EXPECT_LE(result["lower"].get<double>(), result["upper"].get<double>());
    EXPECT_LE(result["relaxation"].get<double>(), result["upper"].get<double>());
    EXPECT_LE(result["baselines"]["gradient"].get<double>(), result["upper"].get<double>());
    EXPECT_GE(result["baselines"]["product"].get<double>(), result["upper"].get<double>());
  }
}

TEST(Command, DescribesAnExampleNetwork) {
  const auto [code, text] = geolip({"info", shallow, "--json", "-"});
  EXPECT_EQ(code, 0);
  EXPECT_EQ(json::parse(text)["network"]["neurons"], 256);
}

TEST(Command, EndsWithTheExitCodeOfItsError) {
  EXPECT_EQ(geolip({"--version"}), std::make_pair(0, std::string("geolip ") + version + "\n"));
  EXPECT_EQ(geolip({"estimate"}).first, 2);
  EXPECT_EQ(geolip({"estimate", shallow, "--outputs", "10"}).first, 2);
  EXPECT_EQ(geolip({"estimate", "no-such-network.onnx"}).first, 3);
  EXPECT_EQ(geolip({"estimate", shallow, "--outputs", "0", "--max-iterations", "1", "--gap", "1e-9"}).first,
            4);
}

/// Runs the command with so many KiB of address space. What has not ended after a minute never does.
std::pair<int, std::string> geolip_within(int kibibytes, const std::string& arguments) {
  const std::string line = "ulimit -v " + std::to_string(kibibytes) +
                           "; timeout -s KILL 60 " GEOLIP_COMMAND " " + arguments + " 2>&1";
  return ChildProcess({"/bin/bash", "-c", line}).end();
}

TEST(Command, EndsUnderALimitOfItsAddressSpace) {
  if (!test::limits_address_space) GTEST_SKIP() << "a sanitizer needs all of the address space";
  for (const int limit : {150000, 500000}) {
    EXPECT_EQ(geolip_within(limit, "--version"), std::make_pair(0, std::string("geolip ") + version + "\n"));
  }
  for (const int limit : {80000, 150000, 220000, 300000, 500000}) {
    const auto [code, text] = geolip_within(limit, "estimate " + shallow + " --outputs 0");
    if (code == 0) continue;
    EXPECT_EQ(code, 3) << limit << ": " << text;
    EXPECT_NE(text.find("geolip: memory: "), std::string::npos) << text;
  }
}

TEST(Command, NamesThreadsThatCannotBeStarted) {
  if (!test::limits_address_space) GTEST_SKIP() << "a sanitizer needs all of the address space";
  const auto [code, text] = geolip_within(3000000, "estimate " + shallow + " --outputs 0 --threads 2000");
  EXPECT_EQ(code, 3) << text;
  EXPECT_NE(text.find("threads"), std::string::npos) << text;
  EXPECT_EQ(geolip_within(3000000, "estimate " + shallow + " --outputs 0").first, 0);
}

TEST(Command, ReturnsValidBoundsWhenItIsInterrupted) {
  const auto start = std::chrono::steady_clock::now();
  ChildProcess process(
      {GEOLIP_COMMAND, "estimate", deep, "--outputs", "pairs", "--gap", "1e-14", "--json", "-"});
  ASSERT_TRUE(process.catches(SIGINT));
  process.send(SIGINT);
  const auto [code, text] = process.end();
  EXPECT_EQ(code, 4);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::minutes(2));
  const json report = json::parse(text);
  ASSERT_EQ(report["results"].size(), 45U);
  for (const json& result : report["results"]) {
    EXPECT_EQ(result["status"], "limit");
    EXPECT_LE(result["lower"].get<double>(), result["upper"].get<double>());
  }
}

/// What a line of the shell prints, and the exit code of its last command.
std::pair<int, std::string> shell(const std::string& line) {
  return ChildProcess({"/bin/sh", "-c", line + " 2>&1"}).end();
}

TEST(Command, SaysThatHelpCouldNotBePrinted) {
  const auto expect = [](const std::string& name, const std::string& command, const std::string& arguments) {
    const std::string line = command + " " + arguments + " 2>&1 > /dev/full";
    const auto [code, text] = ChildProcess({"/bin/sh", "-c", line}).end();
    EXPECT_EQ(code, 3) << arguments;
    EXPECT_EQ(text, name + ": the standard output cannot be written\n") << arguments;
  };
  for (const std::string arguments : {"--help", "--version", "estimate --help", "verify --version"})
    expect("geolip", GEOLIP_COMMAND, arguments);
  for (const std::string arguments : {"--help", "--version"})
    expect("geolip-verify", GEOLIP_VERIFY_PROGRAM, arguments);
}

TEST(Command, ReportsALimitOfFileSizes) {
  const testing::TemporaryFolder folder;
  const std::string file = (folder / "r.json").string();
  const auto [code, text] =
      shell("ulimit -f 0; " + std::string(GEOLIP_COMMAND) + " info " + shallow + " --json " + file);
  EXPECT_EQ(code, 3) << text;
  EXPECT_NE(text.find("geolip: " + file + ": cannot be written (File too large)"), std::string::npos) << text;
  EXPECT_TRUE(folder.names().empty());
}

TEST(Command, DoesNotWriteOverWhatItReads) {
  const testing::TemporaryFolder folder;
  const std::string network = (folder / "net.onnx").string();
  testing::write_file(network, testing::read_file(shallow));
  std::filesystem::create_symlink("net.onnx", folder / "link");
  std::filesystem::create_directory(folder / "proofs");
  std::filesystem::create_hard_link(network, folder / "proofs/l2-output-0.json");
  const std::string link = (folder / "link").string();
  const std::string sentence = "cannot be written (it is the input " + network + ")\n";
  const std::vector<std::string> commands{
      "info " + network + " --json " + link, "estimate " + network + " --outputs 0 --json " + network,
      "estimate " + network + " --outputs 0 --certificate " + (folder / "proofs").string(),
      "verify c.json " + network + " --json " + link};
  const std::string geolip = std::string(GEOLIP_COMMAND) + " ";
  for (const std::string& arguments : commands) {
    const auto [code, text] = shell(geolip + arguments);
    EXPECT_EQ(code, 3) << arguments;
    EXPECT_NE(text.find(sentence), std::string::npos) << text;
  }
  EXPECT_EQ(testing::read_file(network), testing::read_file(shallow));
  const std::string twice = "estimate " + network + " --outputs 1 --certificate " +
                            (folder / "new").string() + " --json " +
                            (folder / "new/l2-output-1.json").string();
  std::filesystem::create_directory(folder / "new");
  EXPECT_EQ(shell(std::string(GEOLIP_COMMAND) + " " + twice).first, 3);
}

}  // namespace
}  // namespace geolip::cli
