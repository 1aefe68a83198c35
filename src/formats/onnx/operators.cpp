#include <formats/onnx/operators.hpp>

#include <unordered_map>

namespace geolip::formats::onnx_graph {
namespace {

// Attributes are written with the versions of ONNX's operators that have them: "axes<13", "antialias>=18".
using Names = std::vector<std::string_view>;
const Names elementwise{"broadcast<7", "axis<7", "consumed_inputs<6"};
const Names in_place{"consumed_inputs<6"};
const Names alpha{"alpha", "consumed_inputs<6"};
const Names conv{"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"};
const Names conv_transpose{"auto_pad",       "dilations",    "group", "kernel_shape",
                           "output_padding", "output_shape", "pads",  "strides"};
const Names mean_pool{"auto_pad", "ceil_mode>=10", "count_include_pad>=7", "dilations>=19", "kernel_shape",
                      "pads",     "strides"};
const Names max_pool{"auto_pad", "ceil_mode>=10",    "dilations>=10", "kernel_shape",
                     "pads",     "storage_order>=8", "strides"};
const Names resize{"mode",
                   "coordinate_transformation_mode>=11",
                   "nearest_mode>=11",
                   "cubic_coeff_a>=11",
                   "exclude_outside>=11",
                   "extrapolation_value>=11",
                   "antialias>=18",
                   "axes>=18",
                   "keep_aspect_ratio_policy>=18"};
const Names norm{"epsilon", "momentum", "training_mode>=14", "spatial<9", "is_test<7", "consumed_inputs<6"};
const Names constant{"value", "value_float>=12", "value_floats>=12", "value_int>=12", "value_ints>=12"};
const Names sum{"axes<13", "keepdims", "noop_with_empty_axes>=13"};
const Names reduce{"axes<18", "keepdims", "noop_with_empty_axes>=18"};
const Names slice{"axes<10", "starts<10", "ends<10"};
constexpr std::size_t any_number = 1U << 20U;
constexpr Elements kept = Elements::kept;
constexpr Elements renamed = Elements::renamed;

const std::unordered_map<std::string_view, Operator>& operators() {
  static const std::unordered_map<std::string_view, Operator> table{
      {"Gemm",
       {lower_gemm, fold_gemm, by_product, 2, 3, {"alpha", "beta", "transA", "transB", "broadcast<7"}}},
      {"MatMul", {lower_matmul, fold_matmul, by_product, 2, 2, {}}},
      {"Conv", {lower_conv, nullptr, never, 2, 3, conv}},
      {"ConvTranspose", {lower_conv_transpose, nullptr, never, 2, 3, conv_transpose}},
      {"AveragePool", {lower_average_pool, nullptr, never, 1, 1, mean_pool}},
      {"GlobalAveragePool", {lower_reduction, nullptr, never, 1, 1, {}}},
      {"MaxPool", {lower_max_pool, nullptr, never, 1, 1, max_pool, kept}},
      {"GlobalMaxPool", {lower_reduction, nullptr, never, 1, 1, {}, kept}},
      {"ReduceMean", {lower_reduction, fold_reduce, by_reduction, 1, 2, reduce}},
      {"ReduceSum", {lower_reduction, fold_reduce, by_reduction, 1, 2, sum}},
      {"ReduceMax", {lower_reduction, fold_reduce, by_reduction, 1, 2, reduce, kept}},
      {"ReduceMin", {lower_reduction, fold_reduce, by_reduction, 1, 2, reduce, kept}},
      {"ReduceProd", {nullptr, fold_reduce, nullptr, 1, 2, reduce}},
      {"ReduceL1", {nullptr, fold_reduce, nullptr, 1, 2, reduce}},
      {"ReduceL2", {nullptr, fold_reduce, nullptr, 1, 2, reduce}},
      {"ReduceSumSquare", {nullptr, fold_reduce, nullptr, 1, 2, reduce}},
      {"Max", {lower_extreme, nullptr, by_ranks, 1, any_number, in_place, kept, true}},
      {"Min", {lower_extreme, nullptr, by_ranks, 1, any_number, in_place, kept, true}},
      {"TopK",
       {lower_top_k, nullptr, by_last_axis, 1, 2, {"k<10", "axis", "largest>=11", "sorted>=11"}, kept}},
      {"Concat", {lower_concat, fold_concat, by_axis, 1, any_number, {"axis"}, kept, true}},
      {"Split", {lower_split, nullptr, by_axis, 1, 2, {"axis", "split<13", "num_outputs>=18"}, kept}},
      {"Slice", {lower_choice, fold_slice, by_slice, 1, 5, slice, kept}},
      {"Gather", {lower_choice, fold_gather, by_axis, 2, 2, {"axis"}, kept}},
      {"Pad", {lower_pad, nullptr, by_pad, 1, 4, {"mode", "pads<11", "paddings<2", "value<11"}}},
      {"Upsample", {lower_upsample, nullptr, never, 1, 2, {"mode", "scales<9"}}},
      {"Resize", {lower_upsample, nullptr, never, 1, 4, resize}},
      {"Add", {lower_add, fold_binary, by_ranks, 2, 2, elementwise, Elements::made, true}},
      {"Sub", {lower_sub, fold_binary, by_ranks, 2, 2, elementwise, Elements::made, true}},
      {"Mul", {lower_mul, fold_binary, by_ranks, 2, 2, elementwise}},
      {"Div", {lower_div, fold_binary, by_ranks, 2, 2, elementwise}},
      {"Pow", {nullptr, fold_binary, nullptr, 2, 2, {}}},
      {"Neg", {lower_neg, fold_unary, never, 1, 1, in_place}},
      {"Abs", {lower_abs, fold_unary, never, 1, 1, in_place}},
      {"Sqrt", {nullptr, fold_unary, nullptr, 1, 1, {}}},
      {"Reciprocal", {nullptr, fold_unary, nullptr, 1, 1, {}}},
      {"Exp", {nullptr, fold_unary, nullptr, 1, 1, {}}},
      {"Log", {nullptr, fold_unary, nullptr, 1, 1, {}}},
      {"BatchNormalization", {lower_batch_normalization, nullptr, never, 5, 5, norm}},
      {"Constant", {nullptr, fold_constant, nullptr, 0, 0, constant}},
      {"ConstantOfShape", {nullptr, fold_constant_of_shape, nullptr, 1, 1, {"value"}}},
      {"Shape", {nullptr, fold_shape_of, nullptr, 1, 1, {"start>=15", "end>=15"}}},
      {"Size", {nullptr, fold_size, nullptr, 1, 1, {}}},
      {"Expand", {nullptr, fold_expand, nullptr, 2, 2, {}}},
      {"Identity", {lower_identity, fold_identity, never, 1, 1, {}, renamed}},
      {"Dropout",
       {lower_dropout,
        nullptr,
        never,
        1,
        3,
        {"ratio<12", "seed>=12", "is_test<7", "consumed_inputs<6"},
        renamed}},
      {"Cast", {lower_cast, fold_cast, never, 1, 1, {"to", "saturate>=19", "round_mode>=24"}, renamed}},
      {"Reshape",
       {lower_reshape,
        fold_reshape,
        by_shape,
        1,
        2,
        {"allowzero>=14", "shape<5", "consumed_inputs<5"},
        renamed}},
      {"Flatten", {lower_order, fold_flatten, by_flatten, 1, 1, {"axis"}, renamed}},
      {"Squeeze", {lower_order, fold_squeeze, by_squeeze, 1, 2, {"axes<13"}, renamed}},
      {"Unsqueeze", {lower_order, fold_unsqueeze, by_unsqueeze, 1, 2, {"axes<13"}, renamed}},
      {"Transpose", {lower_order, fold_transpose, by_order, 1, 1, {"perm"}, renamed}},
      {"DepthToSpace", {lower_depth_to_space, nullptr, never, 1, 1, {"blocksize", "mode>=11"}, renamed}},
      {"Relu", {lower_simple_activation, fold_unary, never, 1, 1, in_place}},
      {"Sigmoid", {lower_simple_activation, fold_unary, never, 1, 1, in_place}},
      {"Tanh", {lower_simple_activation, fold_unary, never, 1, 1, in_place}},
      {"Softplus", {lower_simple_activation, fold_unary, never, 1, 1, {}}},
      {"LeakyRelu", {lower_simple_activation, nullptr, never, 1, 1, alpha}},
      {"Elu", {lower_simple_activation, nullptr, never, 1, 1, alpha}},
      {"Selu", {lower_simple_activation, nullptr, never, 1, 1, {"alpha", "gamma", "consumed_inputs<6"}}},
      {"HardSigmoid",
       {lower_simple_activation, nullptr, never, 1, 1, {"alpha", "beta", "consumed_inputs<6"}}},
      {"HardSwish", {lower_simple_activation, nullptr, never, 1, 1, {}}},
      {"Mish", {lower_simple_activation, nullptr, never, 1, 1, {}}},
      {"Celu", {lower_simple_activation, nullptr, never, 1, 1, {"alpha"}}},
      {"Softsign", {lower_simple_activation, nullptr, never, 1, 1, {}}},
      {"PRelu", {lower_prelu, nullptr, by_ranks, 2, 2, in_place}},
      {"Clip", {lower_clip, nullptr, never, 1, 3, {"min<11", "max<11", "consumed_inputs<6"}}},
      {"Gelu", {lower_gelu, nullptr, never, 1, 1, {"approximate"}}},
      {"Swish", {lower_swish, nullptr, never, 1, 1, {"alpha"}}},
      {"Softmax", {lower_softmax, nullptr, by_softmax, 1, 1, {"axis"}}},
      {"LogSoftmax", {lower_softmax, nullptr, by_softmax, 1, 1, {"axis"}}},
  };
  return table;
}

}  // namespace

const Operator* find_operator(const Node& node) {
  const std::string& domain = node.proto().domain();
  if (!domain.empty() && domain != "ai.onnx") return nullptr;
  const auto found = operators().find(node.op());
  return found == operators().end() ? nullptr : &found->second;
}

}  // namespace geolip::formats::onnx_graph
