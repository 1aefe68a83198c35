/// \file
/// Graphs whose input's first dimension is that of a batch, which is read as one row.
#pragma once

#include "verify/files/onnx/operators.hpp"

namespace geolip::verify::onnx {

/// Throws ReadError if several rows would meet in the node: the graph is then no function of one row.
/// `shape_of_data`: a Reshape's target was computed from the data's own shape.
void require_rows_apart(const Step& step, bool shape_of_data);

}  // namespace geolip::verify::onnx
