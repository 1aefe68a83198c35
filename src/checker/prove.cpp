#include "checker/prove.hpp"

#include "checker/chain.hpp"
#include "checker/cholesky.hpp"
#include "checker/form.hpp"
#include "checker/inequality.hpp"
#include "checker/pattern.hpp"
#include "checker/reduced.hpp"
#include "checker/refusal.hpp"

#include <unistd.h>
#include <algorithm>
#include <cfenv>
#include <cmath>
#include <new>
#include <stdexcept>

namespace geolip::checker {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Throws Refusal unless arithmetic rounds to nearest and keeps subnormal numbers, as all error bounds
/// assume.
void check_arithmetic() {
  const volatile double least_normal = 0x1p-1022;
  const volatile double subnormal = least_normal * 0.5;
  const volatile double doubled = subnormal * 2.0;
  if (std::fegetround() != FE_TONEAREST || doubled != 0x1p-1022)
    throw Refusal("this thread's floating-point arithmetic is not that of IEEE 754 with rounding to nearest");
}

/// Throws Refusal if so many doubles are more than this machine can hold.
void check_memory(double doubles) {
  const double memory =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  const double bytes = 8.0 * doubles;
  if (memory > 0.0 && bytes > 0.9 * memory) {
    throw Refusal("checking takes about " + std::to_string(static_cast<long long>(bytes / 1e9) + 1) +
                  " GB of memory, more than this machine has");
  }
}

/// Linear layers between blocks, one block after the other: calls visit(k, rows of block k, layer, its
/// input's size).
template <class Visit>
void for_linear_layers(const Chain& chain, const Claim& claim, const Visit& visit) {
  for (Index k = 1; k <= chain.depth() + 1; ++k) {
    const Index rows = k > chain.depth() ? static_cast<Index>(claim.rows.size()) : chain.width(k);
    const Index feed = chain.feed[at(k - 1)];
    std::vector<bool> wanted(at(feed + 1), false);
    wanted[at(feed)] = true;
    for (Index t = feed; t > 0; --t) {
      if (!wanted[at(t)] || chain.block[at(t)] >= 0) continue;
      for (const Index from : reads_of(*chain.network, at(t - 1))) {
        wanted[at(from)] = true;
        visit(k, static_cast<double>(rows), chain.network->layers[at(t - 1)],
              static_cast<double>(chain.size[at(from)]));
      }
    }
  }
}

/// Doubles that the maps between blocks take as matrices: none where a map is one Dense. What is only passed
/// through is counted for the block that needs most.
double map_memory(const Chain& chain, const Claim& claim) {
  std::vector<double> passed(at(chain.depth() + 2), 0.0);
  std::vector<Index> layers(passed.size(), 0);
  std::vector<bool> dense(passed.size(), true);
  for_linear_layers(chain, claim, [&](Index k, double rows, const Layer& layer, double cols) {
    passed[at(k)] += 2.0 * rows * cols;
    ++layers[at(k)];
    dense[at(k)] = dense[at(k)] && std::holds_alternative<Dense>(layer.op);
  });
  double kept = 0.0;
  for (Index k = 1; k <= chain.depth() + 1; ++k) {
    const bool view = layers[at(k)] == 1 && dense[at(k)] && k <= chain.depth();
    if (view) passed[at(k)] = 0.0;
    if (view) continue;  // the identity, without any layer, is written out as a matrix
    const Index rows = k > chain.depth() ? static_cast<Index>(claim.rows.size()) : chain.width(k);
    for (const Index j : sources_of(chain, k))
      kept += 2.0 * static_cast<double>(rows) * static_cast<double>(chain.width(j));
  }
  return kept + *std::max_element(passed.begin(), passed.end());
}

std::string place(const Pattern& pattern, Index position) {
  const Index block = pattern.block[at(position)];
  if (block == 0) return "at the inputs";
  if (block + 1 == pattern.count()) return "at the objective";
  return "at layer " + std::to_string(block);
}

/// Throws Refusal unless the claim's bound follows from the multipliers, once M >= 0: (M23).
void check_bound(const Reduced& reduced, const Chain& chain, const Proof& proof) {
  const Claim& claim = proof.claim;
  const Multipliers& multipliers = proof.multipliers;
  const std::vector<Index> inputs = claimed_inputs(chain, claim);
  std::vector<Real> gamma;
  if (claim.norm == Norm::l2) {
    gamma = multipliers.gamma;
  } else {
    for (const Index j : reduced.free.front()) {
      gamma.push_back(
          multipliers.gamma[at(std::lower_bound(inputs.begin(), inputs.end(), j) - inputs.begin())]);
    }
  }
  bool covered = true;
  if (claim.norm == Norm::l1) {
    for (const Real& g : gamma) covered = covered && bound_covers_sum(claim.bound, multipliers.zeta, {g});
  } else {
    covered = bound_covers_sum(claim.bound, multipliers.zeta, gamma);
  }
  if (!covered) throw Refusal("the multipliers give a bound above the claimed one");
}

void check(const Network& network, const Proof& proof, int threads) {
  check_arithmetic();
  check_claim(network, proof.claim);
  const Chain chain = make_chain(network, proof.claim);
  check_memory(map_memory(chain, proof.claim));
  const Reduced reduced = reduce(chain, proof.claim, threads);
  if (!reduced.connected()) return;  // the FGL is 0
  check_counts(chain, proof.claim, proof.multipliers);
  const Pattern pattern = make_pattern(blocks_of(reduced, chain, proof.claim));
  // the table of blocks counts too, where thousands of layers hardly have entries
  constexpr double doubles_per_block = 1.5;
  const auto blocks = static_cast<double>(pattern.count());
  check_memory(pattern.entries + doubles_per_block * blocks * blocks + map_memory(chain, proof.claim));
  Form form = make_form(reduced, chain, proof, pattern, threads);  // checks the multipliers' signs
  check_bound(reduced, chain, proof);
  // From a half on there is no telling the form from its rounding errors.
  const double slack = form.slack < 0.5 ? form.slack : 0.0;
  if (const std::optional<Index> position = breakdown(pattern, form.matrix, threads)) {
    throw Refusal("the form is not positive definite " + place(pattern, *position) +
                      (slack > 0.0 ? "" : ", or its rounding errors are too large to tell"),
                  slack);
  }
}

}  // namespace

Verdict prove(const Network& network, const Proof& proof, int threads) {
  Verdict verdict;
  try {
    check(network, proof, threads);
    verdict.verified = true;
  } catch (const Refusal& refusal) {
    verdict.reason = refusal.what();
    verdict.slack = refusal.slack;
  } catch (const std::bad_alloc&) {
    verdict.reason = "there is not enough memory to check the proof";
  } catch (const std::length_error&) {
    verdict.reason = "there is not enough memory to check the proof";
  }
  return verdict;
}

/// As if every neuron were alive.
double proving_cost(const Network& network, const Proof& proof) {
  Chain chain;
  try {
    check_claim(network, proof.claim);
    chain = make_chain(network, proof.claim);
  } catch (const Refusal&) {
    return 0.0;  // prove() will not get further either
  }
  Blocks blocks;
  const Index top = chain.depth() + 1;
  std::vector<double> folded(at(top + 1), 0.0);
  double flops = 0.0;
  for (Index b = 0; b <= top; ++b) {
    Index free = b == 0 ? static_cast<Index>(claimed_inputs(chain, proof.claim).size()) : 0;
    if (b == top) free = static_cast<Index>(proof.claim.rows.size());
    bool curved = false;
    if (b > 0 && b < top) {
      const SlopeIntervals& slopes = chain.slopes[at(b - 1)];
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
    const std::vector<Index> direct = b > 0 ? sources_of(chain, b) : std::vector<Index>();
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
  blocks.inputs_apart = proof.claim.norm == Norm::l1;
  // products of several layers; the first one met is taken as it is
  std::vector<bool> met(at(chain.depth() + 2), false);
  met.back() = true;  // the objective's rows
  for_linear_layers(chain, proof.claim, [&](Index k, double rows, const Layer& layer, double) {
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

}  // namespace geolip::checker
