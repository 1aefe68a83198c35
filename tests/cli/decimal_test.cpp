#include <cli/decimal.hpp>

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>

namespace geolip::cli {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Decimal, RoundsInTheGivenDirection) {
  EXPECT_EQ(decimal(1.25, 2, Round::up), "1.3");
  EXPECT_EQ(decimal(1.25, 2, Round::down), "1.2");
  EXPECT_EQ(decimal(-1.25, 2, Round::up), "-1.2");
  EXPECT_EQ(decimal(-1.25, 2, Round::down), "-1.3");
  // 0.1 is a little more than 1/10 as a double.
  EXPECT_EQ(decimal(0.1, 3, Round::up), "0.101");
  EXPECT_EQ(decimal(0.1, 3, Round::down), "0.100");
  EXPECT_EQ(decimal(9.9999, 3, Round::up), "10.0");
  EXPECT_EQ(decimal(999.5, 3, Round::up), "1.00e+03");
}

TEST(Decimal, LeavesExactNumbersAlone) {
  for (const Round round : {Round::up, Round::down}) {
    EXPECT_EQ(decimal(0.0, 5, round), "0");
    EXPECT_EQ(decimal(0.5, 3, round), "0.500");
    EXPECT_EQ(decimal(1024.0, 4, round), "1024");
    EXPECT_EQ(decimal(1024.0, 7, round), "1024.000");
    EXPECT_EQ(decimal(infinity, 3, round), "inf");
    EXPECT_EQ(decimal(-infinity, 3, round), "-inf");
    EXPECT_EQ(decimal(std::nan(""), 3, round), "nan");
  }
}

TEST(Decimal, ChoosesTheNotationBySize) {
  EXPECT_EQ(decimal(0.00012345, 3, Round::down), "0.000123");
  EXPECT_EQ(decimal(0.000012345, 3, Round::down), "1.23e-05");
  EXPECT_EQ(decimal(12345.0, 3, Round::down), "1.23e+04");
  EXPECT_EQ(decimal_exponent(0.000081, 2, Round::up), "8.2e-05");
  EXPECT_EQ(decimal_exponent(0.5, 1, Round::up), "5e-01");
  EXPECT_EQ(decimal_exponent(1e-300, 2, Round::down), "1.0e-300");
  EXPECT_EQ(decimal_exponent(0.0, 2, Round::up), "0");
}

/// -1, 0, 1 as the decimal number `text` is below, at or above x > 0, compared digit by digit.
int compare(const std::string& text, double x) {
  std::array<char, 800> exact{};
  std::snprintf(exact.data(), exact.size(), "%.769e", x);
  const auto split = [](const std::string& number) {
    const std::size_t e = number.find('e');
    int exponent = e == std::string::npos ? 0 : std::stoi(number.substr(e + 1));
    std::string digits;
    int point = -1;
    for (const char c : number.substr(0, e)) {
      if (c == '.') {
        point = static_cast<int>(digits.size());
      } else {
        digits += c;
      }
    }
    exponent += point < 0 ? static_cast<int>(digits.size()) : point;
    const std::size_t lead = digits.find_first_not_of('0');
    exponent -= static_cast<int>(lead);
    digits.erase(0, lead);
    digits.resize(800, '0');
    return std::make_pair(exponent, digits);
  };
  const auto a = split(text);
  const auto b = split(exact.data());
  return a < b ? -1 : static_cast<int>(a > b);
}

TEST(Decimal, StaysOnTheRightSideOfEveryDouble) {
  std::mt19937_64 engine(17);
  std::uniform_int_distribution<int> any_digits(1, 20);
  std::vector<double> values{std::numeric_limits<double>::denorm_min(),
                             std::numeric_limits<double>::min(),
                             std::numeric_limits<double>::max(),
                             1e300,
                             1e-300,
                             0.1,
                             1.0 / 3.0,
                             9.999999,
                             1e22};
  while (values.size() < 20000) {
    // all bit patterns: all magnitudes, denormals among them
    const double x = std::abs(std::bit_cast<double>(engine()));
    if (std::isfinite(x) && x > 0.0) values.push_back(x);
    values.push_back(std::generate_canonical<double, 53>(engine) + 1e-9);
  }
  for (const double x : values) {
    const int digits = any_digits(engine);
    for (const bool exponent : {false, true}) {
      const std::string above =
          exponent ? decimal_exponent(x, digits, Round::up) : decimal(x, digits, Round::up);
      const std::string below =
          exponent ? decimal_exponent(x, digits, Round::down) : decimal(x, digits, Round::down);
      ASSERT_GE(compare(above, x), 0) << above;
      ASSERT_LE(compare(below, x), 0) << below;
      ASSERT_GE(std::strtod(above.c_str(), nullptr), x) << above;
      ASSERT_LE(std::strtod(below.c_str(), nullptr), x) << below;
      ASSERT_EQ("-" + above,
                exponent ? decimal_exponent(-x, digits, Round::down) : decimal(-x, digits, Round::down));
      // and no further away than one unit of the last digit
      const double unit = std::pow(10.0, 1 - digits) * x;
      if (std::isfinite(std::strtod(above.c_str(), nullptr)) && unit > 1e-300) {
        ASSERT_LE(std::strtod(above.c_str(), nullptr) - std::strtod(below.c_str(), nullptr),
                  unit * (1.0 + 1e-9) + 1e-15 * x);
      }
    }
  }
}

TEST(Shortest, ReadsAsAPersonWouldWriteIt) {
  EXPECT_EQ(shortest(1e-4), "1e-4");
  EXPECT_EQ(shortest(2.5e-12), "2.5e-12");
  EXPECT_EQ(shortest(0.05), "0.05");
  EXPECT_EQ(shortest(60.0), "60");
  EXPECT_EQ(shortest(1e300), "1e300");
  EXPECT_EQ(shortest(0.0), "0");
  EXPECT_EQ(shortest(infinity), "inf");
}

}  // namespace
}  // namespace geolip::cli
