// Whole certificates against the real proof: the valid ones pass, and no attack does.
#include <checker/certificate.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include <checker/certificates.hpp>
#include <formats/support.hpp>

namespace geolip::checker {
namespace {

using nlohmann::json;
using testing::bytes_of;
using ::testing::HasSubstr;
using testing::tiny_certificate;
using testing::tiny_network;
using testing::verdict;

constexpr InputNorm norms[] = {InputNorm::linf, InputNorm::l2, InputNorm::l1};

std::string rejected_with(const std::string& pointer, const json& value, InputNorm norm = InputNorm::linf) {
  json certificate = tiny_certificate(norm);
  certificate[json::json_pointer(pointer)] = value;
  const Verification result = verdict(certificate);
  EXPECT_EQ(result.verified, result.reason.empty());
  return result.reason;
}

TEST(CheckFile, VerifiesWhatHolds) {
  for (const InputNorm norm : norms) {
    for (const bool exact : {false, true}) {
      const Verification result = verdict(tiny_certificate(norm), exact);
      EXPECT_TRUE(result.verified) << to_string(norm) << ": " << result.reason;
      EXPECT_EQ(result.reason, "");
      ASSERT_TRUE(result.certificate.has_value());
      EXPECT_LE(testing::true_constant(*result.certificate), result.certificate->bound);
    }
  }
}

TEST(CheckFile, VerifiesVectors) {
  json linf = tiny_certificate(InputNorm::linf);
  linf["query"]["objective"] = {{"vector", true}};
  EXPECT_THAT(verdict(linf).reason, HasSubstr("does not say which output"));
  linf["proofs"][0]["objective_row"] = 0;
  EXPECT_TRUE(verdict(linf).verified);
  linf["proofs"].push_back(linf["proofs"][0]);
  EXPECT_EQ(verdict(linf).reason, "output 0 has two proofs");
}

TEST(CheckFile, VerifiesClaimsAboutGivenSlopes) {
  json certificate = tiny_certificate(InputNorm::linf);
  // both neurons on: the gradient is (-2, 3)
  certificate["slopes"] = {{{"lower", {"0x1p+0", "0x1p+0"}}, {"upper", {"0x1p+0", "0x1p+0"}}}};
  certificate["proofs"][0]["gamma"] = {"0x1.1p+1", "0x1.9p+1"};
  certificate["proofs"][0]["zeta"] = "0x1.5p+1";  // 4 zeta gamma = |(2, 3)|_1^2 and a little more
  certificate["bound"] = certificate["proofs"][0]["bound"] = "0x1.ep+2";
  const Verification result = verdict(certificate);
  EXPECT_TRUE(result.verified) << result.reason;
  EXPECT_FALSE(result.certificate->slopes.empty());
  EXPECT_EQ(testing::true_constant(*result.certificate), 5.0);
}

TEST(CheckFile, RejectsBoundsThatAreTooSmall) {
  for (const InputNorm norm : norms) {
    json certificate = tiny_certificate(norm);
    for (json& proof : certificate["proofs"]) proof["bound"] = "0x1p+2";
    certificate["bound"] = "0x1p+2";
    for (const bool exact : {false, true}) EXPECT_FALSE(verdict(certificate, exact).verified);
  }
  // the proof's bound stands, the certificate's is lower
  EXPECT_EQ(rejected_with("/bound", "0x1.2p+3"), "a proof's bound is above the certificate's");
}

TEST(CheckFile, RejectsMultipliersThatAreTooSmall) {
  for (const char* pointer : {"/proofs/0/zeta", "/proofs/0/gamma/0", "/proofs/0/gamma/1",
                              "/proofs/0/lambda/0/0", "/proofs/0/lambda/0/1"}) {
    for (const char* value : {"0x0p+0", "0x1p-10", "0x1p-1000000"}) {
      EXPECT_NE(rejected_with(pointer, value), "") << pointer << " " << value;
    }
  }
}

TEST(CheckFile, RejectsACertificateOfAnotherNetwork) {
  EXPECT_EQ(rejected_with("/network/sha256", std::string(64, '0')),
            "the certificate is about another network: the SHA-256 of the canonical file differs");
  // every single bit of the network's file: it cannot be read any more, or is another one
  const std::string text = testing::tiny_file();
  int read = 0;
  for (std::size_t n = 0; n < text.size() * 8; ++n) {
    std::string changed = text;
    changed[n / 8] = static_cast<char>(changed[n / 8] ^ 1 << n % 8);
    if (testing::refusal([&] {
          EXPECT_NE(read_canonical(bytes_of(changed)).sha256, tiny_network().sha256);
        }) == "(it was read)")
      ++read;
  }
  EXPECT_EQ(read, 0);  // checksums alone see to that
}

TEST(CheckFile, RejectsAnotherSource) {
  const std::string differs = "the certificate names another source than the canonical file";
  EXPECT_EQ(rejected_with("/network/source/sha256", std::string(64, '0')), differs);
  EXPECT_EQ(rejected_with("/network/source/file", "other.nnet"), differs);
  EXPECT_EQ(rejected_with("/network/source/reading", {{"activation", "tanh"}}), differs);
  EXPECT_EQ(rejected_with("/network/source/reading", {{"logits", true}}), differs);
  EXPECT_EQ(rejected_with("/network/source/rounded", true), differs);
  // a file that does not belong to the network
  const json external{{{"location", "w.bin"}, {"sha256", std::string(64, 'd')}}};
  EXPECT_EQ(rejected_with("/network/source/external", external), differs);
}

TEST(CheckFile, RejectsAnotherQuery) {
  // the multipliers for gamma of two inputs are no proof in another norm
  EXPECT_NE(rejected_with("/query/norm", "l2"), "");
  EXPECT_NE(rejected_with("/query/objective", {{"row", {"0x1p+4"}}}), "");
  EXPECT_EQ(rejected_with("/query/objective", {{"row", {"-0x1p+0"}}}), "");  // the same constant
  EXPECT_NE(rejected_with("/slopes", {{{"lower", {"-0x1p+3", "0x0p+0"}}, {"upper", {"0x1p+3", "0x1p+0"}}}}),
            "");
}

TEST(CheckFile, RejectsProofsThatDoNotCoverTheQuery) {
  json certificate = tiny_certificate(InputNorm::l1);
  certificate["proofs"].erase(1);
  EXPECT_EQ(verdict(certificate).reason, "the proofs cover 1 of 2 input coordinates");
  certificate["proofs"].push_back(certificate["proofs"][0]);
  EXPECT_EQ(verdict(certificate).reason, "the proofs cover 1 of 2 input coordinates");
  json twice = tiny_certificate(InputNorm::linf);
  twice["proofs"].push_back(twice["proofs"][0]);
  EXPECT_EQ(verdict(twice).reason, "there are 2 proofs where one is asked for");
  EXPECT_THAT(rejected_with("/proofs/0/objective_row", 0), HasSubstr("belongs to the objective 'vector'"));
  EXPECT_THAT(rejected_with("/proofs/0/coordinates", {0, 1}), HasSubstr("belong to l1 alone"));
  json zero = tiny_certificate(InputNorm::linf);
  zero["proofs"] = {{{"bound", "0x0p+0"}}};
  zero["bound"] = "0x0p+0";
  EXPECT_FALSE(verdict(zero).verified);
}

/// An attack may only pass if what it leaves is true.
void expect_sound(const Verification& result, const std::string& what) {
  ASSERT_EQ(result.reason.find('\n'), std::string::npos) << what;
  ASSERT_EQ(result.verified, result.reason.empty()) << what;
  if (!result.verified) return;
  ASSERT_LE(testing::true_constant(*result.certificate), result.certificate->bound) << what;
}

TEST(CheckFile, NoTruncationPasses) {
  const std::string text = tiny_certificate(InputNorm::linf).dump(1);
  for (std::size_t n = 0; n < text.size(); ++n) {
    const Verification result = verdict(text.substr(0, n));
    ASSERT_FALSE(result.verified) << n;
    ASSERT_NE(result.reason, "") << n;
  }
}

TEST(CheckFile, NoChangedBytePassesUnlessWhatItLeavesIsTrue) {
  const std::string text = tiny_certificate(InputNorm::linf).dump();
  std::mt19937 random(17);
  int passed = 0;
  for (std::size_t n = 0; n < text.size(); ++n) {
    for (int round = 0; round < 6; ++round) {
      std::string changed = text;
      // mostly into what could stand there
      changed[n] = round < 4 ? "0123456789abcdef+-.p\"[]{},:"[random() % 27] : static_cast<char>(random());
      const Verification result = verdict(changed);
      expect_sound(result, changed);
      if (HasFatalFailure()) return;
      passed += result.verified ? 1 : 0;
    }
  }
  EXPECT_GT(passed, 0);  // the remarks may change, and multipliers may grow
}

TEST(CheckFile, RandomBytesAreRejected) {
  std::mt19937 random(19);
  for (int round = 0; round < 500; ++round) {
    std::string bytes(random() % 300, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const Verification result = verdict(bytes);
    ASSERT_FALSE(result.verified);
    ASSERT_NE(result.reason, "");
  }
}

/// All places of a certificate at which a value stands.
std::vector<std::string> places(const json& certificate) {
  std::vector<std::string> result;
  const json flat = certificate.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    for (std::string place = pointer; !place.empty(); place.resize(place.rfind('/'))) result.push_back(place);
  }
  return result;
}

json random_value(std::mt19937& random) {
  switch (random() % 9) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<int>(random() % 5) - 1;
    case 3:
      return 0.5;
    case 4:
      return json::array();
    case 5:
      return json::object();
    case 6:
      return std::string("0x1.") + "02468ace"[random() % 8] + "p" +
             std::to_string(static_cast<int>(random() % 12) - 6);
    case 7:
      return json::array({"0x1p+0", "0x1p+1"});
    default:
      return std::vector<std::string>{"linf", "l2", "l1", "relu", "tanh", "nan", "-0x1p+0", ""}[random() % 8];
  }
}

TEST(CheckFile, NoMutationPassesUnlessWhatItLeavesIsTrue) {
  std::mt19937 random(23);
  int passed = 0;
  for (int round = 0; round < 3000; ++round) {
    const json original = tiny_certificate(norms[round % 3]);
    json certificate = original;
    for (unsigned k = 0; k < 1 + random() % 2; ++k) {
      const std::vector<std::string> all = places(certificate);
      if (all.empty()) break;
      const json::json_pointer place(all[random() % all.size()]);
      const json::json_pointer other(all[random() % all.size()]);
      json& parent = certificate[place.parent_pointer()];
      if (random() % 3 == 0 && parent.is_object()) {
        parent.erase(place.back());
      } else if (random() % 2 == 0) {
        const json copy = certificate[other];
        certificate[place] = copy;
      } else {
        certificate[place] = random_value(random);
      }
    }
    const Verification result = verdict(certificate);
    expect_sound(result, certificate.dump());
    if (HasFatalFailure()) return;
    passed += result.verified ? 1 : 0;
  }
  EXPECT_GT(passed, 0);
}

class CheckFiles : public test::Files {};

TEST_F(CheckFiles, UnreadableFilesAreNamed) {
  EXPECT_THROW(read_file(directory() / "none"), UnreadableFile);
  EXPECT_THROW(read_file(directory()), UnreadableFile);
  EXPECT_THROW(read_file("/dev/null"), UnreadableFile);
  EXPECT_TRUE(read_file(write("empty", "")).empty());
}

TEST(CheckLine, RoundsTheBoundUpAndSaysOnWhatItDepends) {
  Verification verification{true, "", Certificate{}};
  verification.certificate->bound = 0x1.999999999999ap+3;  // 12.8000000000000007...
  EXPECT_EQ(line_of("c.json", verification), "VERIFIED  c.json  l2  output 0  bound 12.80000001");
  verification.certificate->bound = 10.0;
  verification.certificate->source.activation = "tanh";
  verification.certificate->source.rounded = true;
  EXPECT_EQ(
      line_of("c.json", verification),
      "VERIFIED  c.json  l2  output 0  bound 10.00000000  (activation tanh, of weights that were rounded "
      "when the file was read)");
  EXPECT_EQ(line_of("a\nb", {false, "no\n", {}}), "REJECTED  a?b  no?");
}

}  // namespace
}  // namespace geolip::checker
