// TopK: the largest or smallest elements along an axis, in order.
#include <formats/onnx/operators.hpp>
#include <formats/onnx/rounds.hpp>
#include <formats/onnx/sorting_network.hpp>
#include <network/at.hpp>

namespace geolip::formats::onnx_graph {
namespace {

struct Choice {
  std::size_t axis = 0;
  Index count = 1;
  bool largest = true;
};

Choice choice_of(const Lowering& state, const Node& node) {
  const Shape& x = state.shape();
  if (!state.is_data(node, 0)) fail("K of operator TopK is computed from the input, which is not supported");
  Choice choice;
  choice.axis = axis_of(node.integer("axis", -1), x.size());
  choice.largest = node.integer("largest", 1) != 0;
  if (node.opset() < 10) {
    choice.count = node.integer("k", 0);
  } else {
    const Tensor& k = state.constant(node, 1, "K");
    if (k.kind != Kind::integer || k.size() != 1) fail("K of operator TopK must be one whole number");
    choice.count = k.integers[0];
  }
  const Index size = x[choice.axis];
  if (choice.count < 1 || choice.count > size)
    fail("operator TopK takes ", choice.count, " of ", size, " elements");
  if (node.integer("sorted", 1) == 0 && choice.count > 1)
    fail("operator TopK without sorting has no order, which is not supported");
  const auto& outputs = node.proto().output();
  if (outputs.size() > 1 && !outputs[1].empty() && state.is_read(outputs[1]))
    fail("the indices of operator TopK are read, which is not supported");
  return choice;
}

/// One pass over all groups. `places` says for each group where its wires' elements are.
void add_pass(Lowering& state, const Node& node, const SortingPass& pass, bool largest, Lists& places) {
  const auto kind = largest ? Outcome::larger : Outcome::smaller;
  const auto other = largest ? Outcome::smaller : Outcome::larger;
  Round round;
  for (auto& wires : places) {
    std::vector<Outcome> outcome;
    for (const Index e : wires) outcome.push_back({Outcome::kept, e});
    for (const auto& [i, j] : pass.comparators) {
      const auto pair = static_cast<Index>(round.pairs.size());
      round.pairs.push_back({at(wires, i), at(wires, j)});
      at(outcome, i) = {kind, pair};
      at(outcome, j) = {other, pair};
    }
    for (const Index w : pass.wires) {
      at(wires, w) = static_cast<Index>(round.outcomes.size());
      round.outcomes.push_back(at(outcome, w));
    }
  }
  add_round(state, node, round);
}

}  // namespace

void lower_top_k(Lowering& state, const Node& node) {
  const Choice choice = choice_of(state, node);
  const Shape x = state.shape();
  std::vector<bool> axes(x.size(), false);
  axes[choice.axis] = true;
  Shape result = x;
  result[choice.axis] = choice.count;
  if (choice.count == 1) {
    const Extreme extreme = choice.largest ? Extreme::larger : Extreme::smaller;
    add_extremes(state, node, lists_over(state, axes), extreme, std::move(result));
    return;
  }
  const Index wires = x[choice.axis];
  for (Index n = most_sorting_passes(wires); n > 0; --n) state.budget().take(8 * state.size());
  Lists places = lists_over(state, axes);
  for (const SortingPass& pass : sorting_network(wires, choice.count))
    add_pass(state, node, pass, choice.largest, places);
  // the elements are group by group and go where the axis is
  std::vector<Index> source;
  Index inner = 1;
  for (std::size_t i = choice.axis + 1; i < x.size(); ++i) inner *= x[i];
  const auto groups = static_cast<Index>(places.size());
  for (Index outer = 0; outer < groups / inner; ++outer) {
    for (Index k = 0; k < choice.count; ++k) {
      for (Index i = 0; i < inner; ++i) source.push_back(at(at(places, outer * inner + i), k));
    }
  }
  state.relabel(node, source);
  state.set_shape(std::move(result));
}

}  // namespace geolip::formats::onnx_graph
