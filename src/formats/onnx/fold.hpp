/// \file
/// Operators of constants: the parts of a graph that do not depend on the input's values.
#pragma once

#include <formats/onnx/budget.hpp>
#include <formats/onnx/node.hpp>
#include <formats/onnx/tensor_proto.hpp>

#include <span>
#include <vector>

namespace geolip::formats::onnx_graph {

/// What the handler of an operator of constants gets. Inputs that are left out are null.
struct FoldContext {
  const Node& node;
  std::span<const Tensor* const> inputs;
  ExternalData& external;
  Budget& budget;

  /// Input i, which must be there.
  const Tensor& input(std::size_t i) const;
  /// Input i or null.
  const Tensor* optional_input(std::size_t i) const { return i < inputs.size() ? inputs[i] : nullptr; }
  /// A list of integers that is an attribute in older versions of an operator and input i in newer ones.
  std::optional<std::vector<Index>> list(const char* attribute, std::size_t i) const;
};

/// Evaluates a node whose inputs are all constant, in double precision. Throws NetworkError if the operator
/// is not known, its inputs make no sense, or the result is larger than the budget.
Tensor fold(const FoldContext& context);

// The handlers, by the file that they are in.
Tensor fold_constant(const FoldContext& c);  // fold_shape.cpp
Tensor fold_shape_of(const FoldContext& c);
Tensor fold_size(const FoldContext& c);
Tensor fold_identity(const FoldContext& c);
Tensor fold_cast(const FoldContext& c);
Tensor fold_reshape(const FoldContext& c);
Tensor fold_flatten(const FoldContext& c);
Tensor fold_squeeze(const FoldContext& c);
Tensor fold_unsqueeze(const FoldContext& c);
Tensor fold_transpose(const FoldContext& c);
Tensor fold_constant_of_shape(const FoldContext& c);
Tensor fold_expand(const FoldContext& c);
Tensor fold_gather(const FoldContext& c);
Tensor fold_concat(const FoldContext& c);
Tensor fold_slice(const FoldContext& c);
Tensor fold_binary(const FoldContext& c);  // fold_math.cpp
Tensor fold_unary(const FoldContext& c);
Tensor fold_reduce(const FoldContext& c);
Tensor fold_matmul(const FoldContext& c);
Tensor fold_gemm(const FoldContext& c);

}  // namespace geolip::formats::onnx_graph
