#include "formats/onnx/operators.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace geolip::formats::onnx_graph {
namespace {

const std::unordered_map<std::string_view, DataOperator>& operators() {
  // before version 7 operators had no broadcasting of their own but attributes that asked for it
  static const std::vector<std::string_view> elementwise{"broadcast", "axis", "consumed_inputs"};
  static const std::vector<std::string_view> activation{"alpha", "beta", "gamma", "consumed_inputs"};
  static const std::vector<std::string_view> convolution{"auto_pad",     "dilations", "group",
                                                         "kernel_shape", "pads",      "strides"};
  static const std::vector<std::string_view> reduction{"axes", "keepdims", "noop_with_empty_axes"};
  constexpr std::size_t most_joined = 1U << 16U;
  static const std::unordered_map<std::string_view, DataOperator> table{
      {"Gemm", {lower_gemm, 2, 3, {"alpha", "beta", "transA", "transB", "broadcast"}}},
      {"MatMul", {lower_matmul, 2, 2, {}}},
      {"Conv", {lower_conv, 2, 3, convolution}},
      {"ConvTranspose",
       {lower_conv_transpose,
        2,
        3,
        {"auto_pad", "dilations", "group", "kernel_shape", "output_padding", "output_shape", "pads",
         "strides"}}},
      {"AveragePool",
       {lower_average_pool,
        1,
        1,
        {"auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"}}},
      {"GlobalAveragePool", {lower_global_average_pool, 1, 1, {}}},
      {"MaxPool",
       {lower_max_pool,
        1,
        1,
        {"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"}}},
      {"GlobalMaxPool", {lower_global_max_pool, 1, 1, {}}},
      {"ReduceMean", {lower_reduce_mean, 1, 2, reduction}},
      {"ReduceSum", {lower_reduce_sum, 1, 2, reduction}},
      {"ReduceMax", {lower_reduce_extreme, 1, 2, reduction}},
      {"ReduceMin", {lower_reduce_extreme, 1, 2, reduction}},
      {"Max", {lower_extreme, 1, most_joined, {"consumed_inputs"}, true}},
      {"Min", {lower_extreme, 1, most_joined, {"consumed_inputs"}, true}},
      {"TopK", {lower_top_k, 1, 2, {"k", "axis", "largest", "sorted"}}},
      {"Concat", {lower_concat, 1, most_joined, {"axis"}, true}},
      {"Split", {lower_split, 1, 2, {"axis", "split", "num_outputs"}}},
      {"Slice", {lower_slice, 1, 5, {"axes", "starts", "ends"}}},
      {"Gather", {lower_gather, 2, 2, {"axis"}}},
      {"Pad", {lower_pad, 1, 4, {"mode", "pads", "paddings", "value"}}},
      {"Upsample", {lower_upsample, 1, 2, {"mode", "scales"}}},
      {"Resize",
       {lower_upsample,
        1,
        4,
        {"mode", "coordinate_transformation_mode", "nearest_mode", "cubic_coeff_a", "exclude_outside",
         "extrapolation_value", "antialias", "axes", "keep_aspect_ratio_policy"}}},
      {"Add", {lower_add, 2, 2, elementwise, true}},
      {"Sub", {lower_sub, 2, 2, elementwise, true}},
      {"Mul", {lower_mul, 2, 2, elementwise}},
      {"Div", {lower_div, 2, 2, elementwise}},
      {"Neg", {lower_neg, 1, 1, {"consumed_inputs"}}},
      {"BatchNormalization",
       {lower_batch_normalization,
        5,
        5,
        {"epsilon", "momentum", "training_mode", "spatial", "is_test", "consumed_inputs"}}},
      {"Identity", {lower_identity, 1, 1, {}}},
      {"Dropout", {lower_dropout, 1, 3, {"ratio", "seed", "is_test", "consumed_inputs"}}},
      {"Cast", {lower_cast, 1, 1, {"to", "saturate"}}},
      {"Reshape", {lower_reshape, 1, 2, {"allowzero", "shape", "consumed_inputs"}}},
      {"Flatten", {lower_flatten, 1, 1, {"axis"}}},
      {"Squeeze", {lower_squeeze, 1, 2, {"axes"}}},
      {"Unsqueeze", {lower_unsqueeze, 1, 2, {"axes"}}},
      {"Transpose", {lower_transpose, 1, 1, {"perm"}}},
      {"DepthToSpace", {lower_depth_to_space, 1, 1, {"blocksize", "mode"}}},
      {"Relu", {lower_simple_activation, 1, 1, {"consumed_inputs"}}},
      {"Sigmoid", {lower_simple_activation, 1, 1, {"consumed_inputs"}}},
      {"Tanh", {lower_simple_activation, 1, 1, {"consumed_inputs"}}},
      {"Softplus", {lower_simple_activation, 1, 1, {}}},
      {"LeakyRelu", {lower_simple_activation, 1, 1, activation}},
      {"Elu", {lower_simple_activation, 1, 1, activation}},
      {"Selu", {lower_simple_activation, 1, 1, activation}},
      {"HardSigmoid", {lower_simple_activation, 1, 1, activation}},
      {"HardSwish", {lower_simple_activation, 1, 1, {}}},
      {"Mish", {lower_simple_activation, 1, 1, {}}},
      {"Celu", {lower_simple_activation, 1, 1, {"alpha"}}},
      {"Softsign", {lower_simple_activation, 1, 1, {}}},
      {"Abs", {lower_abs, 1, 1, {"consumed_inputs"}}},
      {"PRelu", {lower_prelu, 2, 2, {"consumed_inputs"}}},
      {"Clip", {lower_clip, 1, 3, {"min", "max", "consumed_inputs"}}},
      {"Gelu", {lower_gelu, 1, 1, {"approximate"}}},
      {"Swish", {lower_swish, 1, 1, {"alpha"}}},
      {"Softmax", {lower_softmax, 1, 1, {"axis"}}},
      {"LogSoftmax", {lower_softmax, 1, 1, {"axis"}}},
  };
  return table;
}

}  // namespace

const DataOperator* find_operator(const Node& node) {
  const std::string& domain = node.proto().domain();
  if (!domain.empty() && domain != "ai.onnx") return nullptr;
  const auto found = operators().find(node.op());
  return found == operators().end() ? nullptr : &found->second;
}

bool only_relabels(const onnx::NodeProto& node) {
  constexpr std::array<std::string_view, 9> names{"Identity",  "Dropout",   "Cast",
                                                  "Reshape",   "Flatten",   "Squeeze",
                                                  "Unsqueeze", "Transpose", "DepthToSpace"};
  return std::find(names.begin(), names.end(), node.op_type()) != names.end();
}

bool keeps_elements(const Node& node) {
  constexpr std::array<std::string_view, 11> names{"Slice",   "Gather",    "Split",     "Concat",
                                                   "MaxPool", "ReduceMax", "ReduceMin", "GlobalMaxPool",
                                                   "Max",     "Min",       "TopK"};
  return only_relabels(node.proto()) || std::find(names.begin(), names.end(), node.op()) != names.end();
}

}  // namespace geolip::formats::onnx_graph
