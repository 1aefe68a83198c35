#include <checker/real.hpp>

#include <checker/bytes.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace geolip::checker {
namespace {

constexpr std::int64_t largest_exponent = std::int64_t{1} << 40;
constexpr std::size_t longest = 100;
constexpr int significant_bits = 53;

/// The value of a hexadecimal digit, -1 for other characters.
int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

[[noreturn]] void fail(std::string_view text, const char* why) {
  throw ReadError(in_quotes(text) + " " + why);
}

std::int64_t parse_exponent(std::string_view text, std::string_view whole) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) fail(whole, "is no hexadecimal number");
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) fail(whole, "is no hexadecimal number");
  if (value > largest_exponent || value < -largest_exponent) fail(whole, "has too large an exponent");
  return value;
}

}  // namespace

Real parse_hex(std::string_view text) {
  if (text.size() > longest) fail(text, "is too long for a number");
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  const std::size_t p = rest.find('p');
  if (!rest.starts_with("0x") || p == std::string_view::npos) fail(text, "is no hexadecimal number");
  std::int64_t exponent = parse_exponent(rest.substr(p + 1), text);

  std::uint64_t bits = 0;
  int digits = 0;
  int pending_zeros = 0;  // digits that count only if another one follows
  bool point = false;
  for (const char c : rest.substr(2, p - 2)) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    const int d = digit(c);
    if (d < 0) fail(text, "is no hexadecimal number");
    ++digits;
    if (point) exponent -= 4;
    if (d == 0) {
      ++pending_zeros;
      continue;
    }
    for (; pending_zeros >= 0; --pending_zeros) {
      if ((bits >> 56U) != 0) fail(text, "has more than 53 significant bits");
      bits <<= 4U;
    }
    pending_zeros = 0;
    bits |= static_cast<unsigned>(d);
  }
  if (digits == 0) fail(text, "is no hexadecimal number");
  if (bits == 0) {
    if (negative) fail(text, "is a negative zero");
    return {};
  }
  exponent += 4 * static_cast<std::int64_t>(pending_zeros);
  const int shift = std::countr_zero(bits);
  bits >>= static_cast<unsigned>(shift);
  const auto width = static_cast<int>(std::bit_width(bits));
  if (width > significant_bits) fail(text, "has more than 53 significant bits");
  // significand in [1, 2)
  exponent += shift + width - 1;
  if (exponent > largest_exponent || exponent < -largest_exponent) fail(text, "has too large an exponent");
  const double significand = std::ldexp(static_cast<double>(bits), 1 - width);
  return {negative ? -significand : significand, exponent};
}

double parse_hex_double(std::string_view text) {
  const Real value = parse_hex(text);
  constexpr int far = 2000;  // beyond the range of double, where ldexp cannot go astray
  const auto exponent =
      static_cast<int>(std::min<std::int64_t>(std::max<std::int64_t>(value.exponent, -far), far));
  const double result = std::ldexp(value.significand, exponent);
  const bool exact = std::isfinite(result) && std::ldexp(result, -exponent / 2) ==
                                                  std::ldexp(value.significand, exponent - exponent / 2);
  if (!exact) fail(text, "is no finite double");
  return result;
}

}  // namespace geolip::checker
