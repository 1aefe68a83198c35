#include "io/onnx/batch.hpp"

#include "io/onnx/shapes.hpp"

#include <algorithm>
#include <functional>

namespace geolip::io::onnx_graph {
namespace {

using List = std::optional<std::vector<Index>>;

/// What a rule looks at.
struct Look {
  const Lowering& state;
  const Node& node;
  Index rank;

  /// A list that is an attribute, or the constant at an input.
  List list(std::string_view attribute, std::size_t input) const {
    if (node.has_input(input) && !state.is_data(node, input)) {
      return integer_list(state.constant(node, input, attribute), attribute);
    }
    return node.integers(attribute);
  }
  bool first(Index axis, Index more = 0) const { return axis == 0 || axis + rank + more == 0; }
  bool has_first(const List& axes, Index more = 0) const {
    return !axes || std::any_of(axes->begin(), axes->end(), [&](Index axis) { return first(axis, more); });
  }
};

bool by_axis(const Look& look) { return look.first(look.node.integer("axis", 0)); }

bool by_last_axis(const Look& look) { return look.first(look.node.integer("axis", -1)); }

/// Operands of another rank than the data's: the first dimensions of the two are not the same one.
bool by_ranks(const Look& look) {
  for (std::size_t i = 0; i < look.node.inputs(); ++i) {
    if (look.state.is_data(look.node, i)) {
      if (static_cast<Index>(look.state.data(look.node, i).shape.size()) != look.rank) return true;
    } else if (static_cast<Index>(look.state.constant(look.node, i, "an operand").shape.size()) > look.rank) {
      return true;
    }
  }
  return false;
}

bool by_reduction(const Look& look) {
  const List axes = look.list("axes", 1);
  if ((!axes || axes->empty()) && look.node.integer("noop_with_empty_axes", 0) != 0) return false;
  return !axes || axes->empty() || look.has_first(axes);
}

bool by_slice(const Look& look) { return look.has_first(look.list("axes", 3)); }

bool by_pad(const Look& look) {
  const char* name = look.node.has("paddings") ? "paddings" : "pads";
  const List pads = look.list(name, 1);
  const List axes = look.node.has_input(3) ? look.list("axes", 3) : List();
  if (!pads) return true;
  const std::size_t count = pads->size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    const bool here = axes ? i < axes->size() && look.first((*axes)[i]) : i == 0;
    if (here && ((*pads)[i] != 0 || (*pads)[count + i] != 0)) return true;
  }
  return false;
}

bool by_order(const Look& look) {
  const List order = look.node.integers("perm");
  return order ? order->empty() || order->front() != 0 : look.rank > 1;
}

/// Without axes every dimension of size one goes, the batch of one among them.
bool by_squeeze(const Look& look) { return look.has_first(look.list("axes", 1)); }

bool by_unsqueeze(const Look& look) {
  const List axes = look.list("axes", 1);
  return look.has_first(axes, axes ? static_cast<Index>(axes->size()) : 0);
}

bool by_flatten(const Look& look) { return look.first(look.node.integer("axis", 1)); }

/// A shape that begins with a literal 1 and leaves another size open takes all rows together. One that is
/// computed from the data's own shape would have begun with the number of rows.
bool by_shape(const Look& look) {
  const List shape = look.list("shape", 1);
  if (!shape || shape->empty()) return true;
  if (shape->front() != 1 || (look.node.has_input(1) && look.state.from_shape(look.node.input(1))))
    return false;
  return std::find(shape->begin(), shape->end(), Index{-1}) != shape->end();
}

/// A matrix product with two-dimensional data on the right adds over their first dimension.
bool by_product(const Look& look) {
  if (look.node.op() == "MatMul")
    return by_ranks(look) || (look.rank <= 2 && !look.state.is_data(look.node, 0));
  const bool left = look.state.is_data(look.node, 0);
  return left ? look.node.integer("transA", 0) != 0 : look.node.integer("transB", 0) == 0;
}

}  // namespace

void require_rows_apart(const Lowering& state, const Node& node) {
  using Rules = std::unordered_map<std::string_view, bool (*)(const Look&)>;
  static const Rules rules{{"Concat", by_axis},
                           {"Split", by_axis},
                           {"Gather", by_axis},
                           {"TopK", by_last_axis},
                           {"ReduceMean", by_reduction},
                           {"ReduceMax", by_reduction},
                           {"ReduceMin", by_reduction},
                           {"Slice", by_slice},
                           {"Pad", by_pad},
                           {"Transpose", by_order},
                           {"Squeeze", by_squeeze},
                           {"Unsqueeze", by_unsqueeze},
                           {"Flatten", by_flatten},
                           {"Reshape", by_shape},
                           {"MatMul", by_product},
                           {"Gemm", by_product},
                           {"Add", by_ranks},
                           {"Sub", by_ranks},
                           {"Mul", by_ranks},
                           {"Div", by_ranks},
                           {"Max", by_ranks},
                           {"Min", by_ranks}};
  const auto rule = rules.find(node.op());
  if (rule == rules.end()) return;
  if (rule->second({state, node, static_cast<Index>(state.shape().size())})) {
    throw NetworkError("operator " + node.op() +
                       " works along the first dimension, which is a batch's, and that is not supported");
  }
}

}  // namespace geolip::io::onnx_graph
