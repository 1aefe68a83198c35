/// \file
/// What operators that only change the shape do to it, for constants and for data alike.
#pragma once

#include <formats/onnx/node.hpp>
#include <formats/onnx/tensor.hpp>

namespace geolip::formats::onnx_graph {

/// The shape after Reshape to `target`; 0 keeps a size unless `allow_zero`, -1 is what is left over.
Shape reshaped(const Shape& shape, const std::vector<Index>& target, bool allow_zero);
/// The shape after Flatten.
Shape flattened(const Shape& shape, Index axis);
/// The shape after Squeeze of the given axes, or of all of size 1 if there is no list.
Shape squeezed(const Shape& shape, const std::vector<Index>* axes);
/// The shape after Unsqueeze.
Shape unsqueezed(const Shape& shape, const std::vector<Index>& axes);
/// The permutation of Transpose, checked; by default it reverses the dimensions.
std::vector<Index> transposition(const Node& node, std::size_t rank);
/// The shape in the order of a permutation.
Shape transposed(const Shape& shape, const std::vector<Index>& permutation);
/// Slice's or Shape's bounds start and end along a dimension of `size`, clamped as ONNX says.
Index clamp_bound(Index bound, Index size, Index lowest, Index highest);

}  // namespace geolip::formats::onnx_graph
