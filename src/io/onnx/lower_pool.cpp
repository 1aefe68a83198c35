// Pools. A mean is a sum and a scale; a maximum is a tree of maxima of two, max(a, b) = b + relu(a - b),
// which docs/certificate.md lays down: whoever checks a certificate has to find the same neurons.
#include "io/onnx/operators.hpp"
#include "io/onnx/windows.hpp"

#include <algorithm>

namespace geolip::io::onnx_graph {
namespace {

/// The elements that each element of the result is made of.
using Lists = std::vector<std::vector<Index>>;

/// The elements inside the windows, channel by channel.
Lists lists_of(Lowering& state, const Windows& windows) {
  const Shape& x = state.shape();
  state.budget().take(element_count(
      {x[1], windows.output[0], windows.output[1], windows.kernel[0], windows.kernel[1]}, "its windows"));
  Lists lists;
  for (Index c = 0; c < x[1]; ++c) {
    for (Index p = 0; p < windows.output[0]; ++p) {
      for (Index q = 0; q < windows.output[1]; ++q) {
        std::vector<Index>& list = lists.emplace_back();
        for (const auto& [y, z] : windows.inside(p, q))
          list.push_back((c * windows.image[0] + y) * windows.image[1] + z);
      }
    }
  }
  return lists;
}

Windows pool_windows(const Lowering& state, const Node& node) {
  const Shape& x = state.shape();
  const Shape kernel = kernel_of(node);
  if (!x.empty() && x[0] != 1) {
    throw RowsError("operator " + node.op() + " meets data of " + dimensions(x) + ", that is " +
                    std::to_string(x[0]) + " rows at once, which is not supported");
  }
  return windows_of(node, x, kernel);
}

/// The sum of each list times 1 / divisor.
void add_means(Lowering& state, const Node& node, const Lists& lists, const std::vector<Index>& divisors,
               Shape result) {
  Sparse sums;
  sums.inputs = state.size();
  std::vector<double> scale;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    if (divisors[i] < 1) throw NetworkError("it divides by zero, where a window holds nothing");
    for (const Index j : lists[i]) sums.add(j, 1.0);
    sums.end_row();
    scale.push_back(1.0 / static_cast<double>(divisors[i]));
  }
  state.add_layer(node, std::move(sums), std::move(result));
  state.add_affine(node, std::move(scale), {});
}

/// The means over some axes, which keep size 1 or are dropped.
void add_means_over(Lowering& state, const Node& node, const std::vector<bool>& over, bool keep) {
  const Shape& x = state.shape();
  Shape ones = x;
  Shape result;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (over[i]) ones[i] = 1;
    if (!over[i] || keep) result.push_back(ones[i]);
  }
  state.budget().take(2 * state.size());
  Lists lists(static_cast<std::size_t>(element_count(ones, "its result")));
  const std::vector<Index> to = broadcast_indices(ones, x);
  for (std::size_t i = 0; i < to.size(); ++i)
    lists[static_cast<std::size_t>(to[i])].push_back(static_cast<Index>(i));
  std::vector<Index> divisors;
  for (const auto& list : lists) divisors.push_back(static_cast<Index>(list.size()));
  add_means(state, node, lists, divisors, std::move(result));
}

/// One round: of each list the pairs' larger ones, and the last one where their number is odd.
void add_round(Lowering& state, const Node& node, Lists& lists) {
  const Index tensor = state.settled();
  Sparse differences;
  Sparse others;
  Sparse places;  // of the differences in what goes on
  differences.inputs = others.inputs = state.size();
  Index pairs = 0;
  bool odd = false;
  Index next = 0;
  for (std::vector<Index>& list : lists) {
    std::vector<Index> left;
    for (std::size_t i = 0; i < list.size(); i += 2) {
      const bool pair = i + 1 < list.size();
      if (pair) {
        differences.add(list[i], 1.0);
        differences.add(list[i + 1], -1.0);
        differences.end_row();
        places.add(pairs++, 1.0);
      }
      others.add(pair ? list[i + 1] : list[i], 1.0);
      others.end_row();
      places.end_row();
      odd = odd || !pair;
      left.push_back(next++);
    }
    list = std::move(left);
  }
  places.inputs = pairs;
  state.budget().take(8 * next);
  const Shape shape{next};
  state.add_layer(node, std::move(others), {tensor}, shape);
  const Index rest = state.settled();
  state.add_layer(node, std::move(differences), {tensor}, {pairs});
  state.add_activation(node.name(), make_activation(ActivationKind::relu));
  if (odd) state.add_layer(node, std::move(places), shape);
  const Index larger = state.settled();
  state.add_layer(node, Add{}, {rest, larger}, shape);
}

void add_maxima(Lowering& state, const Node& node, Lists lists, Shape result) {
  if (std::any_of(lists.begin(), lists.end(), [](const auto& list) { return list.empty(); }))
    throw NetworkError("a window holds nothing but padding");
  const auto several = [](const std::vector<Index>& list) { return list.size() > 1; };
  if (std::none_of(lists.begin(), lists.end(), several)) {
    Sparse chosen;
    chosen.inputs = state.size();
    for (const auto& list : lists) {
      chosen.add(list.front(), 1.0);
      chosen.end_row();
    }
    state.add_layer(node, std::move(chosen), std::move(result));
    return;
  }
  while (std::any_of(lists.begin(), lists.end(), several)) add_round(state, node, lists);
  state.set_shape(std::move(result));
}

std::vector<bool> all_but_channels(const Lowering& state, const Node& node) {
  const Shape& x = state.shape();
  if (x.size() < 3) throw NetworkError("operator " + node.op() + " needs an image but has " + dimensions(x));
  std::vector<bool> over(x.size(), true);
  over[0] = over[1] = false;
  return over;
}

}  // namespace

void lower_average_pool(Lowering& state, const Node& node) {
  const Windows windows = pool_windows(state, node);
  const bool count_pads = node.integer("count_include_pad", 0) != 0;
  if (count_pads && windows.past_the_end)
    throw NetworkError("operator AveragePool with count_include_pad and ceil_mode is not supported");
  const Lists lists = lists_of(state, windows);
  std::vector<Index> divisors;
  for (const auto& list : lists)
    divisors.push_back(count_pads ? windows.kernel[0] * windows.kernel[1] : static_cast<Index>(list.size()));
  const Shape& x = state.shape();
  add_means(state, node, lists, divisors, image_shape(x, x[1], windows.output));
}

void lower_global_average_pool(Lowering& state, const Node& node) {
  add_means_over(state, node, all_but_channels(state, node), true);
}

void lower_reduce_mean(Lowering& state, const Node& node) {
  const Shape& x = state.shape();
  std::optional<std::vector<Index>> axes = node.integers("axes");
  if (node.has_input(1)) axes = integer_list(state.constant(node, 1, "axes"), "axes");
  const bool keep = node.integer("keepdims", 1) != 0;
  if ((!axes || axes->empty()) && node.integer("noop_with_empty_axes", 0) != 0) return;
  std::vector<bool> over(x.size(), !axes || axes->empty());
  for (const Index axis : axes.value_or(std::vector<Index>())) over[axis_of(axis, x.size())] = true;
  add_means_over(state, node, over, keep);
}

void lower_max_pool(Lowering& state, const Node& node) {
  if (node.proto().output_size() > 1) throw NetworkError("operator MaxPool with indices is not supported");
  const Windows windows = pool_windows(state, node);
  const Shape& x = state.shape();
  const Shape result = image_shape(x, x[1], windows.output);
  add_maxima(state, node, lists_of(state, windows), result);
}

void lower_global_max_pool(Lowering& state, const Node& node) {
  const std::vector<bool> over = all_but_channels(state, node);
  const Shape& x = state.shape();
  Shape ones = x;
  for (std::size_t i = 2; i < x.size(); ++i) ones[i] = 1;
  state.budget().take(2 * state.size());
  Lists lists(static_cast<std::size_t>(element_count(ones, "its result")));
  const std::vector<Index> to = broadcast_indices(ones, x);
  for (std::size_t i = 0; i < to.size(); ++i)
    lists[static_cast<std::size_t>(to[i])].push_back(static_cast<Index>(i));
  add_maxima(state, node, std::move(lists), std::move(ones));
}

}  // namespace geolip::io::onnx_graph
