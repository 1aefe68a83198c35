/// \file
/// The operators of ONNX that are read.
#pragma once

#include <formats/onnx/batch.hpp>
#include <formats/onnx/fold.hpp>
#include <formats/onnx/lowering.hpp>

#include <string_view>
#include <vector>

namespace geolip::formats::onnx_graph {

/// What the elements of an operator's result are.
enum class Elements {
  made,    ///< new ones
  kept,    ///< among those of its inputs, or larger or smaller ones of two of them: their numbers say which
  renamed  ///< those of its input under other indices: nothing that a bound would feel
};

/// How an operator is read.
struct Operator {
  void (*lower)(Lowering& state, const Node& node);  ///< makes layers of it; null: it takes constants alone
  Tensor (*fold)(const FoldContext& context);        ///< evaluates it on constants; null: it takes data alone
  bool (*rows_meet)(const Look& look);               ///< whether rows of a batch would meet in it
  std::size_t least;                                 ///< number of inputs
  std::size_t most;
  std::vector<std::string_view> attributes;  ///< those that the handlers know, as Node has them
  Elements elements = Elements::made;
  bool joins = false;  ///< whether several of its inputs may be data
};

/// The operator of a node, or null if it is not known.
const Operator* find_operator(const Node& node);

// The handlers, by the file that they are in.
void lower_gemm(Lowering& state, const Node& node);  // lower_linear.cpp
void lower_matmul(Lowering& state, const Node& node);
void lower_conv(Lowering& state, const Node& node);  // lower_conv.cpp
void lower_conv_transpose(Lowering& state, const Node& node);
void lower_average_pool(Lowering& state, const Node& node);  // lower_pool.cpp
void lower_max_pool(Lowering& state, const Node& node);
void lower_reduction(Lowering& state, const Node& node);
void lower_extreme(Lowering& state, const Node& node);  // lower_extreme.cpp
void lower_top_k(Lowering& state, const Node& node);    // lower_top_k.cpp
void lower_choice(Lowering& state, const Node& node);   // lower_join.cpp: Slice and Gather
void lower_order(Lowering& state, const Node& node);    // Flatten, Squeeze, Unsqueeze and Transpose
void lower_concat(Lowering& state, const Node& node);
void lower_split(Lowering& state, const Node& node);
void lower_pad(Lowering& state, const Node& node);
void lower_upsample(Lowering& state, const Node& node);  // lower_resize.cpp
void lower_add(Lowering& state, const Node& node);       // lower_elementwise.cpp
void lower_sub(Lowering& state, const Node& node);
void lower_mul(Lowering& state, const Node& node);
void lower_div(Lowering& state, const Node& node);
void lower_neg(Lowering& state, const Node& node);
void lower_batch_normalization(Lowering& state, const Node& node);
void lower_identity(Lowering& state, const Node& node);  // lower_shape.cpp
void lower_dropout(Lowering& state, const Node& node);
void lower_cast(Lowering& state, const Node& node);
void lower_reshape(Lowering& state, const Node& node);
void lower_depth_to_space(Lowering& state, const Node& node);
void lower_softmax(Lowering& state, const Node& node);  // lower_activation.cpp
void lower_simple_activation(Lowering& state, const Node& node);
void lower_prelu(Lowering& state, const Node& node);
void lower_abs(Lowering& state, const Node& node);
void lower_clip(Lowering& state, const Node& node);
void lower_gelu(Lowering& state, const Node& node);
void lower_swish(Lowering& state, const Node& node);

}  // namespace geolip::formats::onnx_graph
