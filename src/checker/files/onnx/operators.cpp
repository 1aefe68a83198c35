#include "checker/files/onnx/operators.hpp"

#include "checker/files/onnx/batch.hpp"
#include "checker/files/onnx/rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace geolip::checker::onnx {
namespace {

/// The tensor as a rows x cols matrix; `transposed`: it is cols x rows.
std::vector<double> matrix_of(const Step& s, const Tensor& tensor, Index rows, Index cols, bool transposed) {
  require_real(tensor, "weight");
  if (!tensor.exact()) {
    throw ReadError("weight is computed with rounding, so that the file does not state it exactly");
  }
  s.budget.take(tensor.size());
  if (!transposed) return tensor.lower;
  std::vector<double> weight(tensor.lower.size());
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j) {
      weight[static_cast<std::size_t>(i * cols + j)] = tensor.lower[static_cast<std::size_t>(j * rows + i)];
    }
  }
  return weight;
}

// ---- products -------------------------------------------------------------------------------------------

/// alpha A B + beta C, with A or B constant.
void gemm(const Step& s) {
  if (s.data > 1)
    throw ReadError("the addend of operator Gemm is computed from the input, which is not supported");
  const bool data_left = s.data == 0;
  const Tensor& w = s.constant(data_left ? 1 : 0, "weight");
  const Shape& x = s.graph.shape();
  if (x.size() != 2 || w.shape.size() != 2) {
    throw ReadError("operator Gemm needs matrices but has " + shape_text(x) + " and " + shape_text(w.shape));
  }
  const bool trans_data = s.node.integer(data_left ? "transA" : "transB", 0) != 0;
  const bool trans_weight = s.node.integer(data_left ? "transB" : "transA", 0) != 0;
  // op(X) op(W) with one row of data, or op(W) op(X) with one column
  const Index data_rows = x[trans_data ? 1 : 0];
  const Index data_cols = x[trans_data ? 0 : 1];
  const Index weight_rows = w.shape[trans_weight ? 1 : 0];
  const Index weight_cols = w.shape[trans_weight ? 0 : 1];
  const Index vectors = data_left ? data_rows : data_cols;
  const Index length = data_left ? data_cols : data_rows;
  if (vectors != 1) fail_rows(s, vectors);
  const Index inputs = data_left ? weight_rows : weight_cols;
  const Index outputs = data_left ? weight_cols : weight_rows;
  if (inputs != length) {
    throw ReadError("weight is " + shape_text(w.shape) + ", which does not fit its input of " +
                    shape_text(x));
  }
  Shape result = data_left ? Shape{1, outputs} : Shape{outputs, 1};
  if (s.node.has_input(2)) {
    const Tensor& c = s.constant(2, "the addend");
    require_real(c, "the addend");
    require_finite(c.lower, "the addend");
    if (c.shape.size() > 2 || broadcast(c.shape, result) != result) {
      throw ReadError("the addend is " + shape_text(c.shape) + ", which does not fit the product of " +
                      shape_text(result));
    }
  }
  s.node.real("beta", 1.0);
  const double alpha = s.node.real("alpha", 1.0);
  // the layer's matrix is outputs x inputs: W' on the right, W on the left
  const bool transposed = data_left != trans_weight;
  std::vector<double> weight = matrix_of(s, w, outputs, inputs, transposed);
  s.graph.add_dense(s.node.label(), outputs, inputs, std::move(weight), std::move(result));
  if (alpha != 1.0) s.graph.add_scale(s.node.label(), alpha);
}

/// W times every vector of the data, whose entries stand `stride` elements apart; each result in its place.
void multiply_vectors(const Step& s, const std::vector<double>& weight, Index outputs, Index length,
                      Index stride, Shape result) {
  const Index size = s.graph.size();
  s.budget.take(2 * product(size / length, product(outputs, length, "its weight"), "its result"));
  Rows rows(size);
  for (Index block = 0; block < size; block += length * stride) {
    for (Index o = 0; o < outputs; ++o) {
      for (Index t = 0; t < stride; ++t) {
        for (Index c = 0; c < length; ++c)
          rows.put(block + c * stride + t, weight[static_cast<std::size_t>(o * length + c)]);
        rows.close();
      }
    }
  }
  s.graph.add_sparse(s.node.label(), std::move(rows.sparse), std::move(result));
}

/// NumPy's matmul with a matrix or vector that is constant.
void matmul(const Step& s) {
  const bool data_left = s.data == 0;
  const Tensor& w = s.constant(data_left ? 1 : 0, "weight");
  const Shape& x = s.graph.shape();
  if (w.shape.empty() || x.empty()) throw ReadError("operator MatMul cannot multiply a scalar");
  for (std::size_t i = 0; i + 2 < w.shape.size(); ++i) {
    if (w.shape[i] != 1) {
      throw ReadError("weight of " + shape_text(w.shape) + " is a batch of matrices, which is not supported");
    }
  }
  // A vector on the left is a row, on the right a column; the dimension that this adds is dropped afterwards.
  const auto matrix = [](const Shape& shape, bool left) {
    if (shape.size() == 1) return left ? Shape{1, shape[0]} : Shape{shape[0], 1};
    return Shape{shape[shape.size() - 2], shape.back()};
  };
  const Shape a = matrix(data_left ? x : w.shape, true);
  const Shape b = matrix(data_left ? w.shape : x, false);
  if (a[1] != b[0]) {
    throw ReadError("weight is " + shape_text(w.shape) + ", which does not fit its input of " +
                    shape_text(x));
  }
  const Index length = a[1];
  if (length < 1) throw ReadError("weight is empty");
  Shape result(std::max({x.size(), w.shape.size(), std::size_t{2}}) - 2, 1);
  const std::size_t left_rank = data_left ? x.size() : w.shape.size();
  const std::size_t right_rank = data_left ? w.shape.size() : x.size();
  const Index outputs = data_left ? b[1] : a[0];
  const Index vectors = s.graph.size() / length;
  if (vectors != 1) {
    // one input's vectors if the first dimension, which may be a batch's, is none of theirs
    if (x.size() < 3 || x[0] != 1) fail_rows(s, vectors);
    std::copy(x.begin(), x.end() - 2, result.end() - static_cast<std::ptrdiff_t>(x.size() - 2));
  }
  if (left_rank > 1) result.push_back(a[0]);
  if (right_rank > 1) result.push_back(b[1]);
  std::vector<double> weight = matrix_of(s, w, outputs, length, data_left);
  if (vectors == 1) {
    s.graph.add_dense(s.node.label(), outputs, length, std::move(weight), std::move(result));
  } else {
    multiply_vectors(s, weight, outputs, length, data_left ? 1 : x.back(), std::move(result));
  }
}

// ---- element by element ---------------------------------------------------------------------------------

struct Operand {
  const Tensor& tensor;
  std::vector<Index> places;  ///< for each element of the data
};

/// The constant operand, aligned with the data.
Operand operand(const Step& s) {
  const Tensor& c = s.constant(1 - s.data, "an operand");
  require_real(c, "a constant operand");
  require_finite(c.lower, "a constant operand");
  require_finite(c.upper, "a constant operand");
  if (s.node.opset() >= 7) {
    if (s.node.has("broadcast") || s.node.has("axis")) {
      throw ReadError("operator " + s.node.op() +
                      " has the attributes of an older version than the model states");
    }
    return {c, s.graph.spread(c)};
  }
  // Before version 7 the second operand's dimensions matched the first's from `axis` on, or its last ones.
  if (s.node.integer("broadcast", 0) == 0 && c.shape != s.graph.shape()) {
    throw ReadError("operands of " + shape_text(s.graph.shape()) + " and " + shape_text(c.shape) +
                    " may not be broadcast");
  }
  if (!s.node.has("axis")) return {c, s.graph.spread(c)};
  const std::size_t rank = s.graph.shape().size();
  const std::size_t axis = axis_of(s.node.integer("axis", 0), rank);
  if (s.data != 0 || axis + c.shape.size() > rank) {
    throw ReadError("axis " + std::to_string(axis) + " leaves no place for an operand of " +
                    shape_text(c.shape));
  }
  Tensor aligned = c;
  aligned.shape.resize(rank - axis, 1);
  return {c, s.graph.spread(aligned)};
}

void shift(const Step& s) {
  if (s.tensors[0] != nullptr && s.tensors[1] != nullptr) {
    add_tensors(s, s.node.message().op == "Sub" ? -1.0 : 1.0);
    return;
  }
  operand(s);
  if (s.node.message().op == "Sub" && s.data == 1) s.graph.add_scale(s.node.label(), -1.0);
}

void mul(const Step& s) {
  const Operand c = operand(s);
  s.budget.take(2 * s.graph.size());
  Scale scale;
  for (const Index i : c.places) {
    scale.lower.push_back(c.tensor.at(i).lower);
    scale.upper.push_back(c.tensor.at(i).upper);
  }
  s.graph.add_scale(s.node.label(), std::move(scale));
}

void div(const Step& s) {
  if (s.data != 0) throw ReadError("operator Div divides a constant by data, which has no bounded slope");
  const Operand c = operand(s);
  s.budget.take(4 * s.graph.size());
  Scale scale;
  for (const Index i : c.places) {
    const Enclosure factor = divide(point(1.0), c.tensor.at(i));
    scale.lower.push_back(factor.lower);
    scale.upper.push_back(factor.upper);
    if (!c.tensor.exact()) continue;
    scale.numerator.push_back(1.0);
    scale.denominator.push_back(c.tensor.at(i).lower);
  }
  s.graph.add_scale(s.node.label(), std::move(scale));
}

void neg(const Step& s) { s.graph.add_scale(s.node.label(), -1.0); }

void batch_normalization(const Step& s) {
  require_data_first(s);
  const Shape& x = s.graph.shape();
  std::size_t outputs = 0;
  for (const std::string_view name : s.node.message().outputs) outputs += name.empty() ? 0 : 1;
  if (s.node.integer("training_mode", 0) != 0 || outputs > 1 ||
      (s.node.opset() < 7 && s.node.integer("is_test", 0) == 0)) {
    throw ReadError("operator BatchNormalization is in training mode");
  }
  if (x.size() < 2 || (s.node.integer("spatial", 1) == 0 && x.size() != 2)) {
    throw ReadError("operator BatchNormalization is not supported on data of " + shape_text(x) +
                    " other than by channel");
  }
  const Index channels = x[1];
  constexpr std::array<const char*, 5> names{"", "the scale", "the bias", "the mean", "the variance"};
  for (std::size_t i = 1; i < names.size(); ++i) {
    const Tensor& parameter = s.constant(i, names[i]);
    require_real(parameter, names[i]);
    require_finite(parameter.lower, names[i]);
    if (parameter.shape != Shape{channels}) {
      throw ReadError(std::string(names[i]) + " is " + shape_text(parameter.shape) + " but its input has " +
                      std::to_string(channels) + " channels");
    }
  }
  const Enclosure epsilon = point(s.node.real("epsilon", static_cast<double>(1e-5F)));
  std::vector<Enclosure> factors;
  for (Index c = 0; c < channels; ++c) {
    const Enclosure sum = add(s.constant(4, "").at(c), epsilon);
    if (!(sum.lower > 0.0)) {
      throw ReadError("the variance of channel " + std::to_string(c) + " is not positive");
    }
    factors.push_back(divide(s.constant(1, "").at(c), square_root(sum)));
  }
  s.budget.take(2 * s.graph.size());
  const Index inner = element_count({x.begin() + 2, x.end()}, "its input");
  Scale scale;
  for (Index i = 0; i < s.graph.size(); ++i) {
    const Enclosure& factor = factors[static_cast<std::size_t>(i / inner % channels)];
    scale.lower.push_back(factor.lower);
    scale.upper.push_back(factor.upper);
  }
  s.graph.add_scale(s.node.label(), std::move(scale));
}

// ---- shapes ---------------------------------------------------------------------------------------------

void nothing(const Step& /*s*/) {}

void cast(const Step& s) {
  if (!is_float(s.node.integer("to", 0)))
    throw ReadError("operator Cast of data to integers is not supported");
}

void dropout(const Step& s) {
  require_data_first(s);
  bool training = s.node.opset() < 7 && s.node.integer("is_test", 0) == 0;
  if (s.node.has_input(2)) {
    const Tensor& mode = s.constant(2, "the mode");
    training = training || mode.real || mode.size() != 1 || mode.integers[0] != 0;
  }
  if (training) throw ReadError("operator Dropout is in training mode");
}

void reshape(const Step& s) {
  const auto target = list_of(s, "shape");
  if (!target) throw ReadError("a Reshape has no shape");
  s.graph.set_shape(
      reshaped(s.graph.shape(), target_of_row(s, *target), s.node.integer("allowzero", 0) != 0));
}

void flatten(const Step& s) { s.graph.set_shape(flattened(s.graph.shape(), s.node.integer("axis", 1))); }

void squeeze(const Step& s) { s.graph.set_shape(squeezed(s.graph.shape(), list_of(s, "axes"))); }

void unsqueeze(const Step& s) {
  const auto axes = list_of(s, "axes");
  if (!axes) throw ReadError("an Unsqueeze has no axes");
  s.graph.set_shape(unsqueezed(s.graph.shape(), *axes));
}

void depth_to_space(const Step& s) {
  const Shape x = s.graph.shape();
  const Index b = s.node.integer("blocksize", 0);
  const std::string mode = s.node.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") throw ReadError("DepthToSpace has the mode " + in_quotes(mode));
  if (x.size() != 4 || b < 1 || b > x[1] || x[1] % (b * b) != 0) {
    throw ReadError("DepthToSpace with blocks of " + std::to_string(b) + " does not go with data of " +
                    shape_text(x));
  }
  // as ONNX defines it: the channels become three axes, and those of b go behind the image's own
  const Index c = x[1] / (b * b);
  const bool depth_first = mode == "DCR";
  const Shape split = depth_first ? Shape{x[0], b, b, c, x[2], x[3]} : Shape{x[0], c, b, b, x[2], x[3]};
  const std::vector<Index> perm =
      depth_first ? std::vector<Index>{0, 3, 4, 1, 5, 2} : std::vector<Index>{0, 1, 4, 2, 5, 3};
  s.graph.relabel(s.node.label(), transpose_sources(split, perm));
  s.graph.set_shape({x[0], c, x[2] * b, x[3] * b});
}

void transpose(const Step& s) {
  const Shape shape = s.graph.shape();
  const std::vector<Index> perm = permutation_of(s.node, shape.size());
  s.graph.relabel(s.node.label(), transpose_sources(shape, perm));
  s.graph.set_shape(permuted(shape, perm));
}

struct Operator {
  void (*handler)(const Step&);
  std::size_t least;
  std::size_t most;
  std::vector<std::string_view> attributes;
  bool joins = false;  ///< whether several of its inputs may be data
};

const Operator* find(std::string_view op) {
  static const std::unordered_map<std::string_view, Operator> table{
      {"Gemm", {gemm, 2, 3, {"alpha", "beta", "transA", "transB", "broadcast"}}},
      {"MatMul", {matmul, 2, 2, {}}},
      {"Conv", {conv, 2, 3, {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}}},
      {"ConvTranspose",
       {conv_transpose,
        2,
        3,
        {"auto_pad", "dilations", "group", "kernel_shape", "output_padding", "output_shape", "pads",
         "strides"}}},
      {"AveragePool",
       {average_pool,
        1,
        1,
        {"auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"}}},
      {"GlobalAveragePool", {global_average_pool, 1, 1, {}}},
      {"MaxPool",
       {max_pool,
        1,
        1,
        {"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"}}},
      {"GlobalMaxPool", {global_max_pool, 1, 1, {}}},
      {"ReduceMean", {reduce_mean, 1, 2, {"axes", "keepdims", "noop_with_empty_axes"}}},
      {"ReduceSum", {reduce_sum, 1, 2, {"axes", "keepdims", "noop_with_empty_axes"}}},
      {"ReduceMax", {reduce_extreme, 1, 2, {"axes", "keepdims", "noop_with_empty_axes"}}},
      {"ReduceMin", {reduce_extreme, 1, 2, {"axes", "keepdims", "noop_with_empty_axes"}}},
      {"Max", {extreme, 1, 1U << 16U, {"consumed_inputs"}, true}},
      {"Min", {extreme, 1, 1U << 16U, {"consumed_inputs"}, true}},
      {"TopK", {top_k, 1, 2, {"k", "axis", "largest", "sorted"}}},
      {"Concat", {concat, 1, 1U << 16U, {"axis"}, true}},
      {"Slice", {choose, 1, 5, {"axes", "starts", "ends"}}},
      {"Gather", {choose, 2, 2, {"axis"}}},
      {"Pad", {pad, 1, 4, {"mode", "pads", "paddings", "value"}}},
      {"Upsample", {upsample, 1, 2, {"mode", "scales"}}},
      {"Resize",
       {upsample,
        1,
        4,
        {"mode", "coordinate_transformation_mode", "nearest_mode", "cubic_coeff_a", "exclude_outside",
         "extrapolation_value", "antialias", "axes", "keep_aspect_ratio_policy"}}},
      {"Add", {shift, 2, 2, {"broadcast", "axis", "consumed_inputs"}, true}},
      {"Sub", {shift, 2, 2, {"broadcast", "axis", "consumed_inputs"}, true}},
      {"Mul", {mul, 2, 2, {"broadcast", "axis", "consumed_inputs"}}},
      {"Div", {div, 2, 2, {"broadcast", "axis", "consumed_inputs"}}},
      {"Neg", {neg, 1, 1, {"consumed_inputs"}}},
      {"BatchNormalization",
       {batch_normalization,
        5,
        5,
        {"epsilon", "momentum", "training_mode", "spatial", "is_test", "consumed_inputs"}}},
      {"Identity", {nothing, 1, 1, {}}},
      {"Dropout", {dropout, 1, 3, {"ratio", "seed", "is_test", "consumed_inputs"}}},
      {"Cast", {cast, 1, 1, {"to", "saturate"}}},
      {"Reshape", {reshape, 1, 2, {"allowzero", "shape", "consumed_inputs"}}},
      {"Flatten", {flatten, 1, 1, {"axis"}}},
      {"Squeeze", {squeeze, 1, 2, {"axes"}}},
      {"Unsqueeze", {unsqueeze, 1, 2, {"axes"}}},
      {"Transpose", {transpose, 1, 1, {"perm"}}},
      {"DepthToSpace", {depth_to_space, 1, 1, {"blocksize", "mode"}}},
      {"Relu", {plain, 1, 1, {"consumed_inputs"}}},
      {"Sigmoid", {plain, 1, 1, {"consumed_inputs"}}},
      {"Tanh", {plain, 1, 1, {"consumed_inputs"}}},
      {"Softplus", {plain, 1, 1, {}}},
      {"Mish", {plain, 1, 1, {}}},
      {"Softsign", {plain, 1, 1, {}}},
      {"HardSwish", {hard_swish, 1, 1, {}}},
      {"Celu", {celu, 1, 1, {"alpha"}}},
      {"LeakyRelu", {leaky_relu, 1, 1, {"alpha", "consumed_inputs"}}},
      {"Abs", {absolute_value, 1, 1, {"consumed_inputs"}}},
      {"Elu", {elu, 1, 1, {"alpha", "consumed_inputs"}}},
      {"Selu", {selu, 1, 1, {"alpha", "gamma", "consumed_inputs"}}},
      {"HardSigmoid", {hard_sigmoid, 1, 1, {"alpha", "beta", "consumed_inputs"}}},
      {"PRelu", {prelu, 2, 2, {"consumed_inputs"}}},
      {"Clip", {clip, 1, 3, {"min", "max", "consumed_inputs"}}},
      {"Gelu", {gelu, 1, 1, {"approximate"}}},
      {"Swish", {swish, 1, 1, {"alpha"}}},
      {"Softmax", {softmax, 1, 1, {"axis"}}},
      {"LogSoftmax", {softmax, 1, 1, {"axis"}}},
  };
  const auto found = table.find(op);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace

void require_real(const Tensor& tensor, const char* what) {
  if (!tensor.real) throw ReadError(std::string(what) + " is not of a float type");
}

/// The data must be input 0: the constants' places are not theirs.
void require_data_first(const Step& s) {
  if (s.data != 0) {
    throw ReadError("a parameter of operator " + s.node.op() +
                    " is computed from the input, which is not supported");
  }
}

[[noreturn]] void fail_rows(const Step& s, Index rows) {
  throw RowsError("operator " + s.node.op() + " meets data of " + shape_text(s.graph.shape()) + ", that is " +
                  std::to_string(rows) + " rows at once, which is not supported");
}

std::optional<std::vector<Index>> list_of(const Step& s, const char* attribute, std::size_t i) {
  if (s.data != 0) throw ReadError("the shape that operator " + s.node.op() + " is given is computed data");
  if (s.node.has_input(i)) return integer_list(s.constant(i, attribute), attribute);
  return s.node.integers(attribute);
}

const Tensor& Step::constant(std::size_t i, std::string_view what) const {
  if (i >= constants.size() || constants[i] == nullptr) {
    throw ReadError("operator " + node.op() + " lacks " + std::string(what));
  }
  return *constants[i];
}

bool keeps_elements(std::string_view op) {
  constexpr std::array<std::string_view, 20> names{
      "DepthToSpace", "Identity",  "Dropout",   "Cast",   "Reshape", "Flatten",      "Squeeze",
      "Unsqueeze",    "Transpose", "Slice",     "Gather", "Split",   "Concat",       "Max",
      "Min",          "ReduceMax", "ReduceMin", "TopK",   "MaxPool", "GlobalMaxPool"};
  return std::find(names.begin(), names.end(), op) != names.end();
}

void apply_operator(const Step& step) {
  const Operator* op = find(step.node.message().op);
  if (op == nullptr || !is_onnx_domain(step.node.message().domain)) {
    throw ReadError("operator " + step.node.op() + " is not supported");
  }
  step.node.require_inputs(op->least, op->most);
  step.node.require_attributes(op->attributes);
  const auto data =
      std::count_if(step.tensors.begin(), step.tensors.end(), [](const Data* d) { return d != nullptr; });
  if (data > 1 && !op->joins)
    throw ReadError("operator " + step.node.op() + " joins several computed tensors, which is not supported");
  op->handler(step);
}

}  // namespace geolip::checker::onnx
