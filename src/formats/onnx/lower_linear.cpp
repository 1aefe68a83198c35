#include <formats/onnx/exact.hpp>
#include <formats/onnx/operators.hpp>
#include <network/at.hpp>

#include <algorithm>

namespace geolip::formats::onnx_graph {
namespace {

[[noreturn]] void fail_inner(const Shape& weight, const Shape& data) {
  fail("weight is ", weight, ", which does not fit its input of ", data);
}

/// factor * tensor as a rows x cols matrix; `transposed`: the tensor is cols x rows.
Matrix to_matrix(Lowering& state, const Tensor& tensor, Index rows, Index cols, bool transposed,
                 double factor) {
  state.budget().take(tensor.size());
  Matrix weight(rows, cols);
  if (!transposed && factor == 1.0) {
    weight.data = tensor.reals;
    return weight;
  }
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j) {
      const double entry = at(tensor.reals, transposed ? j * rows + i : i * cols + j);
      weight(i, j) = factor * entry;
      if (!is_exact_product(factor, entry, weight(i, j))) state.note_rounding();
    }
  }
  return weight;
}

/// Gemm's addend: beta * C in the shape of the result.
std::vector<double> gemm_bias(Lowering& state, const Node& node, const Shape& result) {
  const double beta = node.real("beta", 1.0);
  if (!node.has_input(2)) return {};
  const Tensor& c = state.real_constant(node, 2, "the addend");
  if (c.shape.size() > 2 || broadcast_shape(c.shape, result) != result)
    fail("the addend is ", c.shape, ", which does not fit the product of ", result);
  std::vector<double> bias;
  for (const Index i : broadcast_indices(c.shape, result)) {
    bias.push_back(beta * at(c.reals, i));
  }
  return bias;
}

/// The same product for every vector of the data: element (h inputs + c) behind + b is entry c of vector (h,
/// b). With the entries as channels it is a convolution of one tap.
void add_for_each_vector(Lowering& state, const Node& node, Matrix weight, Index behind, Shape result) {
  const Index inputs = weight.cols;
  const Index outputs = weight.rows;
  const Index vectors = state.size() / inputs;
  const Index before = vectors / behind;
  std::vector<Index> apart;
  for (Index c = 0; c < inputs; ++c) {
    for (Index h = 0; h < before; ++h) {
      for (Index b = 0; b < behind; ++b) apart.push_back((h * inputs + c) * behind + b);
    }
  }
  state.relabel(node, apart);
  Conv conv;
  conv.channels = inputs;
  conv.image = {1, vectors};
  conv.filters = outputs;
  conv.weight = std::move(weight.data);
  state.add_layer(node, std::move(conv), {1, outputs, 1, vectors});
  std::vector<Index> together;
  for (Index h = 0; h < before; ++h) {
    for (Index c = 0; c < outputs; ++c) {
      for (Index b = 0; b < behind; ++b) together.push_back((c * before + h) * behind + b);
    }
  }
  state.relabel(node, together);
  state.set_shape(std::move(result));
}

}  // namespace

void lower_gemm(Lowering& state, const Node& node) {
  const bool data_left = state.is_data(node, 0);
  const Tensor& w = state.real_constant(node, data_left ? 1 : 0, "the weight");
  const bool transposed_data = node.integer(data_left ? "transA" : "transB", 0) != 0;
  const bool transposed_weight = node.integer(data_left ? "transB" : "transA", 0) != 0;
  const Shape& x = state.shape();
  if (x.size() != 2 || w.shape.size() != 2)
    fail("operator Gemm needs matrices but has ", x, " and ", w.shape);
  // The data are one row (on the left) or one column (on the right), before or after their transposition.
  const bool length_last = data_left != transposed_data;
  const Index length = x[length_last ? 1 : 0];
  const Index vectors = x[length_last ? 0 : 1];
  if (vectors != 1) fail_rows(node, x, vectors);
  // y' = W' x' on the left, y = W x on the right
  const bool input_last = data_left == transposed_weight;
  const Index inputs = w.shape[input_last ? 1 : 0];
  const Index outputs = w.shape[input_last ? 0 : 1];
  if (inputs != length) fail_inner(w.shape, x);
  const Shape result = data_left ? Shape{1, outputs} : Shape{outputs, 1};
  std::vector<double> bias = gemm_bias(state, node, result);
  Matrix weight = to_matrix(state, w, outputs, inputs, !input_last, node.real("alpha", 1.0));
  state.add_dense(node, std::move(weight), std::move(bias), result);
}

void lower_matmul(Lowering& state, const Node& node) {
  const bool data_left = state.is_data(node, 0);
  const Tensor& w = state.real_constant(node, data_left ? 1 : 0, "the weight");
  const Shape x = state.shape();
  const std::size_t wr = w.shape.size();
  const std::size_t xr = x.size();
  if (wr == 0 || xr == 0) fail("operator MatMul cannot multiply a scalar");
  const auto ones = [](const Shape& shape) {
    return shape.size() <= 2 || std::all_of(shape.begin(), shape.end() - 2, [](Index d) { return d == 1; });
  };
  if (!ones(w.shape)) fail("weight of ", w.shape, " is a batch of matrices, which is not supported");
  // NumPy's rules: a vector on the left is a row, on the right a column, and that dimension is dropped again
  const std::size_t batch = std::max({wr, xr, std::size_t{2}}) - 2;
  Shape result(batch, 1);
  Index inputs = 0;
  Index outputs = 0;
  Index length = 0;
  if (data_left) {
    length = x.back();
    inputs = w.shape[wr == 1 ? 0 : wr - 2];
    outputs = wr == 1 ? 1 : w.shape.back();
    if (xr > 1) result.push_back(1);
    if (wr > 1) result.push_back(outputs);
  } else {
    length = xr == 1 ? x[0] : x[xr - 2];
    inputs = w.shape.back();
    outputs = wr == 1 ? 1 : w.shape[wr - 2];
    if (wr > 1) result.push_back(outputs);
    if (xr > 1) result.push_back(1);
  }
  if (inputs != length) fail_inner(w.shape, x);
  Matrix weight = to_matrix(state, w, outputs, inputs, data_left, 1.0);
  const Index vectors = state.size() / std::max<Index>(1, length);
  if (vectors == 1) {
    state.add_dense(node, std::move(weight), {}, std::move(result));
    return;
  }
  // Several rows are those of one input where the first dimension is none of them.
  if (xr < 3 || x.front() != 1) fail_rows(node, x, vectors);
  result = Shape(batch + 2 - xr, 1);
  result.insert(result.end(), x.begin(), x.end());
  const auto place = result.end() - (data_left ? 1 : 2);
  if (wr > 1) {
    *place = outputs;
  } else {
    result.erase(place);
  }
  add_for_each_vector(state, node, std::move(weight), data_left ? 1 : x.back(), std::move(result));
}

}  // namespace geolip::formats::onnx_graph
