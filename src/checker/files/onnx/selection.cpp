// Operators that choose, repeat or join elements, and sums of tensors.
#include "checker/files/onnx/constants.hpp"
#include "checker/files/onnx/operators.hpp"
#include "checker/files/onnx/places.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace geolip::checker::onnx {
namespace {

/// The data's elements by number, from `first` on: what an operator on constants makes of them says where
/// each element of its result comes from.
Tensor numbered(const Shape& shape, Index first = 0) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(element_count(shape, "its input")));
  std::iota(numbers.begin(), numbers.end(), first);
  return Tensor::of_integers(shape, std::move(numbers));
}

}  // namespace

void choose(const Step& s) {
  require_data_first(s);
  s.budget.take(s.graph.size());
  const Tensor numbers = numbered(s.graph.shape());
  std::vector<const Tensor*> inputs = s.constants;
  inputs.front() = &numbers;
  const Tensor chosen = fold(s.node, inputs, s.files, s.budget);
  if (chosen.size() == 0) throw ReadError("its result has no elements");
  s.graph.select(s.node.label(), chosen.integers, chosen.shape);
}

void concat(const Step& s) {
  std::vector<Tensor> parts;
  std::vector<Index> tensors;
  std::vector<Index> labels;
  Index size = 0;
  for (const Data* data : s.tensors) {
    if (data == nullptr) throw ReadError("a Concat of computed data and constants is not supported");
    s.budget.take(2 * data->size);
    parts.push_back(numbered(data->shape, size));
    tensors.push_back(s.graph.settled(s.node.label(), *data));
    for (Index i = 0; i < data->size; ++i) labels.push_back(data->label(i));
    size += data->size;
  }
  std::vector<const Tensor*> inputs;
  for (const Tensor& part : parts) inputs.push_back(&part);
  const Tensor order = fold(s.node, inputs, s.files, s.budget);
  s.graph.add_join(s.node.label(), Concat{}, std::move(tensors), order.shape);
  s.graph.set_labels(Labels::list(std::move(labels)));
  s.graph.relabel(s.node.label(), order.integers);
}

std::vector<Data> apply_split(const Step& s) {
  s.node.require_inputs(1, 2);
  s.node.require_attributes({"axis", "split", "num_outputs"});
  require_data_first(s);
  const Shape x = s.graph.shape();
  const std::size_t axis = axis_of(s.node.integer("axis", 0), x.size());
  const auto outputs = static_cast<Index>(s.node.message().outputs.size());
  auto sizes = list_of(s, "split");
  if (!sizes) {
    if (s.node.integer("num_outputs", outputs) != outputs)
      throw ReadError("a Split has another number of outputs");
    const bool even = x[axis] % outputs == 0;
    if (!even && s.node.opset() < 18) throw ReadError("a Split does not fall into equal parts");
    const Index each = x[axis] / outputs + (even ? 0 : 1);
    sizes.emplace(static_cast<std::size_t>(outputs), each);
    sizes->back() = x[axis] - each * (outputs - 1);
  }
  Index sum = 0;
  for (const Index size : *sizes) {
    if (size < 1 || size > x[axis]) throw ReadError("the sizes of a Split make no sense");
    sum += size;
  }
  if (static_cast<Index>(sizes->size()) != outputs || sum != x[axis])
    throw ReadError("the sizes of a Split do not add up to its input's");
  const Data whole = s.graph.at_hand();
  std::vector<Data> results;
  Index first = 0;
  for (const Index size : *sizes) {
    Shape shape = x;
    shape[axis] = size;
    std::vector<Index> source;
    for_places(shape, [&](std::vector<Index> place) {
      place[axis] += first;
      source.push_back(number_of(x, place));
    });
    first += size;
    s.graph.take_up(whole);
    s.graph.select(s.node.label(), source, shape);
    results.push_back(s.graph.at_hand());
  }
  return results;
}

void pad(const Step& s) {
  require_data_first(s);
  if (s.node.text("mode", "constant") != "constant")
    throw ReadError("operator Pad with that mode is not supported");
  const Shape x = s.graph.shape();
  const std::size_t rank = x.size();
  std::optional<std::vector<Index>> pads;
  if (s.node.opset() < 11) {
    pads = s.node.integers(s.node.opset() < 2 ? "paddings" : "pads");
    s.node.real("value", 0.0);
  } else {
    pads = integer_list(s.constant(1, "the pads"), "the pads");
    if (s.node.has_input(2)) {
      const Tensor& value = s.constant(2, "the value");
      require_real(value, "the value");
      require_finite(value.lower, "the value");
      if (value.size() != 1) throw ReadError("the value of a Pad must be one number");
    }
  }
  std::vector<Index> axes(rank);
  std::iota(axes.begin(), axes.end(), Index{0});
  if (s.node.opset() >= 18 && s.node.has_input(3)) axes = integer_list(s.constant(3, "the axes"), "the axes");
  if (!pads || pads->size() != 2 * axes.size()) throw ReadError("the pads of a Pad do not fit its input");
  constexpr Index largest = Index{1} << 24;
  std::vector<Index> front(rank, 0);
  Shape result = x;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t axis = axis_of(axes[i], rank);
    const Index before = (*pads)[i];
    const Index behind = (*pads)[axes.size() + i];
    if (before < -largest || before > largest || behind < -largest || behind > largest)
      throw ReadError("the pads of a Pad make no sense");
    front[axis] = before;
    result[axis] = x[axis] + before + behind;
  }
  for (const Index size : result) {
    if (size < 1) throw ReadError("its result has no elements");
  }
  s.budget.take(element_count(result, "its result"));
  std::vector<Index> source;
  for_places(result, [&](std::vector<Index> place) {
    bool inside = true;
    for (std::size_t i = 0; i < rank; ++i) {
      place[i] -= front[i];
      inside = inside && place[i] >= 0 && place[i] < x[i];
    }
    source.push_back(inside ? number_of(x, place) : -1);
  });
  s.graph.select(s.node.label(), source, std::move(result));
}

void add_tensors(const Step& s, double coefficient) {
  const Data a = *s.tensors[0];
  const Data b = *s.tensors[1];
  if (s.node.opset() < 7 && a.shape != b.shape)
    throw ReadError("operands of different shapes may not be broadcast");
  const Shape shape = broadcast(a.shape, b.shape);
  const Index count = element_count(shape, "its result");
  std::vector<Index> tensors;
  for (const Data* data : {&a, &b}) {
    Index tensor = s.graph.settled(s.node.label(), *data);
    if (data->size != count) {  // repeated along dimensions of size 1
      s.budget.take(count);
      s.graph.take_up({tensor, data->shape, data->size, {}, {}, {}});
      s.graph.select(s.node.label(), broadcast_sources(data->shape, shape), shape);
      tensor = s.graph.at_hand().tensor;
    }
    tensors.push_back(tensor);
  }
  s.graph.add_join(s.node.label(), Sum{{1.0, coefficient}}, std::move(tensors), shape);
}

}  // namespace geolip::checker::onnx
