#include "cli/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace geolip::cli {
namespace {

// A double's exact decimal expansion has at most 767 significant digits.
constexpr int exact_digits = 770;
// Numbers below 10^(this) are printed with an exponent.
constexpr int smallest_fixed = -4;

/// d_0.d_1d_2... * 10^exponent.
struct Digits {
  std::string text;
  int exponent = 0;
};

/// The exact expansion of x > 0.
Digits expand(double x) {
  std::array<char, exact_digits + 16> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.*e", exact_digits - 1, x);
  const std::string all(buffer.data(), static_cast<std::size_t>(length));
  const std::size_t e = all.find('e');
  Digits digits{all.substr(0, 1) + all.substr(2, e - 2), 0};
  digits.exponent = static_cast<int>(std::strtol(all.c_str() + e + 1, nullptr, 10));
  return digits;
}

/// Adds one to the last digit.
void increment(Digits& digits) {
  for (std::size_t i = digits.text.size(); i-- > 0;) {
    if (digits.text[i] != '9') {
      ++digits.text[i];
      return;
    }
    digits.text[i] = '0';
  }
  digits.text.front() = '1';
  ++digits.exponent;
}

/// x > 0 cut to `count` digits, away from zero if asked.
Digits cut(double x, int count, bool away) {
  Digits digits = expand(x);
  const auto n = static_cast<std::size_t>(count);
  const bool exact = digits.text.find_first_not_of('0', n) == std::string::npos;
  digits.text.resize(n);
  if (away && !exact) increment(digits);
  return digits;
}

std::string fixed(const Digits& digits) {
  if (digits.exponent < 0) {
    std::string text = "0.";
    text.append(static_cast<std::size_t>(-digits.exponent - 1), '0');
    return text.append(digits.text);
  }
  const auto whole = static_cast<std::size_t>(digits.exponent) + 1;
  if (whole == digits.text.size()) return digits.text;
  std::string text = digits.text;
  return text.insert(whole, 1, '.');
}

std::string with_exponent(const Digits& digits) {
  std::string text = digits.text;
  if (text.size() > 1) text.insert(1, 1, '.');
  text.append(digits.exponent < 0 ? "e-" : "e+");
  if (std::abs(digits.exponent) < 10) text.push_back('0');
  return text.append(std::to_string(std::abs(digits.exponent)));
}

/// Prints x, choosing the notation by its size unless the exponent is forced.
std::string print(double x, int count, Round round, bool force_exponent) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x > 0.0 ? "inf" : "-inf";
  if (x == 0.0) return "0";
  const bool negative = x < 0.0;
  const Digits digits =
      cut(std::abs(x), std::clamp(count, 1, exact_digits), (round == Round::up) != negative);
  const bool use_fixed = !force_exponent && digits.exponent >= smallest_fixed && digits.exponent < count;
  std::string text(negative ? "-" : "");
  return text.append(use_fixed ? fixed(digits) : with_exponent(digits));
}

}  // namespace

std::string decimal(double x, int digits, Round round) { return print(x, digits, round, false); }

std::string decimal_exponent(double x, int digits, Round round) { return print(x, digits, round, true); }

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
