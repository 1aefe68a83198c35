#include <cli/verify.hpp>

#include <geolip/version.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <checker/certificates.hpp>
#include <cli/child_process.hpp>
#include <cli/fake_library.hpp>

namespace geolip::cli {
namespace {

using checker::testing::tiny_certificate;
using nlohmann::json;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::TemporaryFolder;

/// Provers that say yes, and remember how they were asked.
struct FakeProvers {
  int threads = -1;
  int exact = 0;
  bool answer = true;

  Library as_library() {
    Library result = testing::fake_library();
    result.read_network = read_network;
    result.provers.prove = [this](const checker::Network&, const checker::Proof&, int n) {
      threads = n;
      return checker::Verdict{answer, answer ? "" : "M is not definite", 0.0};
    };
    result.provers.prove_exactly = [this](const checker::Network&, const checker::Proof&) {
      ++exact;
      return checker::Verdict{true, "", 0.0};
    };
    return result;
  }
};

class Verify : public ::testing::Test {
 protected:
  Verify() {
    testing::write_file(network(), checker::testing::tiny_file());
    testing::write_file(path("good.json"), tiny_certificate(checker::InputNorm::linf).dump());
    json bad = tiny_certificate(checker::InputNorm::l2);
    bad["network"]["sha256"] = std::string(64, '0');
    testing::write_file(path("bad.json"), bad.dump());
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string network() const { return path("tiny.npz"); }
  Outcome run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "verify");
    return testing::run_command(arguments, provers_.as_library());
  }

  TemporaryFolder folder_;
  FakeProvers provers_;
};

const std::string good_line = "VERIFIED  good.json  linf  output 0  bound 10.00000000\n";
const std::string bad_line =
    "REJECTED  bad.json  the certificate is about another network: the SHA-256 of the canonical file "
    "differs\n";

TEST_F(Verify, PrintsALineForEachCertificate) {
  const Outcome good = run({path("good.json"), network()});
  EXPECT_EQ(good.out, good_line);
  EXPECT_EQ(good.err, "");
  EXPECT_EQ(good.code, 0);
  const Outcome both = run({path("bad.json"), path("good.json"), network()});
  EXPECT_EQ(both.out, bad_line + good_line);
  EXPECT_EQ(both.code, 5);
  const Outcome quiet = run({path("bad.json"), path("good.json"), network(), "--quiet"});
  EXPECT_EQ(quiet.out, bad_line);
  EXPECT_EQ(quiet.code, 5);
}

TEST_F(Verify, RejectsWhatIsNotProved) {
  provers_.answer = false;
  const Outcome outcome = run({path("good.json"), network()});
  EXPECT_EQ(outcome.out, "REJECTED  good.json  M is not definite\n");
  EXPECT_EQ(outcome.code, 5);
}

TEST_F(Verify, SaysOnWhatABoundDepends) {
  json certificate = tiny_certificate(checker::InputNorm::linf);
  certificate["slopes"] = {{{"lower", {"0x0p+0", "0x0p+0"}}, {"upper", {"0x1p+0", "0x1p+0"}}}};
  testing::write_file(path("local.json"), certificate.dump());
  EXPECT_EQ(run({path("local.json"), network()}).out,
            "VERIFIED  local.json  linf  output 0  bound 10.00000000  (only where all slopes lie in the "
            "certificate's own intervals)\n");
}

TEST_F(Verify, PrintsBoundsRoundedUp) {
  json certificate = tiny_certificate(checker::InputNorm::linf);
  certificate["bound"] = certificate["proofs"][0]["bound"] =
      "0x1.999999999999ap+3";  // 12.8000000000000007...
  certificate["bound_decimal"] = 12.9;
  testing::write_file(path("up.json"), certificate.dump());
  EXPECT_THAT(run({path("up.json"), network()}).out, HasSubstr("bound 12.80000001\n"));
}

TEST_F(Verify, HandsItsOptionsOn) {
  run({path("good.json"), network(), "--threads", "3"});
  EXPECT_EQ(provers_.threads, 3);
  run({path("good.json"), network()});
  EXPECT_GE(provers_.threads, 1);
  EXPECT_EQ(provers_.exact, 0);
  provers_.answer = false;
  EXPECT_EQ(run({path("good.json"), network(), "--exact"}).code, 0);
  EXPECT_EQ(provers_.exact, 1);
}

TEST_F(Verify, WritesAReport) {
  const Outcome outcome = run({path("good.json"), path("bad.json"), network(), "--json", "-"});
  EXPECT_EQ(outcome.code, 5);
  const json report = json::parse(outcome.out);
  EXPECT_EQ(report["tool"], "geolip");
  EXPECT_EQ(report["version"], version);
  EXPECT_EQ(report["network"]["sha256"], checker::testing::tiny_network().sha256);
  EXPECT_EQ(report["arithmetic"], "floating point");
  const json& good = report["results"][0];
  EXPECT_EQ(good["status"], "verified");
  EXPECT_EQ(good["norm"], "linf");
  EXPECT_EQ(good["objective"], 0);
  EXPECT_EQ(good["bound"], 10.0);
  EXPECT_EQ(good["slopes"], "network");
  EXPECT_EQ(good["reading"], json::object());
  EXPECT_EQ(report["results"][1]["status"], "rejected");
  EXPECT_THAT(report["results"][1]["reason"].get<std::string>(), HasSubstr("another network"));
  run({path("good.json"), network(), "--json", path("report.json")});
  EXPECT_EQ(json::parse(testing::read_file(path("report.json")))["results"].size(), 1U);
}

TEST_F(Verify, EndsWithTheExitCodeOfItsError) {
  const auto expect = [&](const std::vector<std::string>& arguments, int code, const std::string& sentence) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(sentence));
  };
  expect({}, 2, "verify needs a CERTIFICATE and a NETWORK (see geolip verify --help)");
  expect({network()}, 2, "verify needs a CERTIFICATE and a NETWORK");
  expect({path("good.json"), network(), "--fast"}, 2, "'--fast' is not an option of verify");
  expect({path("good.json"), network(), "--threads", "-1"}, 2, "--threads: '-1' is not a whole number");
  expect({path("good.json"), network(), "--json"}, 2, "--json: its value is missing");
  expect({path("good.json"), path("none.npz")}, 3, "none.npz: there is no such file");
  expect({path("good.json"), path("none.json"), network()}, 3, "none.json: there is no such file");
  expect({path(""), network()}, 3, "this is not a file that can be read");
  // a file that is there but no network is the certificate's trouble
  testing::write_file(path("odd.txt"), "x");
  EXPECT_EQ(run({path("good.json"), path("odd.txt")}).code, 5);
}

TEST_F(Verify, IsTheSameInTheProgramOfItsOwn) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{path("good.json"), path("bad.json"), network()},
                                             {path("good.json"), network(), "--threads", "1"},
                                             {path("bad.json"), path("good.json"), network(), "--quiet"}}) {
    std::vector<std::string> command{GEOLIP_COMMAND, "verify"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    std::vector<std::string> program{GEOLIP_VERIFY_PROGRAM};
    program.insert(program.end(), arguments.begin(), arguments.end());
    const auto expected = testing::ChildProcess(command).end();
    EXPECT_EQ(testing::ChildProcess(program).end(), expected);
    EXPECT_THAT(expected.second, ::testing::AnyOf(good_line + bad_line, good_line, bad_line));
  }
  const auto expect = [](std::vector<std::string> arguments, int code, const std::string& text) {
    arguments.insert(arguments.begin(), GEOLIP_VERIFY_PROGRAM);
    const auto [ended, said] = testing::ChildProcess(arguments).end();
    EXPECT_EQ(ended, code) << text;
    EXPECT_THAT(said, HasSubstr(text));
  };
  expect({"--help"}, 0, "Usage: geolip-verify CERTIFICATE... NETWORK.npz [OPTIONS]");
  expect({"--version"}, 0, version);
  expect({}, 2, "");
  expect({path("good.json"), network(), "--fast"}, 2, "");
  expect({path("good.json"), network(), "--threads", "x"}, 2, "");
  expect({path("good.json"), network(), "--threads"}, 2, "");
  expect({path("good.json"), path("none.npz")}, 3, "");
  expect({path("none.json"), network()}, 3, "");
  expect({path("good.json"), path("bad.json")}, 3, "");  // no network
}

/// A file, its certificates and what belongs to them, all through the command.
TEST_F(Verify, TakesTheFileThatTheNetworkWasReadFrom) {
  const std::string model = path("tiny.nnet");
  testing::write_file(
      model,
      "// tiny\n2,2,1,2,\n2,2,1,\n0\n-1,-1,\n1,1,\n0,0,0,\n1,1,1,\n1,2,\n3,-1,\n0.5,\n-3,\n1,-1,\n7,\n");
  const NetworkFile file = read_network(model);
  json certificate = tiny_certificate(checker::InputNorm::linf);
  certificate["network"]["source"]["sha256"] = file.sha256;
  const std::string bytes = canonical_bytes(file);
  certificate["network"]["sha256"] = checker::read_canonical(checker::testing::bytes_of(bytes)).sha256;
  testing::write_file(path("good.json"), certificate.dump());
  EXPECT_EQ(run({path("good.json"), model}).out, good_line);
  // under another name it is the same file
  testing::write_file(path("renamed.nnet"), testing::read_file(model));
  EXPECT_EQ(run({path("good.json"), path("renamed.nnet")}).out, good_line);
  testing::write_file(path("other.nnet"), testing::read_file(model) + " ");
  EXPECT_EQ(
      run({path("good.json"), path("other.nnet")}).out,
      "REJECTED  good.json  the certificate is about another file: the SHA-256 of the network differs\n");
  // read in another way it is another network
  certificate["network"]["source"]["reading"] = {{"physical_units", true}};
  testing::write_file(path("good.json"), certificate.dump());
  EXPECT_THAT(run({path("good.json"), model}).out, HasSubstr("the SHA-256 of the canonical file differs"));
  certificate["network"]["source"]["reading"] = {{"activation", "cubic"}};
  testing::write_file(path("good.json"), certificate.dump());
  EXPECT_THAT(run({path("good.json"), model}).out, HasSubstr("activation 'cubic' is not known"));
}

}  // namespace
}  // namespace geolip::cli
