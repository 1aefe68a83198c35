#include "checker/files/onnx/batch.hpp"

#include <algorithm>
#include <array>

namespace geolip::checker::onnx {
namespace {

using List = std::optional<std::vector<Index>>;

List list(const Step& s, const char* attribute, std::size_t input) {
  if (input < s.constants.size() && s.constants[input] != nullptr) {
    return integer_list(*s.constants[input], attribute);
  }
  return s.node.integers(attribute);
}

/// Whether an axis of a tensor of this rank is the first.
bool is_first(Index axis, std::size_t rank) { return axis == 0 || axis == -static_cast<Index>(rank); }

bool any_first(const std::vector<Index>& axes, std::size_t rank) {
  return std::any_of(axes.begin(), axes.end(), [rank](Index axis) { return is_first(axis, rank); });
}

bool pads_rows(const Step& s, std::size_t rank) {
  const List pads = list(s, s.node.has("paddings") ? "paddings" : "pads", 1);
  if (!pads) return true;
  const List axes = s.node.has_input(3) ? list(s, "axes", 3) : List();
  const std::size_t half = pads->size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const Index axis = axes ? (i < axes->size() ? (*axes)[i] : 0) : static_cast<Index>(i);
    if (is_first(axis, rank) && ((*pads)[i] != 0 || (*pads)[half + i] != 0)) return true;
  }
  return false;
}

/// Whether the first dimension of all operands is one and the same.
bool same_ranks(const Step& s, std::size_t rank) {
  const bool tensors = std::all_of(s.tensors.begin(), s.tensors.end(), [rank](const Data* data) {
    return data == nullptr || data->shape.size() == rank;
  });
  const bool constants = std::all_of(s.constants.begin(), s.constants.end(), [rank](const Tensor* c) {
    return c == nullptr || c->shape.size() <= rank;
  });
  return tensors && constants;
}

/// Whether the operator leaves the data's rows where and what they are.
bool keeps_rows(const Step& s) {
  const std::string_view op = s.node.message().op;
  const std::size_t rank = s.graph.shape().size();
  if (op == "Concat" || op == "Split" || op == "Gather") return !is_first(s.node.integer("axis", 0), rank);
  if (op == "TopK") return !is_first(s.node.integer("axis", -1), rank);
  constexpr std::array<std::string_view, 6> elementwise{"Add", "Sub", "Mul", "Div", "Max", "Min"};
  if (std::find(elementwise.begin(), elementwise.end(), op) != elementwise.end()) return same_ranks(s, rank);
  if (op == "Flatten") return !is_first(s.node.integer("axis", 1), rank);
  if (op == "Pad") return !pads_rows(s, rank);
  if (op == "ReduceMean" || op == "ReduceSum" || op == "ReduceMax" || op == "ReduceMin") {
    const List axes = list(s, "axes", 1);
    if (axes && !axes->empty()) return !any_first(*axes, rank);
    return s.node.integer("noop_with_empty_axes", 0) != 0;
  }
  if (op == "Slice") {
    const List axes = list(s, "axes", 3);
    return axes && !any_first(*axes, rank);
  }
  if (op == "Squeeze") {
    const List axes = list(s, "axes", 1);
    return axes && !any_first(*axes, rank);
  }
  if (op == "Unsqueeze") {
    const List axes = list(s, "axes", 1);
    return axes && !any_first(*axes, rank + axes->size());
  }
  if (op == "Transpose") {
    const List order = s.node.integers("perm");
    return order ? !order->empty() && order->front() == 0 : rank < 2;
  }
  if (op == "Reshape") {
    const List target = list(s, "shape", 1);
    return target && !target->empty();  // and target_of_row() sees to it
  }
  if (op == "MatMul") return same_ranks(s, rank) && (s.data == 0 || rank > 2);
  if (op == "Gemm") {
    return s.data == 0 ? s.node.integer("transA", 0) == 0 : s.node.integer("transB", 0) != 0;
  }
  return true;
}

template <typename Entry>
bool same_from(std::size_t first, const std::vector<Entry>& a, const std::vector<Entry>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = first; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

/// Whether a constant changes, or may change, with the number of rows. What a Reshape may do is seen
/// elsewhere; of a Resize's numbers the first is about the rows, which must be as many after it.
bool counts_rows(const Step& s) {
  const std::string_view op = s.node.message().op;
  if (op == "Reshape") return false;
  const std::size_t first = op == "Resize" || op == "Upsample" ? 1 : 0;
  for (std::size_t i = 0; i < s.constants.size(); ++i) {
    const Tensor* one = s.constants[i];
    const Tensor* all = s.counted[i];
    if (one == nullptr || all == one) continue;
    const bool same = all != nullptr && all->shape == one->shape &&
                      same_from(first, one->integers, all->integers) &&
                      same_from(first, one->lower, all->lower) && same_from(first, one->upper, all->upper);
    if (!same) return true;
  }
  return false;
}

}  // namespace

void require_rows_apart(const Step& step) {
  if (counts_rows(step)) {
    throw ReadError("operator " + step.node.op() + " depends on the size of a batch, which is not supported");
  }
  if (keeps_rows(step)) return;
  throw ReadError("operator " + step.node.op() +
                  " works along the first dimension, which is a batch's, and that is not supported");
}

std::vector<Index> target_of_row(const Step& step, const std::vector<Index>& target) {
  if (step.rows == 1 || target.empty()) return target;
  std::vector<Index> all = target;
  if (step.node.has_input(1)) {
    const Tensor* counted = step.counted[1];
    all = counted == nullptr ? std::vector<Index>() : integer_list(*counted, "shape");
  }
  std::vector<Index> row = target;
  bool whole = false;
  if (all.size() == target.size()) {
    const bool stays = (all[0] == 0 || all[0] == -1) && target[0] == all[0];
    const bool multiple = all[0] > 0 && all[0] % step.rows == 0;
    // without an open size there is one number of rows that the sizes fit, and that is one
    const bool fits_one = step.any_rows && std::find(all.begin(), all.end(), Index{-1}) == all.end();
    if (multiple) row[0] = all[0] / step.rows;
    whole = (stays || multiple || fits_one) && std::equal(all.begin() + 1, all.end(), target.begin() + 1);
  }
  if (!whole) {
    throw ReadError("operator " + step.node.op() + " to " + shape_text(target) +
                    " works along the first dimension, which is a batch's, and that is not supported");
  }
  return row;
}

}  // namespace geolip::checker::onnx
