// Operators that choose, repeat or join elements.
#include <formats/onnx/fold.hpp>
#include <formats/onnx/operators.hpp>
#include <network/at.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace geolip::formats::onnx_graph {
namespace {

/// What the node's operator makes of constants, made of the numbers of the data's elements.
Tensor chosen(Lowering& state, const Node& node) {
  if (!state.is_data(node, 0))
    fail("a parameter of operator ", node.op(), " is computed from the input, which is not supported");
  state.budget().take(state.size());
  const Tensor numbers = numbered(state.shape());
  std::vector<const Tensor*> inputs{&numbers};
  for (std::size_t i = 1; i < node.inputs(); ++i)
    inputs.push_back(node.has_input(i) ? &state.constant(node, i, "a parameter") : nullptr);
  return state.fold_with(node, inputs);
}

}  // namespace

void lower_choice(Lowering& state, const Node& node) {
  const Tensor choice = chosen(state, node);
  state.select(node, choice.integers, choice.shape);
}

void lower_order(Lowering& state, const Node& node) {
  const Tensor order = chosen(state, node);
  state.relabel(node, order.integers);
  state.set_shape(order.shape);
}

void lower_concat(Lowering& state, const Node& node) {
  if (!node.has("axis")) fail("a Concat has no axis");
  const Shape first = state.shape();
  const std::size_t axis = axis_of(node.integer("axis", 0), first.size());
  std::vector<Index> tensors;
  std::vector<Tensor> numbers;
  std::vector<Index> elements;
  Shape result = first;
  result[axis] = 0;
  Index coordinates = 0;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (!state.is_data(node, i)) fail("a Concat of computed data and constants is not supported");
    const Data data = state.data(node, i);
    Shape same = data.shape;
    if (same.size() == first.size()) same[axis] = first[axis];
    if (same != first) fail("tensors of ", first, " and ", data.shape, " cannot be joined along axis ", axis);
    tensors.push_back(state.settled(node, data));
    for (Index e = 0; e < data.size; ++e) elements.push_back(data.number(e));
    result[axis] += data.shape[axis];
    numbers.push_back(numbered(data.shape));
    for (std::int64_t& number : numbers.back().integers) number += coordinates;
    coordinates += data.size;
  }
  state.budget().take(2 * coordinates);
  state.add_layer(node, Concat{}, tensors, result);
  state.set_numbers(std::move(elements));
  // along a later axis the parts' elements alternate
  std::vector<const Tensor*> inputs;
  for (const Tensor& part : numbers) inputs.push_back(&part);
  const Tensor order = state.fold_with(node, inputs);
  state.relabel(node, order.integers);
}

void lower_split(Lowering& state, const Node& node) {
  const Shape x = state.shape();
  const std::size_t axis = axis_of(node.integer("axis", 0), x.size());
  const auto outputs = static_cast<Index>(node.proto().output_size());
  std::optional<std::vector<Index>> sizes = state.list(node, "split", 1);
  if (!sizes) {
    if (node.integer("num_outputs", outputs) != outputs) fail("a Split has another number of outputs");
    const Index part = (x[axis] + outputs - 1) / outputs;  // the last may be smaller
    if (node.opset() < 18 && x[axis] % outputs != 0)
      fail("a size of ", x[axis], " does not fall into ", outputs, " parts");
    sizes.emplace(static_cast<std::size_t>(outputs), part);
    sizes->back() = x[axis] - part * (outputs - 1);
  }
  if (static_cast<Index>(sizes->size()) != outputs ||
      std::any_of(sizes->begin(), sizes->end(), [](Index s) { return s < 1; }) ||
      std::accumulate(sizes->begin(), sizes->end(), Index{0}) != x[axis]) {
    fail("the sizes of a Split do not add up to its input's");
  }
  const Data whole = state.current();
  Index start = 0;
  for (int k = 0; k < node.proto().output_size(); ++k) {
    const Index size = at(*sizes, k);
    std::vector<Index> places(static_cast<std::size_t>(size));
    std::iota(places.begin(), places.end(), start);
    start += size;
    if (node.proto().output(k).empty()) continue;
    state.continue_from(whole);
    Shape shape = x;
    shape[axis] = size;
    state.select(node, indices_along(x, axis, places), std::move(shape));
    state.set_output(node, k, state.current());
  }
}

void lower_pad(Lowering& state, const Node& node) {
  if (const std::string mode = node.text("mode", "constant"); mode != "constant")
    fail("operator Pad with mode '", printable(mode), "' is not supported");
  const Shape x = state.shape();
  const std::size_t rank = x.size();
  std::vector<Index> pads;
  double value = 0.0;
  if (node.opset() < 11) {
    pads = node.integers(node.opset() < 2 ? "paddings" : "pads").value_or(std::vector<Index>());
    value = node.real("value", 0.0);
  } else {
    pads = integer_list(state.constant(node, 1, "the pads"), "the pads");
    if (node.has_input(2)) {
      const Tensor& constant = state.constant(node, 2, "the value");
      if (constant.kind != Kind::real || constant.size() != 1)
        fail("the value of a Pad must be one number of a float type");
      value = constant.reals[0];
    }
    if (node.has_input(3)) {
      const std::vector<Index> axes = integer_list(state.constant(node, 3, "the axes"), "the axes");
      if (pads.size() != 2 * axes.size()) fail("the pads of a Pad do not fit its axes");
      std::vector<Index> all(2 * rank, 0);
      for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t axis = axis_of(axes[i], rank);
        all[axis] = pads[i];
        all[rank + axis] = pads[axes.size() + i];
      }
      pads = std::move(all);
    }
  }
  if (pads.size() != 2 * rank) fail("the pads of a Pad do not fit its input");
  constexpr Index largest = Index{1} << 24;
  Shape result = x;
  for (std::size_t i = 0; i < rank; ++i) {
    if (std::max(std::abs(pads[i]), std::abs(pads[rank + i])) > largest)
      fail("a padding of ", pads[i], " makes no sense");
    result[i] += pads[i] + pads[rank + i];
    if (result[i] < 1) fail("its result has no elements");
  }
  state.budget().take(element_count(result, "its result"));
  std::vector<std::vector<Index>> places(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    for (Index p = -pads[i]; p < result[i] - pads[i]; ++p)
      places[i].push_back(p < x[i] ? std::max<Index>(p, -1) : -1);
  }
  const std::vector<Index> source = indices_at(x, places);
  state.select(node, source, std::move(result));
  if (value == 0.0) return;
  std::vector<double> shift;
  for (const Index j : source) shift.push_back(j < 0 ? value : 0.0);
  std::vector<double> scale(shift.size(), 1.0);
  state.add_affine(node, std::move(scale), std::move(shift));
}

}  // namespace geolip::formats::onnx_graph
