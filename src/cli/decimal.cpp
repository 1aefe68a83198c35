#include <cli/decimal.hpp>

#include <algorithm>
#include <array>
#include <cfenv>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace geolip::cli {
namespace {

// A double's exact decimal expansion has no more digits.
constexpr int most_digits = 767;
constexpr std::size_t most_characters = most_digits + 32;

/// What printf prints of x in a format with a number of digits, in the direction of `round`: C's printf follows the
/// direction that is set, exactly.
std::string print(const char* format, int digits, double x, Round round) {
  if (std::isnan(x)) return "nan";
  if (x == 0.0) return "0";
  std::array<char, most_characters> buffer{};
  const int before = std::fegetround();
  std::fesetround(round == Round::up ? FE_UPWARD : FE_DOWNWARD);
  std::snprintf(buffer.data(), buffer.size(), format, digits, x);
  std::fesetround(before);
  return buffer.data();
}

}  // namespace

std::string decimal(double x, int digits, Round round) {
  std::string text = decimal_exponent(x, digits, round);
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;
  constexpr int smallest_fixed = -4;
  const int exponent = std::stoi(text.substr(e + 1));
  if (exponent < smallest_fixed || exponent >= digits) return text;
  return print("%.*f", digits - 1 - exponent, x, round);
}

std::string decimal_exponent(double x, int digits, Round round) {
  return print("%.*e", std::clamp(digits, 1, most_digits) - 1, x, round);
}

std::string fixed(double x, int digits) {
  std::array<char, most_characters> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, x);
  return buffer.data();
}

std::string shortest(double x) {
  std::array<char, 40> buffer{};
  const auto write = [&](auto... format) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, format...).ptr;
    return std::string(buffer.data(), end);
  };
  if (!std::isfinite(x) || x == 0.0 || (std::abs(x) >= 0.01 && std::abs(x) < 1e6)) {
    return write(std::chars_format::fixed);
  }
  std::string text = write(std::chars_format::scientific);
  // "1e-04" -> "1e-4", "1e+07" -> "1e7"
  const std::size_t e = text.find('e');
  const int exponent = static_cast<int>(std::strtol(text.c_str() + e + 1, nullptr, 10));
  return text.substr(0, e + 1) + std::to_string(exponent);
}

}  // namespace geolip::cli
