#include <checker/certificate.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <checker/certificates.hpp>

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
  json certificate = tiny_certificate(InputNorm::linf);
  certificate[json::json_pointer(pointer)] = value;
  return refused(certificate);
}

TEST(CertificateFile, IsReadAsItIs) {
  json source = tiny_certificate(InputNorm::linf);
  source["network"]["source"]["reading"] = {{"physical_units", true}};
  source["network"]["source"]["external"] = {{{"location", "w.bin"}, {"sha256", std::string(64, 'a')}}};
  source["slopes"] = {{{"lower", {"-0x1p-1", "0x0p+0"}}, {"upper", {"0x1p+0", "0x1p+1"}}}};
  source["query"]["objective"] = {{"row", {"-0x1.8p+0"}}};
  source["proofs"][0]["zeta"] = "0x1.8p+5000";
  const std::string text = source.dump();
  const Certificate certificate = read_certificate(bytes_of(text));
  EXPECT_EQ(certificate.sha256, testing::tiny_network().sha256);
  EXPECT_TRUE(certificate.source.physical_units);
  EXPECT_FALSE(certificate.source.logits);
  EXPECT_EQ(certificate.source.external.at(0).first, "w.bin");
  EXPECT_EQ(certificate.norm, InputNorm::linf);
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
  json certificate = tiny_certificate(InputNorm::linf);
  certificate["proofs"] = {{{"bound", "0x0p+0"}}};
  EXPECT_EQ(refused(certificate), "(it was read)");
  certificate["proofs"] = {{{"bound", "0x0p+0"}, {"gamma", json::array()}, {"lambda", json::array()}}};
  EXPECT_EQ(refused(certificate), "(it was read)");
  certificate["proofs"] = {{{"bound", "0x1p-1074"}}};
  EXPECT_EQ(refused(certificate), "proof 0 lacks 'zeta'");
}

TEST(CertificateFile, IsStrict) {
  const std::string whole = tiny_certificate(InputNorm::linf).dump();
  EXPECT_EQ(refused(whole), "(it was read)");
  EXPECT_EQ(refused(std::string()), "the certificate is not a JSON object");
  EXPECT_EQ(refused(std::string("[]")), "the certificate is not a JSON object");
  EXPECT_EQ(refused("\xef\xbb\xbf" + whole), "the certificate is not a JSON object");
  EXPECT_EQ(refused(whole + std::string(1, '\0')), "the certificate is not a JSON object");
  EXPECT_THAT(refused("{\"a\":" + std::string(100000, '[')), HasSubstr("nested too deeply"));
  EXPECT_THAT(refused(tiny_certificate(InputNorm::linf).dump() + "x"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refused(std::string("{\"format\": 1e999}")), HasSubstr("not valid JSON"));
  EXPECT_THAT(refused(std::string("{\"format\": \"a\", \"format\": \"a\"}")), HasSubstr("'format' twice"));
  EXPECT_THAT(refused(std::string("{\"a\": {\"b\": 1, \"\\u0062\": 2}}")), HasSubstr("'b' twice"));
  for (const char* key : {"format", "version", "network", "query", "bound", "proofs"}) {
    json certificate = tiny_certificate(InputNorm::linf);
    certificate.erase(key);
    EXPECT_EQ(refused(certificate), "the certificate lacks '" + std::string(key) + "'");
  }
  EXPECT_EQ(refused_with("/speed", 1), "the certificate has the unknown key 'speed'");
  EXPECT_EQ(refused_with("/network/path", "x"), "'network' has the unknown key 'path'");
  EXPECT_EQ(refused_with("/query/eps", 1), "'query' has the unknown key 'eps'");
  EXPECT_EQ(refused_with("/proofs/0/mu", 1), "proof 0 has the unknown key 'mu'");
  EXPECT_EQ(refused_with("/format", "other"), "'format' is not that of a certificate");
  for (const json& version : {json(1), json(3), json("2"), json(2.0), json(nullptr), json(-1)}) {
    EXPECT_THAT(refused_with("/version", version), HasSubstr("version is not known"));
  }
  EXPECT_THAT(refused_with("/network/sha256", std::string(64, 'A')), HasSubstr("'sha256' is not a SHA-256"));
  EXPECT_EQ(refused_with("/network/source/size", 1), "'source' has the unknown key 'size'");
  EXPECT_EQ(refused_with("/network/source/external", json::object()), "'source': 'external' is not a list");
  EXPECT_EQ(refused_with("/network/source/external", {{{"location", "w"}}}),
            "an external file lacks 'sha256'");
  EXPECT_EQ(refused_with("/network/source/reading", {{"batch", 1}}), "'reading' has the unknown key 'batch'");
  for (const char* key : {"file", "sha256", "external", "reading", "rounded"}) {
    json certificate = tiny_certificate(InputNorm::linf);
    certificate["network"]["source"].erase(key);
    EXPECT_EQ(refused(certificate), "'source' lacks '" + std::string(key) + "'");
  }
  EXPECT_THAT(refused_with("/query/norm", "l3"), HasSubstr("'norm' is 'l3'"));
  EXPECT_THAT(refused_with("/query/objective", json::object()), HasSubstr("exactly one of"));
  EXPECT_THAT(refused_with("/query/objective/vector", true), HasSubstr("exactly one of"));
  EXPECT_THAT(refused_with("/query/objective/output", -1), HasSubstr("not a whole number"));
  EXPECT_THAT(refused_with("/query/objective/output", 1.0), HasSubstr("not a whole number"));
  EXPECT_THAT(refused_with("/query/objective/output", 18446744073709551615ULL),
              HasSubstr("not a whole number"));
  EXPECT_THAT(refused_with("/query/objective", {{"margin", {0, 0}}}),
              HasSubstr("between an output and itself"));
  EXPECT_THAT(refused_with("/query/objective", {{"vector", false}}), HasSubstr("'vector' is false"));
  EXPECT_EQ(refused_with("/bound", 10.0), "'bound' holds what is not a text");
  EXPECT_EQ(refused_with("/bound", "-0x1p+0"), "'bound' is negative");
  EXPECT_THAT(refused_with("/bound", "0x1p+1024"), HasSubstr("no finite double"));
  EXPECT_THAT(refused_with("/bound_decimal", 9.99), HasSubstr("below the bound itself"));
  EXPECT_THAT(refused_with("/proofs", json::array()), HasSubstr("'proofs' is empty"));
  EXPECT_THAT(refused_with("/proofs/0/zeta", "-0x1p+0"),
              HasSubstr("proof 0: 'zeta' holds a negative number"));
  EXPECT_THAT(refused_with("/proofs/0/lambda/0/1", "nan"), HasSubstr("'nan' is no hexadecimal number"));
  EXPECT_THAT(refused_with("/proofs/0/coordinates", {1, 0}), HasSubstr("not in ascending order"));
  EXPECT_THAT(refused_with("/proofs/0/coordinates", json::array()), HasSubstr("are none"));
  EXPECT_THAT(refused_with("/slopes", json::array()), HasSubstr("'slopes' is empty"));
  EXPECT_THAT(refused_with("/slopes", {{{"lower", {"0x1p+0"}}}}),
              HasSubstr("'slopes' of layer 0 lacks 'upper'"));
}

/// What is about the network is refused beside it.
TEST(CertificateFile, HasTheSizesOfItsNetwork) {
  const auto rejected_with = [](const std::string& pointer, const json& value) {
    json certificate = tiny_certificate(InputNorm::linf);
    certificate[json::json_pointer(pointer)] = value;
    const Verification result = testing::verdict(certificate);
    EXPECT_FALSE(result.verified);
    return result.reason;
  };
  EXPECT_THAT(rejected_with("/query/objective/output", 1),
              HasSubstr("an output that the network does not have"));
  EXPECT_THAT(rejected_with("/query/objective", {{"margin", {0, 1}}}), HasSubstr("does not have"));
  EXPECT_THAT(rejected_with("/query/objective", {{"row", {"0x1p+0", "0x1p+0"}}}),
              HasSubstr("has 2 coefficients"));
  EXPECT_THAT(rejected_with("/proofs/0/gamma", {"0x1p+0"}), HasSubstr("has 1 multipliers gamma and not 2"));
  EXPECT_THAT(rejected_with("/proofs/0/lambda/0", {"0x1p+0"}),
              HasSubstr("has 1 multipliers lambda for layer 1"));
  EXPECT_THAT(rejected_with("/proofs/0/lambda", json::array()), HasSubstr("multipliers lambda for 0 layers"));
  const json layer{{"lower", {"0x0p+0", "0x0p+0"}}, {"upper", {"0x1p+0", "0x1p+0"}}};
  EXPECT_THAT(rejected_with("/slopes", {layer, layer}), HasSubstr("slopes for 2 activation layers"));
  EXPECT_THAT(rejected_with("/slopes", {{{"lower", {"0x0p+0"}}, {"upper", {"0x1p+0"}}}}),
              HasSubstr("do not fit its 2 neurons"));
  EXPECT_THAT(rejected_with("/slopes", {{{"lower", {"0x1p+0", "0x1p+0"}}, {"upper", {"0x0p+0", "0x1p+0"}}}}),
              HasSubstr("lower end is above its upper end"));
  json l1 = tiny_certificate(InputNorm::l1);
  l1["proofs"][1]["coordinates"] = {2};
  EXPECT_THAT(testing::verdict(l1).reason, HasSubstr("an input coordinate that is not there"));
}

}  // namespace
}  // namespace geolip::checker
