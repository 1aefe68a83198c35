/// \file
/// Batches: a first dimension that is no part of the network.
#pragma once

#include <formats/onnx/lowering.hpp>

namespace geolip::formats::onnx_graph {

/// A node, and the data that reach it, as the rules below look at it.
struct Look {
  const Lowering& state;
  const Node& node;
  Index rank;  ///< of the data
};

// The rules: whether a node does not leave the first dimension of its data alone.
bool never(const Look& look);  ///< it works on each element, or has the batch first by its definition
bool by_axis(const Look& look);
bool by_last_axis(const Look& look);
bool by_softmax(const Look& look);
bool by_ranks(const Look& look);
bool by_reduction(const Look& look);
bool by_slice(const Look& look);
bool by_pad(const Look& look);
bool by_order(const Look& look);
bool by_squeeze(const Look& look);
bool by_unsqueeze(const Look& look);
bool by_flatten(const Look& look);
bool by_shape(const Look& look);
bool by_product(const Look& look);

/// Throws NetworkError if the node does not leave the first dimension of the current data alone: were that
/// the batch's, rows of it would meet, and a network read with one row would be another one.
void require_rows_apart(const Lowering& state, const Node& node, bool (*rule)(const Look& look));

/// The target of a Reshape, which counts all rows of a batch (where there is one), for one of them. Rows stay
/// whole if the first size is a multiple of their number, or open. Throws NetworkError if they would not.
std::vector<Index> target_of_one_row(const Lowering& state, const Node& node, std::vector<Index> target);

}  // namespace geolip::formats::onnx_graph
