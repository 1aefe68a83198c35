/// \file
/// Elements by the library's signed index.
#pragma once

#include <geolip/network.hpp>

#include <cassert>

namespace geolip {

/// Element i of a vector or span; debug builds check that there is one.
template <class Vector>
decltype(auto) at(Vector&& vector, Index i) {
  assert(i >= 0 && static_cast<std::size_t>(i) < vector.size());
  return vector[static_cast<std::size_t>(i)];
}

}  // namespace geolip
