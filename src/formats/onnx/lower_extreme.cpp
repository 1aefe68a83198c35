// Max and Min, element by element.
#include <formats/onnx/operators.hpp>
#include <formats/onnx/rounds.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::formats::onnx_graph {
namespace {

/// Several tensors become one, and the elements of it that each element of the result is made of are listed.
Lists joined(Lowering& state, const Node& node, const std::vector<Data>& operands, const Shape& shape) {
  const Index count = element_count(shape, "its result");
  const auto places = static_cast<Index>(operands.size());
  Index total = 0;
  for (const Data& data : operands) total += data.size;
  state.budget().take(total);
  state.budget().take(8 * count);  // a list each
  for (Index i = 0; i < places; ++i) state.budget().take(count);
  std::vector<Index> tensors;
  std::vector<Index> numbers;
  Lists lists(static_cast<std::size_t>(count));
  for (const Data& data : operands) {
    const auto first = static_cast<Index>(numbers.size());
    const std::vector<Index> sources = broadcast_indices(data.shape, shape);
    for (std::size_t i = 0; i < lists.size(); ++i) lists[i].push_back(first + sources[i]);
    for (Index i = 0; i < data.size; ++i) numbers.push_back(data.number(i));
    tensors.push_back(state.settled(node, data));
  }
  state.add_layer(node, Concat{}, std::move(tensors), {total});
  state.set_numbers(std::move(numbers));
  return lists;
}

/// The larger or smaller of each element x and a constant c, with r = relu(x - c): c + r or x - r.
void add_constants(Lowering& state, const Node& node, const std::vector<double>& c, bool rounded,
                   Extreme extreme) {
  const Index x = state.settled();
  const Shape shape = state.shape();
  const Index count = state.size();
  state.budget().take(8 * count);
  std::vector<Pair> pairs;
  for (Index i = 0; i < count; ++i) pairs.push_back({state.current().number(i), -1});
  const std::vector<double> ones(c.size(), 1.0);
  // what rounding left equal need not be equal
  const Comparison* known = rounded ? nullptr : state.comparisons().find(pairs, c);
  Comparison comparison;
  if (known != nullptr) {
    comparison = *known;
  } else {
    std::vector<double> shift;
    for (const double v : c) shift.push_back(-v);
    state.add_affine(node, ones, std::move(shift));
    state.add_activation(node.name(), Activation(ActivationKind::relu));
    comparison = {std::move(pairs), state.current().tensor, state.new_numbers(2 * count)};
    if (!rounded) state.comparisons().add(comparison, c);
  }
  if (extreme == Extreme::larger) {
    state.continue_from({comparison.tensor, shape, count, {}, {}, true, {}});
    state.add_affine(node, ones, c);
  } else {
    state.add_layer(node, Add{{1.0, -1.0}}, {x, comparison.tensor}, shape);
  }
  const Index first = comparison.results + (extreme == Extreme::larger ? 0 : count);
  std::vector<Index> numbers;
  for (Index i = 0; i < count; ++i) numbers.push_back(first + i);
  state.set_numbers(std::move(numbers));
}

}  // namespace

void lower_extreme(Lowering& state, const Node& node) {
  const Extreme extreme = node.op() == "Max" ? Extreme::larger : Extreme::smaller;
  std::vector<Data> operands;
  std::vector<const Tensor*> constants;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (state.is_data(node, i)) {
      operands.push_back(state.data(node, i));
    } else {
      constants.push_back(&state.constant(node, i, "an operand"));
    }
  }
  Shape shape = operands.front().shape;
  for (const Data& data : operands) {
    if (node.opset() < 8 && data.shape != shape)
      fail("operands of ", shape, " and ", data.shape, " may not be broadcast");
    shape = broadcast_shape(shape, data.shape);
  }
  if (operands.size() > 1) {
    Lists lists = joined(state, node, operands, shape);
    add_extremes(state, node, std::move(lists), extreme, shape);
  }
  std::vector<double> c;
  bool rounded = false;
  for (const Tensor* constant : constants) {
    if (node.opset() < 8 && constant->shape != shape)
      fail("operands of ", shape, " and ", constant->shape, " may not be broadcast");
    const std::vector<double> next = state.per_element(*constant);
    if (!std::all_of(next.begin(), next.end(), [](double v) { return std::isfinite(v); }))
      fail("a constant operand of operator ", node.op(), " is not finite");
    if (c.empty()) c = next;
    for (std::size_t i = 0; i < c.size(); ++i)
      c[i] = extreme == Extreme::larger ? std::max(c[i], next[i]) : std::min(c[i], next[i]);
    rounded = rounded || constant->rounded;
  }
  if (!constants.empty()) add_constants(state, node, c, rounded, extreme);
}

}  // namespace geolip::formats::onnx_graph
