#include "checker/files/onnx/maxima.hpp"

#include "checker/files/onnx/rows.hpp"

#include <algorithm>

namespace geolip::checker::onnx {

Members members_over(const Step& s, const std::vector<bool>& axes, Shape& shrunk) {
  const Shape& x = s.graph.shape();
  s.budget.take(2 * s.graph.size());
  shrunk = x;
  for (std::size_t i = 0; i < x.size(); ++i) shrunk[i] = axes[i] ? 1 : x[i];
  Members members(static_cast<std::size_t>(element_count(shrunk, "its result")));
  const std::vector<Index> home = broadcast_sources(shrunk, x);
  for (std::size_t i = 0; i < home.size(); ++i)
    members[static_cast<std::size_t>(home[i])].push_back(static_cast<Index>(i));
  return members;
}

Index Round::compare(Index a, Index b) {
  pairs_.push_back({a, b});
  return static_cast<Index>(pairs_.size()) - 1;
}

Index Round::append(Kind kind, Index of) {
  items_.push_back({kind, of});
  return static_cast<Index>(items_.size()) - 1;
}

Index Round::keep(Index element) { return append(Kind::kept, element); }
Index Round::larger(Index pair) { return append(Kind::larger, pair); }
Index Round::smaller(Index pair) { return append(Kind::smaller, pair); }

/// The neurons of the pairs: an earlier node's, or new ones.
Comparison Round::comparison(const Data& data) const {
  Comparison own;
  bool named = true;
  for (const auto& [a, b] : pairs_) {
    own.pairs.push_back({data.labels[a], data.labels[b]});
    named = named && data.labels[a] != Labels::unknown && data.labels[b] != Labels::unknown;
  }
  Graph& graph = step_.graph;
  if (named) {
    if (const Comparison* earlier = graph.comparisons().find(own.pairs, {})) return *earlier;
  }
  Rows difference(data.size);
  for (const auto& [a, b] : pairs_) {
    difference.put(a, 1.0);
    difference.put(b, -1.0);
    difference.close();
  }
  const auto count = static_cast<Index>(pairs_.size());
  const std::string name = step_.node.label();
  graph.take_up(data);
  graph.add_sparse(name, std::move(difference.sparse), {count});
  graph.add_slopes(name, "relu", Enclosure{0.0, 1.0});
  own.neurons = graph.at_hand().tensor;
  own.larger = graph.new_labels(count);
  own.smaller = graph.new_labels(count);
  if (named) graph.comparisons().note(own, {});
  return own;
}

void Round::finish() {
  Graph& graph = step_.graph;
  const std::string name = step_.node.label();
  const auto count = static_cast<Index>(items_.size());
  step_.budget.take(8 * count + 4 * static_cast<Index>(pairs_.size()));
  const Data data = graph.in_order(name, graph.at_hand());
  const Comparison neurons = comparison(data);
  Rows base(data.size);  // an item less what the neurons add
  Rows added(static_cast<Index>(pairs_.size()));
  std::vector<Index> labels;
  for (const auto& [kind, of] : items_) {
    if (kind == Kind::kept) {
      base.put(of, 1.0);
      labels.push_back(data.labels[of]);
    } else {
      // r = relu(a - b), a and b as the node has them that made the neurons
      auto [a, b] = pairs_[static_cast<std::size_t>(of)];
      if (neurons.pairs[static_cast<std::size_t>(of)][0] != data.labels[a]) std::swap(a, b);
      base.put(kind == Kind::larger ? b : a, 1.0);
      added.put(of, kind == Kind::larger ? 1.0 : -1.0);
      labels.push_back((kind == Kind::larger ? neurons.larger : neurons.smaller) + of);
    }
    base.close();
    added.close();
  }
  graph.take_up(data);
  graph.add_sparse(name, std::move(base.sparse), {count});
  const Index bases = graph.at_hand().tensor;
  graph.take_up({neurons.neurons, {added.sparse.cols}, added.sparse.cols, {}, {}, {}});
  graph.add_sparse(name, std::move(added.sparse), {count});
  graph.add_join(name, Sum{{1.0, 1.0}}, {bases, graph.at_hand().tensor}, {count});
  graph.set_labels(Labels::list(std::move(labels)));
}

void extremes(const Step& s, Members members, bool largest, Shape result) {
  const auto open = [](const auto& own) { return own.size() > 1; };
  while (std::any_of(members.begin(), members.end(), open)) {
    Round round(s);
    for (auto& own : members) {
      std::vector<Index> left;
      std::size_t i = 0;
      for (; i + 1 < own.size(); i += 2) {
        const Index pair = round.compare(own[i], own[i + 1]);
        left.push_back(largest ? round.larger(pair) : round.smaller(pair));
      }
      if (i < own.size()) left.push_back(round.keep(own[i]));
      own = std::move(left);
    }
    round.finish();
  }
  std::vector<Index> last;
  for (const auto& own : members) last.push_back(own.front());
  s.graph.select(s.node.label(), last, std::move(result));
}

}  // namespace geolip::checker::onnx
