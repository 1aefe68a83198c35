/// \file
/// Batches: a first dimension that is no part of the network.
#pragma once

#include <formats/onnx/lowering.hpp>

namespace geolip::formats::onnx_graph {

/// Throws NetworkError if the node does not leave the first dimension of the current data alone: were that
/// the batch's, rows of it would meet, and a network read with one row would be another one.
void require_rows_apart(const Lowering& state, const Node& node);

/// The target of a Reshape, which counts all rows of a batch (where there is one), for one of them. Rows stay
/// whole if the first size is a multiple of their number, or open. Throws NetworkError if they would not.
std::vector<Index> target_of_one_row(const Lowering& state, const Node& node, std::vector<Index> target);

}  // namespace geolip::formats::onnx_graph
