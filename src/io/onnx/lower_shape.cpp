#include "io/onnx/batch.hpp"
#include "io/onnx/operators.hpp"
#include "io/onnx/shapes.hpp"

namespace geolip::io::onnx_graph {
namespace {

/// A list of integers that is an attribute in older versions of an operator and an input in newer ones.
std::optional<std::vector<Index>> list_of(const Lowering& state, const Node& node, const char* attribute) {
  if (node.has_input(1)) return integer_list(state.constant(node, 1, attribute), attribute);
  return node.integers(attribute);
}

}  // namespace

void lower_identity(Lowering& /*state*/, const Node& /*node*/) {}

void lower_dropout(Lowering& state, const Node& node) {
  bool training = node.opset() < 7 && node.integer("is_test", 0) == 0;
  if (node.has_input(2)) {
    const Tensor& mode = state.constant(node, 2, "the mode");
    training = mode.kind != Kind::integer || mode.size() != 1 || mode.integers[0] != 0;
  }
  if (training) {
    throw NetworkError("operator Dropout is in training mode; export the network for inference");
  }
}

void lower_cast(Lowering& /*state*/, const Node& node) {
  const Index type = node.integer("to", 0);
  if (!is_float(type)) {
    throw NetworkError("operator Cast to " + type_name(type) +
                       " is not supported on the way from input to output");
  }
}

void lower_reshape(Lowering& state, const Node& node) {
  const auto target = list_of(state, node, "shape");
  if (!target) throw NetworkError("a Reshape has no shape");
  state.set_shape(
      reshaped(state.shape(), target_of_one_row(state, node, *target), node.integer("allowzero", 0) != 0));
}

void lower_flatten(Lowering& state, const Node& node) {
  state.set_shape(flattened(state.shape(), node.integer("axis", 1)));
}

void lower_squeeze(Lowering& state, const Node& node) {
  const auto axes = list_of(state, node, "axes");
  state.set_shape(squeezed(state.shape(), axes ? &*axes : nullptr));
}

void lower_unsqueeze(Lowering& state, const Node& node) {
  const auto axes = list_of(state, node, "axes");
  if (!axes) throw NetworkError("an Unsqueeze has no axes");
  state.set_shape(unsqueezed(state.shape(), *axes));
}

void lower_transpose(Lowering& state, const Node& node) {
  const std::vector<Index> permutation = transposition(node, state.shape().size());
  state.relabel(node, transpose_indices(state.shape(), permutation));
  state.set_shape(transposed(state.shape(), permutation));
}

}  // namespace geolip::io::onnx_graph
