// From a network's file to a certificate and back through the checker, as a user would go.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include <cli/child_process.hpp>
#include <cli/fake_library.hpp>
#include <support/paths.hpp>

namespace geolip::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ChildProcess;
using testing::read_file;
using testing::TemporaryFolder;
using testing::write_file;
using Arguments = std::vector<std::string>;

int geolip(Arguments arguments) {
  arguments.insert(arguments.begin(), GEOLIP_COMMAND);
  return ChildProcess(std::move(arguments)).end().first;
}

/// A network's file and the options it is read with.
struct Source {
  std::string name;
  fs::path path;
  Arguments options;
};

std::vector<Source> sources() {
  const fs::path data = geolip::test::test_data();
  return {{"onnx", data / "tiny.onnx", {}},
          {"nnet", data / "tiny.nnet", {}},
          {"nnet_physical", data / "tiny.nnet", {"--physical-units"}},
          {"mat", data / "plain.mat", {}},
          {"mat_tanh", data / "compressed.mat", {"--activation", "tanh"}},
          {"npz", data / "biased.npz", {"--activation", "leaky_relu"}}};
}

class Certificates : public ::testing::TestWithParam<Source> {
 protected:
  /// Bounds the network and writes its certificates; the paths of what was written.
  Arguments certify(const std::string& norm, const std::string& outputs) {
    const fs::path folder = folder_ / norm;
    Arguments arguments{"estimate", GetParam().path.string(), "--norm",       norm, "--outputs",
                        outputs,    "--certificate",          folder.string()};
    arguments.insert(arguments.end(), GetParam().options.begin(), GetParam().options.end());
    EXPECT_EQ(geolip(arguments), 0);
    Arguments files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path().string());
    }
    EXPECT_FALSE(files.empty());
    return files;
  }

  /// The canonical file beside a certificate.
  fs::path canonical(const std::string& certificate) const {
    return fs::path(certificate).parent_path() / (GetParam().path.filename().string() + ".npz");
  }

  int verify(Arguments certificates, const fs::path& network, const Arguments& options = {}) {
    certificates.insert(certificates.begin(), "verify");
    certificates.push_back(network.string());
    certificates.insert(certificates.end(), options.begin(), options.end());
    return geolip(certificates);
  }

  TemporaryFolder folder_;
};

TEST_P(Certificates, ConvinceTheChecker) {
  for (const char* norm : {"linf", "l2", "l1"}) {
    const Arguments files = certify(norm, norm == std::string("l1") ? "all" : "all,vector");
    EXPECT_EQ(verify(files, GetParam().path), 0) << norm;
    EXPECT_EQ(verify(files, GetParam().path, {"--exact"}), 0) << norm << " exactly";
    EXPECT_EQ(verify(files, canonical(files.front())), 0) << norm;
    Arguments program{GEOLIP_VERIFY_PROGRAM};
    program.insert(program.end(), files.begin(), files.end());
    program.push_back(canonical(files.front()).string());
    EXPECT_EQ(ChildProcess(program).end().first, 0) << norm << " by the program of its own";
  }
}

TEST_P(Certificates, DoNotProveLess) {
  const std::string file = certify("l2", "0").front();
  json certificate = json::parse(read_file(file));
  // the bound is the smallest double that the multipliers prove: one unit in the last place less is too
  // little
  std::array<char, 48> less{};
  const double bound = certificate["bound_decimal"].get<double>();
  std::snprintf(less.data(), less.size(), "%a", std::nextafter(bound, 0.0));
  certificate["bound"] = less.data();
  certificate["proofs"][0]["bound"] = less.data();
  const fs::path forged = folder_ / "forged.json";
  write_file(forged, certificate.dump());
  EXPECT_EQ(verify({forged.string()}, GetParam().path), 5);
}

TEST_P(Certificates, AreAboutOneFile) {
  const std::string file = certify("linf", "0").front();
  const fs::path other = folder_ / GetParam().path.filename().string();
  write_file(other, read_file(GetParam().path) + " ");
  EXPECT_EQ(verify({file}, other), 5);
}

INSTANTIATE_TEST_SUITE_P(Formats, Certificates, ::testing::ValuesIn(sources()),
                         [](const auto& param_info) { return param_info.param.name; });

// Two networks of one name in one folder, as they are certified one after the other.
TEST(CertificateOption, LeavesTheCanonicalFileOfAnotherNetwork) {
  TemporaryFolder folder;
  const std::string network = geolip::test::test_data() + "/tiny.nnet";
  const Arguments estimate{"estimate", network, "--outputs", "0", "--certificate", (folder / ".").string()};
  Arguments units = estimate;
  units.emplace_back("--physical-units");
  ASSERT_EQ(geolip(estimate), 0);
  EXPECT_EQ(folder.names(), (Arguments{"l2-output-0.json", "tiny.nnet.npz"}));
  const std::string first = read_file(folder / "tiny.nnet.npz");
  const std::string certificate = read_file(folder / "l2-output-0.json");
  ASSERT_EQ(geolip(units), 0);
  ASSERT_EQ(folder.names().size(), 3U);
  EXPECT_EQ(read_file(folder / "tiny.nnet.npz"), first);
  ASSERT_EQ(geolip(estimate), 0);
  EXPECT_EQ(folder.names().size(), 3U);
  // and from the canonical file itself, which belongs to the same source
  ASSERT_EQ(geolip({"estimate", (folder / "tiny.nnet.npz").string(), "--outputs", "0", "--certificate",
                    (folder / ".").string()}),
            0);
  EXPECT_EQ(folder.names().size(), 3U);
  EXPECT_EQ(read_file(folder / "l2-output-0.json"), certificate);
}

TEST(CertificateOption, NeedsProofs) {
  TemporaryFolder folder;
  const std::string network = geolip::test::test_data() + "/tiny.onnx";
  EXPECT_EQ(geolip({"estimate", network, "--certificate", (folder / ".").string(), "--verify", "off"}), 2);
}

TEST(CertificateOption, RefusesAFolderThatIsAFile) {
  TemporaryFolder folder;
  const fs::path file = folder / "file";
  write_file(file, "mine");
  const std::string network = geolip::test::test_data() + "/tiny.onnx";
  EXPECT_EQ(geolip({"estimate", network, "--certificate", file.string()}), 3);
  EXPECT_EQ(read_file(file), "mine");
}

TEST(CertificateOption, SaysWhatCouldNotBeProved) {
  TemporaryFolder folder;
  const std::string network = geolip::test::test_data() + "/tiny.onnx";
  EXPECT_EQ(geolip({"estimate", network, "--certificate", (folder / ".").string(), "--time-limit", "1e-9"}),
            4);
  EXPECT_TRUE(folder.names().empty());
}

TEST(CertificateOption, LeavesOldOrWholeCertificatesAfterAKill) {
  TemporaryFolder folder;
  const fs::path certificates = folder / "certificates";
  const std::string network = geolip::test::test_data() + "/tiny.nnet";
  Arguments arguments{GEOLIP_COMMAND,  "estimate",           network, "--outputs", "all,0-1,vector",
                      "--certificate", certificates.string()};
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(ChildProcess(arguments).end().first, 0);
  const auto whole = std::chrono::steady_clock::now() - begin;
  std::mt19937 random(3);
  constexpr int rounds = 25;
  int killed = 0;
  double share = 1.0;  // of that time: later after a run that was killed, earlier after one that was not
  for (int round = 0; round < rounds; ++round) {
    // units make the certificates of one run differ from those of the next
    if (round % 2 == 0) {
      arguments.emplace_back("--physical-units");
    } else {
      arguments.pop_back();
    }
    ChildProcess process(arguments);
    // most of the time goes by before the first certificate is written
    std::this_thread::sleep_for(whole * share * (0.5 + 0.6 * static_cast<double>(random()) / 4294967296.0));
    process.send(SIGKILL);
    const bool was_killed = process.end().first == -1;
    killed += was_killed ? 1 : 0;
    share *= was_killed ? 1.1 : 0.7;
    Arguments check{"verify"};
    for (const auto& entry : fs::directory_iterator(certificates)) {
      if (entry.path().extension() == ".json") check.push_back(entry.path().string());
    }
    ASSERT_EQ(check.size(), 5U) << round;
    check.push_back(network);
    ASSERT_EQ(geolip(check), 0) << round;
  }
  EXPECT_GT(killed, 0);
}

}  // namespace
}  // namespace geolip::cli
