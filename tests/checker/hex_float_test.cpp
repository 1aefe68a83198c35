#include <checker/real.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <random>

#include <checker/certificates.hpp>

namespace geolip::checker {
namespace {

using testing::refusal;

void expect_real(const std::string& text, double significand, std::int64_t exponent) {
  const Real real = parse_hex(text);
  EXPECT_EQ(real.significand, significand) << text;
  EXPECT_EQ(real.exponent, exponent) << text;
}

TEST(HexFloat, IsReadExactly) {
  expect_real("0x1.8p+3", 1.5, 3);
  expect_real("0x18p-1", 1.5, 3);
  expect_real("0x00.000cp16", 1.5, 3);
  expect_real("-0x1p0", -1.0, 0);
  expect_real("0x0p+0", 0.0, 0);
  expect_real("0x0.000p-99", 0.0, 0);
  expect_real("0x1.fffffffffffffp+1099511627776", 0x1.fffffffffffffp+0, std::int64_t{1} << 40);
  expect_real("0x1p-1099511627776", 1.0, -(std::int64_t{1} << 40));
  expect_real("0x10000000000000000000000000p-100", 1.0, 0);
  EXPECT_EQ(parse_hex_double("0x1p-1074"), 0x1p-1074);
  EXPECT_EQ(parse_hex_double("0x1.fffffffffffffp+1023"), 0x1.fffffffffffffp+1023);
}

TEST(HexFloat, ComesBackFromItsText) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value) || value == 0.0) continue;
    char text[64];
    std::snprintf(text, sizeof(text), "%a", value);
    EXPECT_EQ(parse_hex_double(text), value) << text;
    // the same significand 2^1000000 times as far out
    std::string moved = text;
    const auto p = moved.find('p');
    moved.replace(p + 1, std::string::npos, std::to_string(std::stoi(moved.substr(p + 1)) + 1000000));
    const Real far = parse_hex(moved);
    const Real near = parse_hex(text);
    EXPECT_EQ(far.significand, near.significand);
    EXPECT_EQ(far.exponent, near.exponent + 1000000);
  }
}

TEST(HexFloat, AnythingElseIsRefused) {
  for (const std::string text :
       {"",        "0x",      "0xp0",     "0x.p0",     "1p0",    "0x1",    "0x1p",   "0x1p+",
        "0x1p+-1", "0x1p1.5", "0x1.8P+3", "0X1p0",     "0xAp0",  " 0x1p0", "0x1p0 ", "+0x1p0",
        "--0x1p0", "nan",     "inf",      "0x1.8.0p0", "0xg p0", "1.5",    "-0x0p+0"}) {
    EXPECT_NE(refusal([&] { parse_hex(text); }), "(it was read)") << text;
  }
  EXPECT_THAT(refusal([] { parse_hex("0x1.00000000000008p0"); }),
              ::testing::HasSubstr("53 significant bits"));
  EXPECT_THAT(refusal([] { parse_hex("0x100000000000000000000001p0"); }),
              ::testing::HasSubstr("53 significant bits"));
  EXPECT_THAT(refusal([] { parse_hex("0x1p1099511627777"); }), ::testing::HasSubstr("exponent"));
  EXPECT_THAT(refusal([] { parse_hex("0x2p1099511627776"); }), ::testing::HasSubstr("exponent"));
  EXPECT_THAT(refusal([] { parse_hex("0x1p-99999999999999999999"); }), ::testing::HasSubstr("hexadecimal"));
  EXPECT_THAT(refusal([] { parse_hex("0x" + std::string(200, '0') + "p0"); }), ::testing::HasSubstr("long"));
  for (const char* text :
       {"0x1p1024", "0x1p-1075", "0x1.8p-1074", "0x1.fffffffffffffp-1050", "0x1p1099511627776"}) {
    EXPECT_THAT(refusal([&] { parse_hex_double(text); }), ::testing::HasSubstr("no finite double")) << text;
  }
}

}  // namespace
}  // namespace geolip::checker
