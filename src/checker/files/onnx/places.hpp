/// \file
/// The places of a tensor's elements.
#pragma once

#include "checker/files/onnx/tensor.hpp"

namespace geolip::checker::onnx {

/// Walks over all places of a tensor in order: calls visit(indices).
template <typename Visit>
void for_places(const Shape& shape, const Visit& visit) {
  std::vector<Index> place(shape.size(), 0);
  for (Index left = element_count(shape, "its result"); left > 0; --left) {
    visit(place);
    std::size_t axis = shape.size();
    while (axis > 0) {
      --axis;
      if (++place[axis] < shape[axis]) break;
      place[axis] = 0;
    }
  }
}

/// The number of the element at a place.
inline Index number_of(const Shape& shape, const std::vector<Index>& place) {
  Index number = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) number = number * shape[i] + place[i];
  return number;
}

}  // namespace geolip::checker::onnx
