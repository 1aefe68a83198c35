/// \file
/// Numbers as files hold them.
#pragma once

#include <formats/reader.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace geolip::formats {

static_assert(std::endian::native == std::endian::little,
              "the readers are written for little-endian machines");

/// IEEE binary16, which a double holds exactly.
struct Half {
  std::uint16_t bits;

  explicit operator double() const {
    const double sign = (bits & 0x8000U) != 0 ? -1.0 : 1.0;
    const int exponent = (bits >> 10U) & 0x1F;
    const int fraction = bits & 0x3FF;
    if (exponent == 31) {
      return fraction == 0 ? sign * std::numeric_limits<double>::infinity()
                           : std::numeric_limits<double>::quiet_NaN();
    }
    return exponent == 0 ? sign * std::ldexp(fraction, -24)
                         : sign * std::ldexp(1024 + fraction, exponent - 25);
  }
};

/// bfloat16: the upper half of a binary32.
struct BFloat16 {
  std::uint16_t bits;

  explicit operator double() const {
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U));
  }
};

/// A number of type T at the front of `bytes`, which must be long enough; `swapped`: most significant byte first.
template <class T>
T load(Bytes bytes, bool swapped = false) {
  std::array<unsigned char, sizeof(T)> raw{};
  std::copy_n(bytes.begin(), sizeof(T), raw.begin());
  if (swapped) std::reverse(raw.begin(), raw.end());
  return std::bit_cast<T>(raw);
}

}  // namespace geolip::formats
