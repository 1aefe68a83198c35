#include <formats/onnx/sorting_network.hpp>

#include <network/at.hpp>

#include <algorithm>

namespace geolip::formats::onnx_graph {
namespace {

/// The smallest t with 2^t >= wires.
Index levels(Index wires) {
  Index t = 0;
  while ((Index{1} << t) < wires) ++t;
  return t;
}

std::vector<Pair> comparators_at(Index wires, Index distance, Index p, Index r) {
  std::vector<Pair> pass;
  for (Index i = 0; i + distance < wires; ++i) {
    if ((i & p) == r) pass.push_back({i, i + distance});
  }
  return pass;
}

}  // namespace

Index most_sorting_passes(Index wires) {
  const Index t = levels(wires);
  return t * (t + 1) / 2;
}

std::vector<SortingPass> sorting_network(Index wires, Index kept) {
  std::vector<SortingPass> passes;
  const Index half = wires < 2 ? 0 : Index{1} << (levels(wires) - 1);
  for (Index p = half; p > 0; p /= 2) {
    passes.push_back({comparators_at(wires, p, p, 0), {}});
    for (Index q = half; q > p; q /= 2) passes.push_back({comparators_at(wires, q - p, p, p), {}});
  }
  std::vector<bool> wanted(static_cast<std::size_t>(wires), false);
  std::fill_n(wanted.begin(), kept, true);
  for (auto pass = passes.rbegin(); pass != passes.rend(); ++pass) {
    for (Index i = 0; i < wires; ++i) {
      if (at(wanted, i)) pass->wires.push_back(i);
    }
    std::erase_if(pass->comparators,
                  [&](const Pair& c) { return !at(wanted, c.first) && !at(wanted, c.second); });
    for (const Pair& c : pass->comparators) at(wanted, c.first) = at(wanted, c.second) = true;
  }
  std::erase_if(passes, [](const SortingPass& pass) { return pass.comparators.empty(); });
  return passes;
}

}  // namespace geolip::formats::onnx_graph
