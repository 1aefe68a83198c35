#include <solve/proving_cost.hpp>

#include <checker/bytes.hpp>
#include <checker/claimed_network.hpp>
#include <checker/form.hpp>

namespace geolip::solve {
namespace {

using namespace checker;

}  // namespace

/// As if every neuron were alive.
double proving_cost(const checker::Network& network, const checker::Proof& proof) {
  ClaimedNetwork claimed;
  try {
    check_claim(network, proof.claim);
    claimed = claimed_network(network, proof.claim);
  } catch (const Refusal&) {
    return 0.0;  // prove() will not get further either
  }
  Blocks blocks;
  const Index top = claimed.depth() + 1;
  std::vector<double> folded(at(top + 1), 0.0);
  double flops = 0.0;
  for (Index b = 0; b <= top; ++b) {
    Index free = b == 0 ? static_cast<Index>(claimed_inputs(claimed, proof.claim).size()) : 0;
    if (b == top) free = static_cast<Index>(proof.claim.rows.size());
    bool curved = false;
    if (b > 0 && b < top) {
      const SlopeIntervals& slopes = claimed.slopes[at(b - 1)];
      for (std::size_t i = 0; i < slopes.lower.size(); ++i) {
        const bool point = slopes.lower[i] == slopes.upper[i];
        free += point ? 0 : 1;
        if (point && slopes.lower[i] != 0.0) folded[at(b)] += 1.0;
        curved = curved || (!point && slopes.lower[i] != 0.0 && slopes.upper[i] != 0.0);
      }
    }
    blocks.size.push_back(free);
    blocks.curved.push_back(curved);
    blocks.linked.emplace_back(at(b), false);
    const std::vector<Index> direct = b > 0 ? sources_of(claimed, b) : std::vector<Index>();
    for (const Index j : direct) {
      if (blocks.size[at(j)] > 0) blocks.linked[at(b)][at(j)] = true;
      for (Index through = 0; through < j && folded[at(j)] > 0.0; ++through) {
        if (!blocks.linked[at(j)][at(through)]) continue;
        blocks.linked[at(b)][at(through)] = true;  // T_kj through the folded neurons, and its error
        flops +=
            6.0 * static_cast<double>(free) * folded[at(j)] * static_cast<double>(blocks.size[at(through)]);
      }
    }
    for (Index j = 0; j < b && curved; ++j) {
      for (Index other = 0; blocks.linked[at(b)][at(j)] && other <= j; ++other) {
        if (blocks.linked[at(b)][at(other)]) {
          flops += (other == j ? 1.0 : 2.0) * static_cast<double>(free) *
                   static_cast<double>(blocks.size[at(j)]) * static_cast<double>(blocks.size[at(other)]);
        }
      }
    }
  }
  blocks.inputs_apart = proof.claim.norm == InputNorm::l1;
  // products of several layers; the first one met is taken as it is
  std::vector<bool> met(at(claimed.depth() + 2), false);
  met.back() = true;  // the objective's rows
  for_linear_layers(claimed, proof.claim, [&](Index k, double rows, const Layer& layer, double) {
    double entries = 0.0;
    if (const auto* dense = std::get_if<Dense>(&layer.op))
      entries = static_cast<double>(dense->weight.size());
    if (const auto* sparse = std::get_if<Sparse>(&layer.op))
      entries = static_cast<double>(sparse->value.size());
    if (entries == 0.0) return;
    if (met[at(k)]) flops += 4.0 * rows * entries;
    met[at(k)] = true;
  });
  return flops + make_pattern(blocks).flops;
}

}  // namespace geolip::solve
