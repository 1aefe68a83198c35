#include <formats/onnx/exact.hpp>
#include <formats/onnx/operators.hpp>

#include <cmath>

namespace geolip::formats::onnx_graph {
namespace {

/// The constant operand, one entry for each element of the data.
std::vector<double> operand(Lowering& state, const Node& node) {
  const Tensor& constant = state.constant(node, state.is_data(node, 0) ? 1 : 0, "an operand");
  if (node.opset() >= 7) return state.per_element(constant);
  // Before version 7 the second operand's dimensions matched the first's from `axis` on, or its last ones.
  if (node.integer("broadcast", 0) == 0 && constant.shape != state.shape())
    fail("operands of ", state.shape(), " and ", constant.shape, " may not be broadcast");
  if (!node.has("axis")) return state.per_element(constant);
  const std::size_t rank = state.shape().size();
  const std::size_t axis = axis_of(node.integer("axis", 0), rank);
  if (!state.is_data(node, 0) || axis + constant.shape.size() > rank)
    fail("axis ", axis, " leaves no place for an operand of ", constant.shape);
  Tensor aligned = constant;
  aligned.shape.resize(rank - axis, 1);
  return state.per_element(aligned);
}

std::vector<double> negated(std::vector<double> values) {
  for (double& v : values) v = -v;
  return values;
}

/// Data repeated along dimensions of size 1 until they have the given shape; the tensor that holds them.
Index repeated(Lowering& state, const Node& node, const Data& data, const Shape& shape) {
  const Index tensor = state.settled(node, data);
  if (data.shape == shape || element_count(shape, "its result") == data.size) return tensor;
  state.budget().take(2 * element_count(shape, "its result"));
  Sparse rows;
  rows.inputs = data.size;
  for (const Index i : broadcast_indices(data.shape, shape)) {
    rows.add(i, 1.0);
    rows.end_row();
  }
  state.add_layer(node, std::move(rows), {tensor}, shape);
  return state.current().tensor;
}

/// x + a y of two computed tensors.
void add_data(Lowering& state, const Node& node, double a) {
  const Data x = state.data(node, 0);
  const Data y = state.data(node, 1);
  if (node.opset() < 7 && x.shape != y.shape)
    fail("operands of ", x.shape, " and ", y.shape, " may not be broadcast");
  const Shape shape = broadcast_shape(x.shape, y.shape);
  const Index left = repeated(state, node, x, shape);
  const Index right = repeated(state, node, y, shape);
  Add add;
  if (a != 1.0) add.coefficients = {1.0, a};
  state.add_layer(node, std::move(add), {left, right}, shape);
}

}  // namespace

void lower_add(Lowering& state, const Node& node) {
  if (state.is_data(node, 0) && state.is_data(node, 1)) {
    add_data(state, node, 1.0);
  } else {
    state.add_shift(node, operand(state, node));
  }
}

void lower_sub(Lowering& state, const Node& node) {
  if (state.is_data(node, 0) && state.is_data(node, 1)) {
    add_data(state, node, -1.0);
    return;
  }
  std::vector<double> c = operand(state, node);
  if (state.is_data(node, 0)) {
    state.add_shift(node, negated(std::move(c)));
  } else {
    state.add_affine(node, std::vector<double>(c.size(), -1.0), c);
  }
}

void lower_mul(Lowering& state, const Node& node) {
  std::vector<double> scale = operand(state, node);
  state.add_affine(node, std::move(scale), {});
}

void lower_div(Lowering& state, const Node& node) {
  if (!state.is_data(node, 0)) fail("operator Div divides a constant by data, which has no bounded slope");
  std::vector<double> scale = operand(state, node);
  for (double& v : scale) {
    if (v == 0.0) fail("operator Div divides by zero");
    v = 1.0 / v;
  }
  state.add_affine(node, std::move(scale), {});
}

void lower_neg(Lowering& state, const Node& node) {
  state.budget().take(state.size());
  state.add_affine(node, std::vector<double>(static_cast<std::size_t>(state.size()), -1.0), {});
}

void lower_batch_normalization(Lowering& state, const Node& node) {
  const Shape& x = state.shape();
  const bool training = node.integer("training_mode", 0) != 0 ||
                        (node.opset() < 7 && node.integer("is_test", 0) == 0) ||
                        node.proto().output_size() > 1;
  if (training) fail("operator BatchNormalization is in training mode; export the network for inference");
  if (!state.is_data(node, 0) || x.size() < 2 || (node.integer("spatial", 1) == 0 && x.size() != 2))
    fail("operator BatchNormalization is not supported on data of ", x, " other than by channel");
  const Index channels = x[1];
  const auto parameter = [&](std::size_t i, const char* what) -> const std::vector<double>& {
    const Tensor& tensor = state.constant(node, i, what);
    if (tensor.kind != Kind::real || tensor.shape != Shape{channels})
      fail(what, " is ", tensor.shape, " but its input has ", channels, " channels");
    return tensor.reals;
  };
  const auto& gamma = parameter(1, "the scale");
  const auto& beta = parameter(2, "the bias");
  const auto& mean = parameter(3, "the mean");
  const auto& variance = parameter(4, "the variance");
  const double epsilon = node.real("epsilon", static_cast<double>(1e-5F));
  const Index inner = element_count({x.begin() + 2, x.end()}, "its input");
  state.budget().take(2 * state.size());
  std::vector<double> scale;
  std::vector<double> shift;
  for (Index i = 0; i < state.size(); ++i) {
    const auto c = static_cast<std::size_t>(i / inner % channels);
    if (!(variance[c] + epsilon > 0.0)) fail("the variance of channel ", c, " is not positive");
    const double sum = variance[c] + epsilon;
    const double root = std::sqrt(sum);
    const double s = gamma[c] / root;
    // scales are taken to be a few ulps off, but for these three, which look exact
    const bool looks_exact = s == 0.0 || std::abs(s) == 1.0;
    if (looks_exact && !(is_exact_sum(variance[c], epsilon, sum) && is_exact_product(root, root, sum) &&
                         is_exact_product(s, root, gamma[c]))) {
      state.note_rounding();
    }
    scale.push_back(s);
    shift.push_back(beta[c] - mean[c] * scale.back());
  }
  state.add_affine(node, std::move(scale), std::move(shift));
}

}  // namespace geolip::formats::onnx_graph
