// Max and Min of tensors and constants, element by element; and TopK.
#include "checker/files/onnx/maxima.hpp"

#include <algorithm>

namespace geolip::checker::onnx {
namespace {

/// The computed operands one below the other, and of which elements each of the result's is made.
Members stack(const Step& s, const std::vector<const Data*>& operands, const Shape& shape) {
  const Index count = element_count(shape, "its result");
  s.budget.take(8 * count);  // a list each
  Members members(static_cast<std::size_t>(count));
  std::vector<Index> tensors;
  std::vector<Index> labels;
  for (const Data* operand : operands) {
    s.budget.take(operand->size);
    s.budget.take(count);
    const auto first = static_cast<Index>(labels.size());
    const std::vector<Index> from = broadcast_sources(operand->shape, shape);
    for (std::size_t i = 0; i < from.size(); ++i) members[i].push_back(first + from[i]);
    const Data data = s.graph.in_order(s.node.label(), *operand);
    for (Index i = 0; i < data.size; ++i) labels.push_back(data.labels[i]);
    tensors.push_back(data.tensor);
  }
  s.graph.add_join(s.node.label(), Concat{}, std::move(tensors), {static_cast<Index>(labels.size())});
  s.graph.set_labels(Labels::list(std::move(labels)));
  return members;
}

/// The largest or smallest of the constant operands for each element of the data.
struct Limits {
  std::vector<double> lower;
  std::vector<double> upper;
  bool exact = true;
};

Limits limits_of(const Step& s, const std::vector<const Tensor*>& constants, bool largest) {
  Limits limits;
  for (const Tensor* c : constants) {
    const std::vector<Index> places = s.graph.spread(*c);
    s.budget.take(2 * s.graph.size());
    limits.exact = limits.exact && c->exact();
    const bool first = limits.lower.empty();
    for (std::size_t i = 0; i < places.size(); ++i) {
      const Enclosure value = c->at(places[i]);
      if (first) {
        limits.lower.push_back(value.lower);
        limits.upper.push_back(value.upper);
      } else {
        double& lower = limits.lower[i];
        double& upper = limits.upper[i];
        lower = largest ? std::max(lower, value.lower) : std::min(lower, value.lower);
        upper = largest ? std::max(upper, value.upper) : std::min(upper, value.upper);
      }
    }
  }
  return limits;
}

/// max(x, c) = c + relu(x - c), min(x, c) = x - relu(x - c); what is added to all is left out.
void limit(const Step& s, const Limits& limits, bool largest) {
  Graph& graph = s.graph;
  const std::string name = s.node.label();
  s.budget.take(6 * graph.size());
  const Data x = graph.in_order(name, graph.at_hand());
  Comparison comparison;
  bool named = limits.exact;
  for (Index i = 0; i < x.size; ++i) {
    comparison.pairs.push_back({x.labels[i], Labels::unknown});
    named = named && x.labels[i] != Labels::unknown;
  }
  const Comparison* earlier = named ? graph.comparisons().find(comparison.pairs, limits.lower) : nullptr;
  if (earlier != nullptr) {
    comparison = *earlier;
  } else {
    graph.take_up(x);
    graph.add_slopes(name, "relu", Enclosure{0.0, 1.0});
    comparison.neurons = graph.at_hand().tensor;
    comparison.larger = graph.new_labels(x.size);
    comparison.smaller = graph.new_labels(x.size);
    if (named) graph.comparisons().note(comparison, limits.lower);
  }
  if (largest) {
    graph.take_up({comparison.neurons, x.shape, x.size, {}, {}, Labels::from(comparison.larger)});
  } else {
    graph.add_join(name, Sum{{1.0, -1.0}}, {x.tensor, comparison.neurons}, x.shape);
    graph.set_labels(Labels::from(comparison.smaller));
  }
}

/// A comparator of wires: the one that comes first goes to the lower of the two.
struct Comparator {
  Index low;
  Index high;
};

/// Algorithm M of Knuth's TAOCP 5.2.2 (Batcher), pass by pass.
std::vector<std::vector<Comparator>> merge_exchange(Index wires) {
  std::vector<std::vector<Comparator>> passes;
  Index top = 1;
  while (2 * top < wires) top *= 2;
  for (Index p = top; p > 0; p /= 2) {
    Index q = top;
    Index r = 0;
    Index d = p;
    while (true) {
      std::vector<Comparator>& pass = passes.emplace_back();
      for (Index low = 0; low < wires - d; ++low) {
        if ((low & p) == r) pass.push_back({low, low + d});
      }
      if (q == p) break;
      d = q - p;
      q /= 2;
      r = p;
    }
  }
  return passes;
}

Index checked_count(const Step& s, Index size) {
  const Index opset = s.node.opset();
  if ((opset >= 10 && s.node.has("k")) || (opset < 11 && (s.node.has("largest") || s.node.has("sorted")))) {
    throw ReadError("operator TopK has the attributes of another version than the model states");
  }
  Index count = s.node.integer("k", 0);
  if (opset >= 10) {
    const Tensor& k = s.constant(1, "K");
    if (k.real || k.size() != 1) throw ReadError("K of operator TopK must be one whole number");
    count = k.integers.front();
  }
  if (count < 1 || count > size) {
    throw ReadError("operator TopK takes " + std::to_string(count) + " of " + std::to_string(size) +
                    " elements");
  }
  if (count > 1 && s.node.integer("sorted", 1) == 0)
    throw ReadError("operator TopK without sorting has no order, which is not supported");
  return count;
}

/// Which wires are of use before each pass, and after the last, where the result is the first `count`.
std::vector<std::vector<bool>> wires_of_use(std::vector<std::vector<Comparator>>& passes, Index wires,
                                            Index count) {
  std::vector<bool> use(static_cast<std::size_t>(wires), false);
  for (Index i = 0; i < count; ++i) use[static_cast<std::size_t>(i)] = true;
  std::vector<std::vector<bool>> after(passes.size());
  for (std::size_t p = passes.size(); p-- > 0;) {
    after[p] = use;
    std::vector<Comparator> needed;
    for (const Comparator& c : passes[p]) {
      if (use[static_cast<std::size_t>(c.low)] || use[static_cast<std::size_t>(c.high)]) needed.push_back(c);
    }
    for (const Comparator& c : needed) {
      use[static_cast<std::size_t>(c.low)] = true;
      use[static_cast<std::size_t>(c.high)] = true;
    }
    passes[p] = std::move(needed);
  }
  return after;
}

/// Sorts all groups at once; afterwards `groups` says where the wires of use are.
void sort(const Step& s, Members& groups, Index count, bool largest) {
  const auto wires = static_cast<Index>(groups.front().size());
  auto passes = merge_exchange(wires);
  const auto after = wires_of_use(passes, wires, count);
  for (std::size_t p = 0; p < passes.size(); ++p) {
    if (passes[p].empty()) continue;
    Round round(s);
    for (auto& group : groups) {
      std::vector<std::pair<Index, bool>> pair(group.size(), {-1, false});  // and whether its larger one
      for (const auto& [low, high] : passes[p]) {
        const Index number =
            round.compare(group[static_cast<std::size_t>(low)], group[static_cast<std::size_t>(high)]);
        pair[static_cast<std::size_t>(low)] = {number, largest};
        pair[static_cast<std::size_t>(high)] = {number, !largest};
      }
      for (std::size_t w = 0; w < group.size(); ++w) {
        if (!after[p][w]) continue;
        const auto [number, larger] = pair[w];
        group[w] = number < 0 ? round.keep(group[w]) : larger ? round.larger(number) : round.smaller(number);
      }
    }
    round.finish();
  }
}

}  // namespace

void extreme(const Step& s) {
  const bool largest = s.node.message().op == "Max";
  std::vector<const Data*> operands;
  std::vector<const Tensor*> constants;
  Shape shape = s.graph.shape();
  const auto check_shape = [&](const Shape& other) {
    if (s.node.opset() < 8 && other != shape)
      throw ReadError("operands of different shapes may not be broadcast");
  };
  for (std::size_t i = 0; i < s.tensors.size(); ++i) {
    if (s.tensors[i] != nullptr) {
      operands.push_back(s.tensors[i]);
      check_shape(s.tensors[i]->shape);
      shape = broadcast(shape, s.tensors[i]->shape);
    } else {
      const Tensor& c = s.constant(i, "an operand");
      require_real(c, "a constant operand");
      require_finite(c.lower, "a constant operand");
      require_finite(c.upper, "a constant operand");
      constants.push_back(&c);
    }
  }
  for (const Tensor* c : constants) check_shape(c->shape);
  if (operands.size() > 1) {
    Members members = stack(s, operands, shape);
    extremes(s, std::move(members), largest, shape);
  }
  if (!constants.empty()) {
    const Limits limits = limits_of(s, constants, largest);
    limit(s, limits, largest);
  }
}

void top_k(const Step& s) {
  require_data_first(s);
  const Shape x = s.graph.shape();
  const std::size_t axis = axis_of(s.node.integer("axis", -1), x.size());
  const bool largest = s.node.integer("largest", 1) != 0;
  const Index count = checked_count(s, x[axis]);
  std::vector<bool> axes(x.size(), false);
  axes[axis] = true;
  Shape shape;
  if (count == 1) {
    Members members = members_over(s, axes, shape);
    extremes(s, std::move(members), largest, std::move(shape));
    return;
  }
  // as many numbers as the passes make, before any of them is made
  Index levels = 0;
  while ((Index{1} << levels) < x[axis]) ++levels;
  for (Index pass = 0; pass < levels * (levels + 1) / 2; ++pass) s.budget.take(8 * s.graph.size());
  Members groups = members_over(s, axes, shape);
  sort(s, groups, count, largest);
  shape[axis] = count;
  const Index inner =
      element_count({x.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.end()}, "its input");
  std::vector<Index> source;
  for (Index i = 0; i < element_count(shape, "its result"); ++i) {
    const Index group = i / (inner * count) * inner + i % inner;
    source.push_back(groups[static_cast<std::size_t>(group)][static_cast<std::size_t>(i / inner % count)]);
  }
  s.graph.relabel(s.node.label(), source);
  s.graph.set_shape(std::move(shape));
}

}  // namespace geolip::checker::onnx
