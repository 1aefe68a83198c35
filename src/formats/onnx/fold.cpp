#include <formats/onnx/fold.hpp>

#include <geolip/error.hpp>

#include <string_view>
#include <unordered_map>

namespace geolip::formats::onnx_graph {
namespace {

struct Operator {
  Tensor (*handler)(const FoldContext&);
  std::size_t least;  ///< number of inputs
  std::size_t most;
  std::vector<std::string_view> attributes;
};

constexpr std::size_t any_number = 1U << 20U;

const std::unordered_map<std::string_view, Operator>& operators() {
  static const std::vector<std::string_view> sum{"axes<13", "keepdims", "noop_with_empty_axes>=13"};
  static const std::vector<std::string_view> reduce{"axes<18", "keepdims", "noop_with_empty_axes>=18"};
  static const std::unordered_map<std::string_view, Operator> table{
      {"Constant",
       {fold_constant,
        0,
        0,
        {"value", "value_float>=12", "value_floats>=12", "value_int>=12", "value_ints>=12"}}},
      {"Shape", {fold_shape_of, 1, 1, {"start>=15", "end>=15"}}},
      {"Size", {fold_size, 1, 1, {}}},
      {"Identity", {fold_identity, 1, 1, {}}},
      {"Cast", {fold_cast, 1, 1, {"to", "saturate>=19", "round_mode>=24"}}},
      {"Reshape", {fold_reshape, 1, 2, {"allowzero>=14", "shape<5"}}},
      {"Flatten", {fold_flatten, 1, 1, {"axis"}}},
      {"Squeeze", {fold_squeeze, 1, 2, {"axes<13"}}},
      {"Unsqueeze", {fold_unsqueeze, 1, 2, {"axes<13"}}},
      {"Transpose", {fold_transpose, 1, 1, {"perm"}}},
      {"ConstantOfShape", {fold_constant_of_shape, 1, 1, {"value"}}},
      {"Expand", {fold_expand, 2, 2, {}}},
      {"Gather", {fold_gather, 2, 2, {"axis"}}},
      {"Concat", {fold_concat, 1, any_number, {"axis"}}},
      {"Slice", {fold_slice, 1, 5, {"axes<10", "starts<10", "ends<10"}}},
      {"Add", {fold_binary, 2, 2, {}}},
      {"Sub", {fold_binary, 2, 2, {}}},
      {"Mul", {fold_binary, 2, 2, {}}},
      {"Div", {fold_binary, 2, 2, {}}},
      {"Pow", {fold_binary, 2, 2, {}}},
      {"Neg", {fold_unary, 1, 1, {}}},
      {"Abs", {fold_unary, 1, 1, {}}},
      {"Sqrt", {fold_unary, 1, 1, {}}},
      {"Reciprocal", {fold_unary, 1, 1, {}}},
      {"Exp", {fold_unary, 1, 1, {}}},
      {"Log", {fold_unary, 1, 1, {}}},
      {"Softplus", {fold_unary, 1, 1, {}}},
      {"Sigmoid", {fold_unary, 1, 1, {}}},
      {"Tanh", {fold_unary, 1, 1, {}}},
      {"Relu", {fold_unary, 1, 1, {}}},
      {"ReduceSum", {fold_reduce, 1, 2, sum}},
      {"ReduceMean", {fold_reduce, 1, 2, reduce}},
      {"ReduceMax", {fold_reduce, 1, 2, reduce}},
      {"ReduceMin", {fold_reduce, 1, 2, reduce}},
      {"ReduceProd", {fold_reduce, 1, 2, reduce}},
      {"ReduceL1", {fold_reduce, 1, 2, reduce}},
      {"ReduceL2", {fold_reduce, 1, 2, reduce}},
      {"ReduceSumSquare", {fold_reduce, 1, 2, reduce}},
      {"MatMul", {fold_matmul, 2, 2, {}}},
      {"Gemm", {fold_gemm, 2, 3, {"alpha", "beta", "transA", "transB"}}},
  };
  return table;
}

}  // namespace

const Tensor& FoldContext::input(std::size_t i) const {
  if (i >= inputs.size() || inputs[i] == nullptr) {
    throw NetworkError("operator " + node.op() + " lacks its input " + std::to_string(i));
  }
  return *inputs[i];
}

Tensor fold(const FoldContext& context) {
  const std::string& domain = context.node.proto().domain();
  const auto found = operators().find(context.node.op());
  if (found == operators().end() || !(domain.empty() || domain == "ai.onnx")) {
    throw NetworkError(not_supported(context.node) + " on constants");
  }
  const Operator& op = found->second;
  context.node.require_known_attributes(op.attributes);
  context.node.require_inputs(op.least, op.most);
  Tensor result = op.handler(context);
  for (const Tensor* input : context.inputs)
    result.rounded = result.rounded || (input != nullptr && input->rounded);
  return result;
}

}  // namespace geolip::formats::onnx_graph
