#include "checker/files/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checker/files/certificates.hpp"
#include "checker/files/support.hpp"

namespace geolip::checker {
namespace {

using nlohmann::json;
using testing::bytes_of;
using ::testing::HasSubstr;
using testing::refusal;
using testing::tiny_certificate;

std::string refused(const std::string& text) {
  return refusal([&] { read_certificate(bytes_of(text)); });
}
std::string refused(const json& certificate) { return refused(certificate.dump()); }

/// The complaint about a certificate in which one place holds another value.
std::string refused_with(const std::string& pointer, const json& value) {
  json certificate = tiny_certificate(Norm::linf);
  certificate[json::json_pointer(pointer)] = value;
  return refused(certificate);
}

TEST(CertificateFile, IsReadAsItIs) {
  json source = tiny_certificate(Norm::linf);
  source["network"]["reading"] = {{"physical_units", true}};
  source["network"]["external"] = {{{"location", "w.bin"}, {"sha256", std::string(64, 'a')}}};
  source["slopes"] = {{{"lower", {"-0x1p-1", "0x0p+0"}}, {"upper", {"0x1p+0", "0x1p+1"}}}};
  source["query"]["objective"] = {{"row", {"-0x1.8p+0"}}};
  source["proofs"][0]["zeta"] = "0x1.8p+5000";
  const std::string text = source.dump();
  const Certificate certificate = read_certificate(bytes_of(text));
  EXPECT_EQ(certificate.sha256, testing::tiny_source().sha256());
  EXPECT_TRUE(certificate.reading.physical_units);
  EXPECT_FALSE(certificate.reading.logits);
  EXPECT_EQ(certificate.external.at(0).location, "w.bin");
  EXPECT_EQ(certificate.stages, (std::vector<CanonicalStage>{{2, 2, "relu", {0}}, {2, 1, "", {1}}}));
  EXPECT_EQ(certificate.norm, Norm::linf);
  EXPECT_EQ(certificate.objective.row, std::vector<double>{-1.5});
  EXPECT_EQ(certificate.slopes.at(0).lower, (std::vector<double>{-0.5, 0.0}));
  EXPECT_EQ(certificate.bound, 10.0);
  const Multipliers& multipliers = certificate.proofs.at(0).multipliers;
  EXPECT_EQ(multipliers.zeta.significand, 1.5);
  EXPECT_EQ(multipliers.zeta.exponent, 5000);
  EXPECT_EQ(multipliers.gamma.at(1).exponent, 1);
  EXPECT_EQ(multipliers.lambda.at(0).size(), 2U);
}

TEST(CertificateFile, NeedsNoMultipliersForABoundOfZero) {
  json certificate = tiny_certificate(Norm::linf);
  certificate["proofs"] = {{{"bound", "0x0p+0"}}};
  EXPECT_EQ(refused(certificate), "(it was read)");
  certificate["proofs"] = {{{"bound", "0x0p+0"}, {"gamma", json::array()}, {"lambda", json::array()}}};
  EXPECT_EQ(refused(certificate), "(it was read)");
  certificate["proofs"] = {{{"bound", "0x1p-1074"}}};
  EXPECT_EQ(refused(certificate), "proof 0: 'zeta' is missing");
}

TEST(CertificateFile, IsStrict) {
  EXPECT_EQ(refused(std::string()), "the certificate is not valid JSON (byte 1)");
  EXPECT_EQ(refused(std::string("[]")), "the certificate is not an object");
  EXPECT_THAT(refused(std::string(100000, '[')), HasSubstr("nested too deeply"));
  EXPECT_THAT(refused(tiny_certificate(Norm::linf).dump() + "x"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refused(std::string("{\"format\": 1e999}")), HasSubstr("not valid JSON"));
  EXPECT_THAT(refused(std::string("{\"format\": \"a\", \"format\": \"a\"}")), HasSubstr("'format' twice"));
  EXPECT_THAT(refused(std::string("{\"a\": {\"b\": 1, \"\\u0062\": 2}}")), HasSubstr("'b' twice"));
  for (const char* key : {"format", "version", "network", "query", "bound", "proofs"}) {
    json certificate = tiny_certificate(Norm::linf);
    certificate.erase(key);
    EXPECT_EQ(refused(certificate), "the certificate lacks '" + std::string(key) + "'");
  }
  EXPECT_EQ(refused_with("/speed", 1), "the certificate has the unknown key 'speed'");
  EXPECT_EQ(refused_with("/network/path", "x"), "'network' has the unknown key 'path'");
  EXPECT_EQ(refused_with("/query/eps", 1), "'query' has the unknown key 'eps'");
  EXPECT_EQ(refused_with("/proofs/0/mu", 1), "proof 0 has the unknown key 'mu'");
  EXPECT_EQ(refused_with("/format", "other"), "'format' is not that of a certificate");
  for (const json& version : {json(2), json("1"), json(1.0), json(nullptr), json(-1)}) {
    EXPECT_THAT(refused_with("/version", version), HasSubstr("version is not known"));
  }
  EXPECT_THAT(refused_with("/network/sha256", std::string(64, 'A')), HasSubstr("'sha256' is not a SHA-256"));
  EXPECT_THAT(refused_with("/network/inputs", 3), HasSubstr("stage 0's inputs are not"));
  EXPECT_THAT(refused_with("/network/inputs", 0), HasSubstr("out of range"));
  EXPECT_THAT(refused_with("/network/inputs", 2.0), HasSubstr("not a whole number"));
  EXPECT_THAT(refused_with("/network/inputs", 18446744073709551615ULL), HasSubstr("not a whole number"));
  EXPECT_THAT(refused_with("/network/stages/1/activation", "relu"), HasSubstr("stage 1 has the unknown key"));
  EXPECT_THAT(refused_with("/network/stages", json::array()), HasSubstr("do not lead to"));
  EXPECT_THAT(refused_with("/query/norm", "l3"), HasSubstr("'norm' is 'l3'"));
  EXPECT_THAT(refused_with("/query/objective", json::object()), HasSubstr("exactly one of"));
  EXPECT_THAT(refused_with("/query/objective/vector", true), HasSubstr("exactly one of"));
  EXPECT_THAT(refused_with("/query/objective/output", 1), HasSubstr("out of range"));
  EXPECT_THAT(refused_with("/query/objective", {{"margin", {0, 0}}}),
              HasSubstr("between an output and itself"));
  EXPECT_THAT(refused_with("/query/objective", {{"row", {"0x1p+0", "0x1p+0"}}}), HasSubstr("has 2 entries"));
  EXPECT_THAT(refused_with("/query/objective", {{"vector", false}}), HasSubstr("'vector' is false"));
  EXPECT_EQ(refused_with("/bound", 10.0), "'bound': it is not a text");
  EXPECT_EQ(refused_with("/bound", "-0x1p+0"), "'bound' is negative");
  EXPECT_THAT(refused_with("/bound", "0x1p+1024"), HasSubstr("no finite double"));
  EXPECT_THAT(refused_with("/bound_decimal", 9.99), HasSubstr("below the bound itself"));
  EXPECT_THAT(refused_with("/proofs", json::array()), HasSubstr("'proofs' is empty"));
  EXPECT_THAT(refused_with("/proofs/0/zeta", "-0x1p+0"),
              HasSubstr("proof 0: 'zeta' holds a negative number"));
  EXPECT_THAT(refused_with("/proofs/0/gamma", {"0x1p+0"}), HasSubstr("'gamma' has 1 entries but needs 2"));
  EXPECT_THAT(refused_with("/proofs/0/lambda/0", {"0x1p+0"}), HasSubstr("'lambda' of layer 0 has 1 entries"));
  EXPECT_THAT(refused_with("/proofs/0/lambda", json::array()), HasSubstr("'lambda' has 0 lists"));
  EXPECT_THAT(refused_with("/proofs/0/lambda/0/1", "nan"), HasSubstr("'nan' is no hexadecimal number"));
  EXPECT_THAT(refused_with("/proofs/0/coordinates", {1, 0}), HasSubstr("not in ascending order"));
  EXPECT_THAT(refused_with("/proofs/0/coordinates", json::array()), HasSubstr("are none"));
  EXPECT_THAT(refused_with("/slopes", json::array()), HasSubstr("'slopes' has 0 entries"));
  EXPECT_THAT(refused_with("/slopes", {{{"lower", {"0x1p+0", "0x1p+0"}}, {"upper", {"0x0p+0", "0x1p+0"}}}}),
              HasSubstr("the interval of neuron 0 is empty"));
}

TEST(CertificateFile, SizesThatItClaimsTakeNoMemory) {
  json certificate = tiny_certificate(Norm::linf);
  const std::int64_t huge = std::int64_t{1} << 47;
  certificate["network"]["inputs"] = certificate["network"]["stages"][0]["inputs"] = huge;
  EXPECT_THAT(refused(certificate), HasSubstr("'gamma' has 2 entries but needs 140737488355328"));
}

}  // namespace
}  // namespace geolip::checker
