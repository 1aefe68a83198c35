#include "checker/files/bytes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace geolip::checker {

double binary16(std::uint16_t bits) {
  const bool negative = (bits >> 15U) != 0;
  const int exponent = (bits >> 10U) & 31;
  const int fraction = bits & 1023;
  double value = 0.0;
  if (exponent == 31) {
    value =
        fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    value = std::ldexp(static_cast<double>(fraction), -24);
  } else {
    value = std::ldexp(static_cast<double>(fraction + 1024), exponent - 25);
  }
  return negative ? -value : value;
}

double bfloat16(std::uint16_t bits) {
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U));
}

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 100;
  std::string result;
  for (const char c : text.substr(0, longest)) result += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > longest) result += "...";
  return result;
}

std::string in_quotes(std::string_view text) {
  std::string result = "'";
  return result.append(printable(text)).append("'");
}

std::string shape_text(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const Index d : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(d);
  }
  return text;
}

Index product(Index a, Index b, std::string_view what) {
  Index result = 0;
  if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &result)) {
    throw ReadError(std::string(what) + " has an impossible size");
  }
  return result;
}

Index element_count(const Shape& shape, std::string_view what) {
  constexpr std::size_t highest_rank = 16;
  if (shape.size() > highest_rank) {
    throw ReadError(std::string(what) + " has " + std::to_string(shape.size()) + " dimensions");
  }
  Index nonzero = 1;  // strides, which pass over zeros, must fit as well
  bool empty = false;
  for (const Index d : shape) {
    empty = empty || d == 0;
    nonzero = product(nonzero, d == 0 ? 1 : d, what);
  }
  return empty ? 0 : nonzero;
}

void require_finite(const std::vector<double>& values, std::string_view what) {
  if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); })) {
    throw ReadError(std::string(what) + " holds a number that is not finite");
  }
}

}  // namespace geolip::checker
