#include <formats/onnx/batch.hpp>
#include <formats/onnx/operators.hpp>

namespace geolip::formats::onnx_graph {

void lower_identity(Lowering& /*state*/, const Node& /*node*/) {}

void lower_dropout(Lowering& state, const Node& node) {
  bool training = node.opset() < 7 && node.integer("is_test", 0) == 0;
  if (node.has_input(2)) {
    const Tensor& mode = state.constant(node, 2, "the mode");
    training = mode.kind != Kind::integer || mode.size() != 1 || mode.integers[0] != 0;
  }
  if (training) fail("operator Dropout is in training mode; export the network for inference");
}

void lower_cast(Lowering& /*state*/, const Node& node) {
  const Index type = node.integer("to", 0);
  if (!is_float(type))
    fail("operator Cast to ", type_name(type), " is not supported on the way from input to output");
}

void lower_reshape(Lowering& state, const Node& node) {
  const auto target = state.list(node, "shape", 1);
  if (!target) fail("a Reshape has no shape");
  const Tensor numbers = numbered(state.shape());
  const Tensor of_one_row =
      Tensor::of_integers({static_cast<Index>(target->size())}, target_of_one_row(state, node, *target));
  state.set_shape(state.fold_with(node, {&numbers, &of_one_row}).shape);
}

/// Channels of b x b positions of a finer image are put where they belong.
void lower_depth_to_space(Lowering& state, const Node& node) {
  const Shape x = state.shape();
  const Index b = node.integer("blocksize", 0);
  const std::string mode = node.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    fail("operator DepthToSpace with mode '", printable(mode), "' is not supported");
  if (x.size() != 4 || b < 1 || b > x[1] || x[1] % (b * b) != 0)
    fail("operator DepthToSpace with blocks of ", b, " does not go with data of ", x);
  const Shape result{x[0], x[1] / (b * b), x[2] * b, x[3] * b};
  const bool depth_first = mode == "DCR";
  std::vector<Index> source;
  source.reserve(static_cast<std::size_t>(state.size()));
  for (Index n = 0; n < result[0]; ++n) {
    for (Index c = 0; c < result[1]; ++c) {
      for (Index i = 0; i < result[2]; ++i) {
        for (Index j = 0; j < result[3]; ++j) {
          const Index place = i % b * b + j % b;
          const Index channel = depth_first ? place * result[1] + c : c * b * b + place;
          source.push_back(((n * x[1] + channel) * x[2] + i / b) * x[3] + j / b);
        }
      }
    }
  }
  state.relabel(node, source);
  state.set_shape(result);
}

}  // namespace geolip::formats::onnx_graph
