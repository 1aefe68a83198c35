#include <formats/onnx/rounds.hpp>

#include <network/at.hpp>

#include <algorithm>

namespace geolip::formats::onnx_graph {
namespace {

/// The neurons of these pairs: those that are there already, or new ones.
const Comparison& compare(Lowering& state, const Node& node, const Round& round) {
  const Data data = state.current();
  std::vector<Pair> pairs;
  for (const Pair& pair : round.pairs)
    pairs.push_back({data.numbers.at(pair.first), data.numbers.at(pair.second)});
  if (const Comparison* known = state.comparisons().find(pairs)) return *known;
  const auto count = static_cast<Index>(pairs.size());
  Sparse differences;
  differences.inputs = data.size;
  for (const Pair& pair : round.pairs) {
    differences.add(pair.first, 1.0);
    differences.add(pair.second, -1.0);
    differences.end_row();
  }
  state.add_layer(node, std::move(differences), {data.tensor}, {count});
  state.add_activation(node.name(), Activation(ActivationKind::relu));
  return state.comparisons().add({std::move(pairs), state.current().tensor, state.new_numbers(2 * count)});
}

/// What the neurons add to each outcome.
Sparse shares(const Round& round) {
  Sparse rows;
  rows.inputs = static_cast<Index>(round.pairs.size());
  for (const Outcome& outcome : round.outcomes) {
    if (outcome.kind != Outcome::kept) rows.add(outcome.of, outcome.kind == Outcome::larger ? 1.0 : -1.0);
    rows.end_row();
  }
  return rows;
}

/// Whether the outcomes are those of the pairs, in order and all of one kind.
bool is_plain(const Round& round) {
  for (std::size_t i = 0; i < round.outcomes.size(); ++i) {
    const Outcome& outcome = round.outcomes[i];
    if (outcome.kind != round.outcomes.front().kind || outcome.of != static_cast<Index>(i)) return false;
  }
  return round.outcomes.front().kind != Outcome::kept && round.outcomes.size() == round.pairs.size();
}

}  // namespace

void add_round(Lowering& state, const Node& node, const Round& round) {
  const auto count = static_cast<Index>(round.outcomes.size());
  const auto pairs = static_cast<Index>(round.pairs.size());
  state.budget().take(8 * count + 4 * pairs);
  state.settled();
  const Data data = state.current();
  const Comparison& comparison = compare(state, node, round);
  Sparse rest;  // the outcomes less the neurons' shares
  rest.inputs = data.size;
  std::vector<Index> numbers;
  for (const Outcome& outcome : round.outcomes) {
    Index from = outcome.of;
    if (outcome.kind == Outcome::kept) {
      numbers.push_back(data.numbers.at(from));
    } else {
      const auto k = static_cast<std::size_t>(outcome.of);
      const Pair& pair = round.pairs[k];
      // the neurons may have been made by a node that has the two the other way round
      const bool swapped = comparison.pairs[k].first != data.numbers.at(pair.first);
      from = (outcome.kind == Outcome::larger) != swapped ? pair.second : pair.first;
      numbers.push_back(comparison.results + outcome.of + (outcome.kind == Outcome::larger ? 0 : pairs));
    }
    rest.add(from, 1.0);
    rest.end_row();
  }
  state.add_layer(node, std::move(rest), {data.tensor}, {count});
  const Index others = state.current().tensor;
  Add sum;
  Index neurons = comparison.tensor;
  if (!is_plain(round)) {
    state.add_layer(node, shares(round), {neurons}, {count});
    neurons = state.current().tensor;
  } else if (round.outcomes.front().kind == Outcome::smaller) {
    sum.coefficients = {1.0, -1.0};
  }
  state.add_layer(node, std::move(sum), {others, neurons}, {count});
  state.set_numbers(std::move(numbers));
}

Lists lists_over(Lowering& state, const std::vector<bool>& axes) {
  const Shape& x = state.shape();
  Shape ones = x;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (axes[i]) ones[i] = 1;
  }
  state.budget().take(2 * state.size());
  Lists lists(static_cast<std::size_t>(element_count(ones, "its result")));
  const std::vector<Index> to = broadcast_indices(ones, x);
  for (std::size_t i = 0; i < to.size(); ++i) at(lists, to[i]).push_back(static_cast<Index>(i));
  return lists;
}

void add_extremes(Lowering& state, const Node& node, Lists lists, Extreme extreme, Shape result) {
  const auto several = [](const std::vector<Index>& list) { return list.size() > 1; };
  const Outcome::Kind kind = extreme == Extreme::larger ? Outcome::larger : Outcome::smaller;
  while (std::any_of(lists.begin(), lists.end(), several)) {
    Round round;
    for (auto& list : lists) {
      std::vector<Index> left;
      for (std::size_t i = 0; i < list.size(); i += 2) {
        left.push_back(static_cast<Index>(round.outcomes.size()));
        if (i + 1 == list.size()) {
          round.outcomes.push_back({Outcome::kept, list[i]});
          continue;
        }
        round.outcomes.push_back({kind, static_cast<Index>(round.pairs.size())});
        round.pairs.push_back({list[i], list[i + 1]});
      }
      list = std::move(left);
    }
    add_round(state, node, round);
  }
  std::vector<Index> chosen;
  for (const auto& list : lists) chosen.push_back(list.front());
  state.select(node, chosen, std::move(result));
}

}  // namespace geolip::formats::onnx_graph
