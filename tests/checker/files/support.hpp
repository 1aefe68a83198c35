/// \file
/// What the tests of the checker's files share: both readings of a network, compared.
#pragma once

#include <geolip/network.hpp>

#include <gtest/gtest.h>

#include <string>

#include "checker/files/check_file.hpp"

namespace geolip::checker::testing {

inline Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

/// For models without external data.
inline std::vector<unsigned char> no_external(const std::string& location) {
  throw ReadError("the test has no file " + location);
}

/// The sentence that reading ends in, or "(it was read)".
template <typename Read>
std::string refusal(const Read& read) {
  try {
    read();
  } catch (const ReadError& error) {
    return error.what();
  }
  return "(it was read)";
}

/// Fails unless the checker's network is the product's: the same activations in the same order, linear maps
/// between them that agree up to the rounding of the product's constants, and slope intervals that lie in the
/// product's and touch them up to that rounding.
void expect_same(const Network& own, const geolip::Network& product, const std::string& what);

}  // namespace geolip::checker::testing
