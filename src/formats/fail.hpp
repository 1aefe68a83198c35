/// \file
/// Refusals: one sentence out of its parts.
#pragma once

#include <geolip/error.hpp>
#include <geolip/network.hpp>

#include <concepts>
#include <span>
#include <string>
#include <string_view>

namespace geolip::formats {

/// "1x784x3"; what has very many dimensions is cut.
std::string dimensions(std::span<const Index> dims);

/// A part of a sentence: text, a number, or the sizes of a tensor.
inline std::string part(std::string_view text) { return std::string(text); }
std::string part(std::integral auto number) { return std::to_string(number); }
inline std::string part(std::span<const Index> dims) { return dimensions(dims); }

/// Throws an error whose sentence is all the parts.
template <class E = NetworkError, class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw E((part(parts) + ...));
}

}  // namespace geolip::formats
