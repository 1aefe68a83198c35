/// \file
/// What all readers of the checker share: bytes, sizes, names fit for a message, and the one error.
#pragma once

#include "checker/network.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace geolip::checker {

using Bytes = std::span<const unsigned char>;
using Shape = std::vector<Index>;

/// A file does not hold what it should, or more than the checker understands. One sentence that names it.
class ReadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

static_assert(std::endian::native == std::endian::little,
              "the readers are written for little-endian machines");

/// A number of type T at the front of `bytes`, which must be long enough; `swapped`: in big-endian order.
template <typename T>
T load(Bytes bytes, bool swapped = false) {
  unsigned char raw[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i) raw[i] = bytes[swapped ? sizeof(T) - 1 - i : i];
  T value;
  std::memcpy(&value, raw, sizeof(T));
  return value;
}

/// IEEE binary16 and bfloat16, exactly.
double binary16(std::uint16_t bits);
double bfloat16(std::uint16_t bits);

/// Text from a file on one line of printable ASCII, cut where it is long.
std::string printable(std::string_view text);
/// printable() between quotation marks.
std::string in_quotes(std::string_view text);
/// "2x3", "scalar".
std::string shape_text(const Shape& shape);

/// a * b for sizes; throws ReadError, naming `what`, where it is negative or out of range.
Index product(Index a, Index b, std::string_view what);
/// The number of entries of a shape of at most 16 dimensions, all >= 0.
Index element_count(const Shape& shape, std::string_view what);

/// Throws ReadError, naming `what`, unless all numbers are finite.
void require_finite(const std::vector<double>& values, std::string_view what);

}  // namespace geolip::checker
