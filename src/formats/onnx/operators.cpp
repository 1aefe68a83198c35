#include <formats/onnx/operators.hpp>

#include <algorithm>
#include <array>
#include <unordered_map>

namespace geolip::formats::onnx_graph {
namespace {

const std::unordered_map<std::string_view, DataOperator>& operators() {
  // Attributes are written with the versions of ONNX's operators that have them: "axes<13", "antialias>=18".
  using Names = std::vector<std::string_view>;
  static const Names elementwise{"broadcast<7", "axis<7", "consumed_inputs<6"};
  static const Names in_place{"consumed_inputs<6"};
  static const Names alpha{"alpha", "consumed_inputs<6"};
  static const Names convolution{"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"};
  static const Names sum{"axes<13", "keepdims", "noop_with_empty_axes>=13"};
  static const Names reduction{"axes<18", "keepdims", "noop_with_empty_axes>=18"};
  constexpr std::size_t most_joined = 1U << 16U;
  static const std::unordered_map<std::string_view, DataOperator> table{
      {"Gemm", {lower_gemm, 2, 3, {"alpha", "beta", "transA", "transB", "broadcast<7"}}},
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
        {"auto_pad", "ceil_mode>=10", "count_include_pad>=7", "dilations>=19", "kernel_shape", "pads",
         "strides"}}},
      {"GlobalAveragePool", {lower_global_average_pool, 1, 1, {}}},
      {"MaxPool",
       {lower_max_pool,
        1,
        1,
        {"auto_pad", "ceil_mode>=10", "dilations>=10", "kernel_shape", "pads", "storage_order>=8",
         "strides"}}},
      {"GlobalMaxPool", {lower_global_max_pool, 1, 1, {}}},
      {"ReduceMean", {lower_reduce_mean, 1, 2, reduction}},
      {"ReduceSum", {lower_reduce_sum, 1, 2, sum}},
      {"ReduceMax", {lower_reduce_extreme, 1, 2, reduction}},
      {"ReduceMin", {lower_reduce_extreme, 1, 2, reduction}},
      {"Max", {lower_extreme, 1, most_joined, in_place, true}},
      {"Min", {lower_extreme, 1, most_joined, in_place, true}},
      {"TopK", {lower_top_k, 1, 2, {"k<10", "axis", "largest>=11", "sorted>=11"}}},
      {"Concat", {lower_concat, 1, most_joined, {"axis"}, true}},
      {"Split", {lower_split, 1, 2, {"axis", "split<13", "num_outputs>=18"}}},
      {"Slice", {lower_slice, 1, 5, {"axes<10", "starts<10", "ends<10"}}},
      {"Gather", {lower_gather, 2, 2, {"axis"}}},
      {"Pad", {lower_pad, 1, 4, {"mode", "pads<11", "paddings<2", "value<11"}}},
      {"Upsample", {lower_upsample, 1, 2, {"mode", "scales<9"}}},
      {"Resize",
       {lower_upsample,
        1,
        4,
        {"mode", "coordinate_transformation_mode>=11", "nearest_mode>=11", "cubic_coeff_a>=11",
         "exclude_outside>=11", "extrapolation_value>=11", "antialias>=18", "axes>=18",
         "keep_aspect_ratio_policy>=18"}}},
      {"Add", {lower_add, 2, 2, elementwise, true}},
      {"Sub", {lower_sub, 2, 2, elementwise, true}},
      {"Mul", {lower_mul, 2, 2, elementwise}},
      {"Div", {lower_div, 2, 2, elementwise}},
      {"Neg", {lower_neg, 1, 1, in_place}},
      {"BatchNormalization",
       {lower_batch_normalization,
        5,
        5,
        {"epsilon", "momentum", "training_mode>=14", "spatial<9", "is_test<7", "consumed_inputs<6"}}},
      {"Identity", {lower_identity, 1, 1, {}}},
      {"Dropout", {lower_dropout, 1, 3, {"ratio<12", "seed>=12", "is_test<7", "consumed_inputs<6"}}},
      {"Cast", {lower_cast, 1, 1, {"to", "saturate>=19", "round_mode>=24"}}},
      {"Reshape", {lower_reshape, 1, 2, {"allowzero>=14", "shape<5", "consumed_inputs<5"}}},
      {"Flatten", {lower_flatten, 1, 1, {"axis"}}},
      {"Squeeze", {lower_squeeze, 1, 2, {"axes<13"}}},
      {"Unsqueeze", {lower_unsqueeze, 1, 2, {"axes<13"}}},
      {"Transpose", {lower_transpose, 1, 1, {"perm"}}},
      {"DepthToSpace", {lower_depth_to_space, 1, 1, {"blocksize", "mode>=11"}}},
      {"Relu", {lower_simple_activation, 1, 1, in_place}},
      {"Sigmoid", {lower_simple_activation, 1, 1, in_place}},
      {"Tanh", {lower_simple_activation, 1, 1, in_place}},
      {"Softplus", {lower_simple_activation, 1, 1, {}}},
      {"LeakyRelu", {lower_simple_activation, 1, 1, alpha}},
      {"Elu", {lower_simple_activation, 1, 1, alpha}},
      {"Selu", {lower_simple_activation, 1, 1, {"alpha", "gamma", "consumed_inputs<6"}}},
      {"HardSigmoid", {lower_simple_activation, 1, 1, {"alpha", "beta", "consumed_inputs<6"}}},
      {"HardSwish", {lower_simple_activation, 1, 1, {}}},
      {"Mish", {lower_simple_activation, 1, 1, {}}},
      {"Celu", {lower_simple_activation, 1, 1, {"alpha"}}},
      {"Softsign", {lower_simple_activation, 1, 1, {}}},
      {"Abs", {lower_abs, 1, 1, in_place}},
      {"PRelu", {lower_prelu, 2, 2, in_place}},
      {"Clip", {lower_clip, 1, 3, {"min<11", "max<11", "consumed_inputs<6"}}},
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
