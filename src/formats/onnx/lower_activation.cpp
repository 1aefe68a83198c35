#include "formats/onnx/operators.hpp"

#include <limits>

namespace geolip::formats::onnx_graph {
namespace {

ActivationKind kind_of(const std::string& op) {
  if (op == "Sigmoid") return ActivationKind::sigmoid;
  if (op == "Tanh") return ActivationKind::tanh;
  if (op == "Softplus") return ActivationKind::softplus;
  if (op == "LeakyRelu") return ActivationKind::leaky_relu;
  if (op == "Elu") return ActivationKind::elu;
  if (op == "Selu") return ActivationKind::selu;
  if (op == "HardSigmoid") return ActivationKind::hard_sigmoid;
  if (op == "HardSwish") return ActivationKind::hard_swish;
  if (op == "Mish") return ActivationKind::mish;
  if (op == "Celu") return ActivationKind::celu;
  if (op == "Softsign") return ActivationKind::softsign;
  return ActivationKind::relu;
}

/// One bound of a Clip: an attribute before version 11, an input since.
double clip_bound(const Lowering& state, const Node& node, const char* name, std::size_t i, double open) {
  if (node.opset() < 11) return node.real(name, open);
  if (!node.has_input(i)) return open;
  const Tensor& bound = state.constant(node, i, name);
  if (bound.kind != Kind::real || bound.size() != 1) {
    throw NetworkError(std::string(name) + " of operator Clip must be one number of a float type");
  }
  return bound.reals[0];
}

}  // namespace

void lower_softmax(Lowering& state, const Node& node) { state.drop_softmax(node); }

void lower_simple_activation(Lowering& state, const Node& node) {
  Activation activation = make_activation(kind_of(node.op()));
  // attributes are floats, those left out as well: a network runs with the float next to 0.01
  const auto as_float = [](double x) { return static_cast<double>(static_cast<float>(x)); };
  activation.alpha = node.real("alpha", as_float(activation.alpha));
  activation.beta =
      node.real(activation.kind == ActivationKind::selu ? "gamma" : "beta", as_float(activation.beta));
  if (activation.kind == ActivationKind::celu && !(activation.alpha > 0.0))
    throw NetworkError("operator Celu is supported with an alpha above 0 only");
  state.add_activation(node.name(), std::move(activation));
}

void lower_prelu(Lowering& state, const Node& node) {
  if (!state.is_data(node, 0)) {
    throw NetworkError("the slope of operator PRelu is computed from the input, which is not supported");
  }
  Tensor slope = state.constant(node, 1, "the slope");
  const Shape before = state.shape();
  // Before version 7 a list of slopes was one for each channel.
  if (node.opset() < 7 && slope.shape.size() == 1 && before.size() > 2)
    slope.shape.resize(before.size() - 1, 1);
  Activation activation = make_activation(ActivationKind::prelu);
  activation.slopes = state.per_element(slope);
  if (state.shape() != before) {
    throw NetworkError("the slope is " + dimensions(slope.shape) + " but its input is " + dimensions(before));
  }
  state.add_activation(node.name(), std::move(activation));
}

void lower_abs(Lowering& state, const Node& node) {
  Activation activation = make_activation(ActivationKind::leaky_relu);
  activation.alpha = -1.0;
  state.add_activation(node.name(), std::move(activation));
}

void lower_clip(Lowering& state, const Node& node) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  Activation activation = make_activation(ActivationKind::clip);
  activation.alpha = clip_bound(state, node, "min", 1, -inf);
  activation.beta = clip_bound(state, node, "max", 2, inf);
  state.add_activation(node.name(), std::move(activation));
}

void lower_gelu(Lowering& state, const Node& node) {
  const std::string approximate = node.text("approximate", "none");
  if (approximate != "none" && approximate != "tanh") {
    throw NetworkError("operator Gelu with approximate '" + printable(approximate) + "' is not supported");
  }
  state.add_activation(
      node.name(), make_activation(approximate == "none" ? ActivationKind::gelu : ActivationKind::gelu_tanh));
}

void lower_swish(Lowering& state, const Node& node) {
  if (const double alpha = node.real("alpha", 1.0); alpha != 1.0) {
    throw NetworkError("operator Swish is supported with alpha 1 only");
  }
  state.add_activation(node.name(), make_activation(ActivationKind::silu));
}

}  // namespace geolip::formats::onnx_graph
