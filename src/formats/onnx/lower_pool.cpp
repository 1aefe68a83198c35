// Pools, and the same over axes. A mean is a sum and a scale.
#include <formats/onnx/operators.hpp>
#include <formats/onnx/rounds.hpp>
#include <formats/onnx/windows.hpp>

#include <algorithm>

namespace geolip::formats::onnx_graph {
namespace {

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
  if (!x.empty() && x[0] != 1) fail_rows(node, x, x[0]);
  return windows_of(node, x, kernel);
}

/// The sum of each list, times 1 / divisor where there are divisors.
void add_sums(Lowering& state, const Node& node, const Lists& lists, Shape result,
              const std::vector<Index>& divisors = {}) {
  Sparse sums;
  sums.inputs = state.size();
  for (const auto& list : lists) {
    for (const Index j : list) sums.add(j, 1.0);
    sums.end_row();
  }
  std::vector<double> scale;
  for (const Index divisor : divisors) {
    if (divisor < 1) fail("it divides by zero, where a window holds nothing");
    scale.push_back(1.0 / static_cast<double>(divisor));
  }
  state.add_layer(node, std::move(sums), std::move(result));
  if (!scale.empty()) state.add_affine(node, std::move(scale), {});
}

std::vector<Index> sizes_of(const Lists& lists) {
  std::vector<Index> sizes;
  for (const auto& list : lists) sizes.push_back(static_cast<Index>(list.size()));
  return sizes;
}

/// The axes that a reduction is over; nothing if it leaves the data as they are.
std::optional<std::vector<bool>> reduction_axes(const Lowering& state, const Node& node) {
  const std::size_t rank = state.shape().size();
  const std::optional<std::vector<Index>> axes = state.list(node, "axes", 1);
  const bool all = !axes || axes->empty();
  if (all && node.integer("noop_with_empty_axes", 0) != 0) return std::nullopt;
  std::vector<bool> over(rank, all);
  for (const Index axis : axes.value_or(std::vector<Index>())) over[axis_of(axis, rank)] = true;
  return over;
}

std::vector<bool> all_but_channels(const Lowering& state, const Node& node) {
  const Shape& x = state.shape();
  if (x.size() < 3) fail("operator ", node.op(), " needs an image but has ", x);
  std::vector<bool> over(x.size(), true);
  over[0] = over[1] = false;
  return over;
}

}  // namespace

void lower_average_pool(Lowering& state, const Node& node) {
  const Windows windows = pool_windows(state, node);
  const bool count_pads = node.integer("count_include_pad", 0) != 0;
  if (count_pads && windows.past_the_end)
    fail("operator AveragePool with count_include_pad and ceil_mode is not supported");
  const Lists lists = lists_of(state, windows);
  const std::vector<Index> divisors =
      count_pads ? std::vector<Index>(lists.size(), windows.kernel[0] * windows.kernel[1]) : sizes_of(lists);
  const Shape& x = state.shape();
  add_sums(state, node, lists, image_shape(x, x[1], windows.output), divisors);
}

void lower_max_pool(Lowering& state, const Node& node) {
  if (node.proto().output_size() > 1) fail("operator MaxPool with indices is not supported");
  const Windows windows = pool_windows(state, node);
  Lists lists = lists_of(state, windows);
  if (std::any_of(lists.begin(), lists.end(), [](const auto& list) { return list.empty(); }))
    fail("a window holds nothing but padding");
  const Shape& x = state.shape();
  const Shape result = image_shape(x, x[1], windows.output);
  add_extremes(state, node, std::move(lists), Extreme::larger, result);
}

void lower_reduction(Lowering& state, const Node& node) {
  const std::string& op = node.op();
  const bool global = op.starts_with("Global");
  const std::optional<std::vector<bool>> axes =
      global ? all_but_channels(state, node) : reduction_axes(state, node);
  if (!axes) return;
  const bool keep = global || node.integer("keepdims", 1) != 0;
  Shape result;
  for (std::size_t i = 0; i < axes->size(); ++i) {
    if (!(*axes)[i] || keep) result.push_back((*axes)[i] ? 1 : state.shape()[i]);
  }
  Lists lists = lists_over(state, *axes);
  if (op == "ReduceSum") {
    add_sums(state, node, lists, std::move(result));
  } else if (op == "ReduceMean" || op == "GlobalAveragePool") {
    add_sums(state, node, lists, std::move(result), sizes_of(lists));
  } else {
    const Extreme extreme = op == "ReduceMin" ? Extreme::smaller : Extreme::larger;
    add_extremes(state, node, std::move(lists), extreme, std::move(result));
  }
}

}  // namespace geolip::formats::onnx_graph
