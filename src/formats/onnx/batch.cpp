#include <formats/onnx/batch.hpp>

#include <algorithm>

namespace geolip::formats::onnx_graph {
namespace {

using List = std::optional<std::vector<Index>>;

bool is_first(const Look& look, Index axis, Index more = 0) {
  return axis == 0 || axis + look.rank + more == 0;
}

bool has_first(const Look& look, const List& axes, Index more = 0) {
  return !axes ||
         std::any_of(axes->begin(), axes->end(), [&](Index axis) { return is_first(look, axis, more); });
}

}  // namespace

bool never(const Look& /*look*/) { return false; }

bool by_axis(const Look& look) { return is_first(look, look.node.integer("axis", 0)); }

bool by_last_axis(const Look& look) { return is_first(look, look.node.integer("axis", -1)); }

/// Before version 13 all dimensions from the axis on were one.
bool by_softmax(const Look& look) {
  return is_first(look, look.node.integer("axis", look.node.opset() < 13 ? 1 : -1));
}

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
  const List axes = look.state.list(look.node, "axes", 1);
  if ((!axes || axes->empty()) && look.node.integer("noop_with_empty_axes", 0) != 0) return false;
  return !axes || axes->empty() || has_first(look, axes);
}

bool by_slice(const Look& look) { return has_first(look, look.state.list(look.node, "axes", 3)); }

bool by_pad(const Look& look) {
  const char* name = look.node.has("paddings") ? "paddings" : "pads";
  const List pads = look.state.list(look.node, name, 1);
  const List axes = look.node.has_input(3) ? look.state.list(look.node, "axes", 3) : List();
  if (!pads) return true;
  const std::size_t count = pads->size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    const bool here = axes ? i < axes->size() && is_first(look, (*axes)[i]) : i == 0;
    if (here && ((*pads)[i] != 0 || (*pads)[count + i] != 0)) return true;
  }
  return false;
}

bool by_order(const Look& look) {
  const List order = look.node.integers("perm");
  return order ? order->empty() || order->front() != 0 : look.rank > 1;
}

/// Without axes every dimension of size one goes, the batch of one among them.
bool by_squeeze(const Look& look) { return has_first(look, look.state.list(look.node, "axes", 1)); }

bool by_unsqueeze(const Look& look) {
  const List axes = look.state.list(look.node, "axes", 1);
  return has_first(look, axes, axes ? static_cast<Index>(axes->size()) : 0);
}

bool by_flatten(const Look& look) { return is_first(look, look.node.integer("axis", 1)); }

/// A Reshape without sizes; the others are target_of_one_row()'s.
bool by_shape(const Look& look) {
  const List shape = look.state.list(look.node, "shape", 1);
  return !shape || shape->empty();
}

/// A matrix product with two-dimensional data on the right adds over their first dimension.
bool by_product(const Look& look) {
  if (look.node.op() == "MatMul")
    return by_ranks(look) || (look.rank <= 2 && !look.state.is_data(look.node, 0));
  const bool left = look.state.is_data(look.node, 0);
  return left ? look.node.integer("transA", 0) != 0 : look.node.integer("transB", 0) == 0;
}

namespace {

/// Whether two constants are the same, but for the first entry if that does not count.
bool same(const Tensor& a, const Tensor& b, bool but_the_first) {
  const auto equal = [but_the_first](const auto& x, const auto& y) {
    const auto first = static_cast<std::ptrdiff_t>(but_the_first && !x.empty() ? 1 : 0);
    return x.size() == y.size() && std::equal(x.begin() + first, x.end(), y.begin() + first);
  };
  return a.shape == b.shape && equal(a.integers, b.integers) && equal(a.reals, b.reals);
}

/// Whether a constant of the node is, or may be, another one where a batch has more rows. A Reshape's is
/// looked at by itself; the first number of a Resize is about the rows, and must leave them as they are.
bool depends_on_rows(const Lowering& state, const Node& node) {
  if (node.op() == "Reshape") return false;
  const bool resizes = node.op() == "Resize" || node.op() == "Upsample";
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (!node.has_input(i) || state.is_data(node, i)) continue;
    const Tensor& one = state.constant(node, i, "an operand");
    const Tensor* all = state.with_all_rows(node.input(i));
    if (all == nullptr || (all != &one && !same(one, *all, resizes))) return true;
  }
  return false;
}

}  // namespace

void require_rows_apart(const Lowering& state, const Node& node, bool (*rule)(const Look& look)) {
  if (depends_on_rows(state, node))
    fail("operator ", node.op(), " depends on the size of a batch, which is not supported");
  if (rule == nullptr) {
    fail("operator ", node.op(),
         " is not known to leave the rows of a batch apart, so that it is not supported in a network with "
         "one");
  }
  if (rule({state, node, static_cast<Index>(state.shape().size())})) {
    fail("operator ", node.op(),
         " works along the first dimension, which is a batch's, and that is not supported");
  }
}

std::vector<Index> target_of_one_row(const Lowering& state, const Node& node, std::vector<Index> target) {
  const Index rows = state.rows();
  if (rows == 1 || target.empty()) return target;
  // With the rows counted: as the file has it, or from a shape that was counted so.
  std::vector<Index> counted = target;
  if (node.has_input(1)) {
    const Tensor* all = state.with_all_rows(node.input(1));
    counted = all == nullptr ? std::vector<Index>() : integer_list(*all, "shape");
  }
  const bool fits =
      counted.size() == target.size() && std::equal(counted.begin() + 1, counted.end(), target.begin() + 1);
  const bool has_open = std::find(counted.begin(), counted.end(), Index{-1}) != counted.end();
  if (fits) {
    const bool kept_or_open = counted.front() == 0 || counted.front() == -1;
    if (kept_or_open && target.front() == counted.front()) return target;
    if (counted.front() > 0 && counted.front() % rows == 0) {
      target.front() = counted.front() / rows;
      return target;
    }
    // sizes that fit one row and no more
    if (state.has_symbolic_batch() && !has_open) return target;
  }
  fail("operator ", node.op(), " to ", target,
       " works along the first dimension, which is a batch's, and that is not supported; export the "
       "network with a batch of one");
}

}  // namespace geolip::formats::onnx_graph
