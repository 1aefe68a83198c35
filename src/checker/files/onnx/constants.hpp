/// \file
/// Operators whose inputs are all constant: shapes that are computed, weights that are transposed.
#pragma once

#include "checker/files/onnx/node.hpp"

namespace geolip::checker::onnx {

/// What a node of constants makes of its inputs (null: left out). Reals keep enclosures of what is not a
/// double. Throws ReadError for an operator that is not known.
Tensor fold(const Node& node, const std::vector<const Tensor*>& inputs, ExternalFiles& files, Budget& budget);

/// What Shape and Size give for a tensor of this shape.
Tensor fold_shape(const Node& node, const Shape& shape);

}  // namespace geolip::checker::onnx
