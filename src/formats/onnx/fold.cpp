#include <formats/onnx/fold.hpp>

#include <formats/onnx/operators.hpp>

namespace geolip::formats::onnx_graph {

const Tensor& FoldContext::input(std::size_t i) const {
  if (i >= inputs.size() || inputs[i] == nullptr) fail("operator ", node.op(), " lacks its input ", i);
  return *inputs[i];
}

std::optional<std::vector<Index>> FoldContext::list(const char* attribute, std::size_t i) const {
  if (const Tensor* input = optional_input(i)) return integer_list(*input, attribute);
  return node.integers(attribute);
}

Tensor fold(const FoldContext& context) {
  const Operator* op = find_operator(context.node);
  if (op == nullptr || op->fold == nullptr) fail(not_supported(context.node), " on constants");
  context.node.require_known_attributes(op->attributes);
  context.node.require_inputs(op->least, op->most);
  Tensor result = op->fold(context);
  for (const Tensor* input : context.inputs)
    result.rounded = result.rounded || (input != nullptr && input->rounded);
  return result;
}

}  // namespace geolip::formats::onnx_graph
