/// \file
/// Graphs whose input's first dimension is that of a batch, which is read as one row.
#pragma once

#include "checker/files/onnx/operators.hpp"

namespace geolip::checker::onnx {

/// Throws ReadError if several rows would meet in the node: the graph is then no function of one row.
void require_rows_apart(const Step& step);

/// The target of a Reshape for one row of the step's batch. Throws ReadError if it takes rows apart or
/// together.
std::vector<Index> target_of_row(const Step& step, const std::vector<Index>& target);

}  // namespace geolip::checker::onnx
