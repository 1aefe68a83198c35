#include <formats/onnx/operators.hpp>

#include <limits>
#include <string_view>
#include <unordered_map>

namespace geolip::formats::onnx_graph {
namespace {

ActivationKind kind_of(std::string_view op) {
  static const std::unordered_map<std::string_view, ActivationKind> kinds{
      {"Relu", ActivationKind::relu},
      {"Sigmoid", ActivationKind::sigmoid},
      {"Tanh", ActivationKind::tanh},
      {"Softplus", ActivationKind::softplus},
      {"LeakyRelu", ActivationKind::leaky_relu},
      {"Elu", ActivationKind::elu},
      {"Selu", ActivationKind::selu},
      {"HardSigmoid", ActivationKind::hard_sigmoid},
      {"HardSwish", ActivationKind::hard_swish},
      {"Mish", ActivationKind::mish},
      {"Celu", ActivationKind::celu},
      {"Softsign", ActivationKind::softsign}};
  return kinds.at(op);
}

/// The activation of an operator with the parameters that it says.
Activation activation_of(const Node& node) {
  const ActivationKind kind = kind_of(node.op());
  Activation plain(kind);
  // attributes are floats, those left out as well: a network runs with the float next to 0.01
  const auto read = [&](const char* name, double left_out) {
    return node.real(name, static_cast<double>(static_cast<float>(left_out)));
  };
  switch (kind) {
    case ActivationKind::leaky_relu:
    case ActivationKind::elu:
    case ActivationKind::celu:
      return Activation(kind, read("alpha", plain.alpha()));
    case ActivationKind::selu:
      return Activation(kind, read("alpha", plain.alpha()), read("gamma", plain.beta()));
    case ActivationKind::hard_sigmoid:
      return Activation(kind, read("alpha", plain.alpha()), read("beta", plain.beta()));
    default:
      return plain;
  }
}

/// One bound of a Clip: an attribute before version 11, an input since.
double clip_bound(const Lowering& state, const Node& node, const char* name, std::size_t i, double open) {
  if (node.opset() < 11) return node.real(name, open);
  if (!node.has_input(i)) return open;
  const Tensor& bound = state.constant(node, i, name);
  if (bound.kind != Kind::real || bound.size() != 1)
    fail(name, " of operator Clip must be one number of a float type");
  return bound.reals[0];
}

}  // namespace

void lower_softmax(Lowering& state, const Node& node) { state.drop_softmax(node); }

void lower_simple_activation(Lowering& state, const Node& node) {
  state.add_activation(node.name(), activation_of(node));
}

void lower_prelu(Lowering& state, const Node& node) {
  if (!state.is_data(node, 0))
    fail("the slope of operator PRelu is computed from the input, which is not supported");
  Tensor slope = state.constant(node, 1, "the slope");
  const Shape before = state.shape();
  // Before version 7 a list of slopes was one for each channel.
  if (node.opset() < 7 && slope.shape.size() == 1 && before.size() > 2)
    slope.shape.resize(before.size() - 1, 1);
  Activation activation = Activation::prelu(state.per_element(slope));
  if (state.shape() != before) fail("the slope is ", slope.shape, " but its input is ", before);
  state.add_activation(node.name(), std::move(activation));
}

void lower_abs(Lowering& state, const Node& node) {
  state.add_activation(node.name(), Activation(ActivationKind::leaky_relu, -1.0));
}

void lower_clip(Lowering& state, const Node& node) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const double least = clip_bound(state, node, "min", 1, -inf);
  const double most = clip_bound(state, node, "max", 2, inf);
  state.add_activation(node.name(), Activation(ActivationKind::clip, least, most));
}

void lower_gelu(Lowering& state, const Node& node) {
  const std::string approximate = node.text("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    fail("operator Gelu with approximate '", printable(approximate), "' is not supported");
  state.add_activation(node.name(),
                       Activation(approximate == "none" ? ActivationKind::gelu : ActivationKind::gelu_tanh));
}

void lower_swish(Lowering& state, const Node& node) {
  if (const double alpha = node.real("alpha", 1.0); alpha != 1.0)
    fail("operator Swish is supported with alpha 1 only");
  state.add_activation(node.name(), Activation(ActivationKind::silu));
}

}  // namespace geolip::formats::onnx_graph
