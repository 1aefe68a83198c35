#include <checker/prove.hpp>

#include <checker/bytes.hpp>
#include <checker/form.hpp>

#include <gmpxx.h>
#include <unistd.h>
#include <algorithm>
#include <cfenv>
#include <cmath>
#include <new>

namespace geolip::checker {
namespace {

/// n * 2^e with an integer n of at most 53 bits.
struct Scaled {
  mpz_class n;
  std::int64_t e = 0;
};

Scaled scaled(const Real& x) {
  int e = 0;
  const double fraction = std::frexp(x.significand, &e);  // x = fraction 2^e
  return {mpz_class(std::ldexp(fraction, 53)), e - 53 + x.exponent};
}

}  // namespace

/// Terms are subtracted from bound^2 from the largest down. Exponents may lie 2^41 apart, so the numbers are
/// never aligned over a gap that already decides.
bool bound_covers_sum(double bound, const Real& zeta, const std::vector<Real>& gamma) {
  if (gamma.empty()) return true;
  if (bound == 0.0) return false;
  const Scaled factor = scaled(zeta);
  std::vector<Scaled> terms;
  for (const Real& g : gamma) {
    const Scaled s = scaled(g);
    terms.push_back({factor.n * s.n, factor.e + s.e + 2});  // 2^104 <= n < 2^106
  }
  std::sort(terms.begin(), terms.end(), [](const Scaled& a, const Scaled& b) { return a.e > b.e; });

  const Scaled root = scaled({bound, 0});
  mpz_class rest =
      root.n * root.n;  // bound^2 less the terms so far, in units of 2^unit; 2^104 <= rest < 2^106
  std::int64_t unit = 2 * root.e;
  if (terms.front().e > unit + 2) return false;  // 2^104 2^(unit+3) > bound^2
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (rest <= 0) return false;  // there is a term left, and it is above 0
    const auto left = static_cast<double>(terms.size() - i);
    const auto bits = 106 + static_cast<std::int64_t>(std::ceil(std::log2(left))) + 1;
    if (terms[i].e + bits <= unit)
      return true;  // all that is left is below one unit, and rest is at least one
    if (terms[i].e < unit) {
      rest <<= static_cast<mp_bitcnt_t>(unit - terms[i].e);  // fewer than `bits`
      unit = terms[i].e;
    }
    rest -= terms[i].n << static_cast<mp_bitcnt_t>(terms[i].e - unit);
  }
  return rest >= 0;
}

namespace {

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

/// Doubles that the maps between blocks take as matrices: none where a map is one Dense. What is only passed
/// through is counted for the block that needs most.
double map_memory(const ClaimedNetwork& claimed, const Claim& claim) {
  std::vector<double> passed(at(claimed.depth() + 2), 0.0);
  std::vector<Index> layers(passed.size(), 0);
  std::vector<bool> dense(passed.size(), true);
  for_linear_layers(claimed, claim, [&](Index k, double rows, const Layer& layer, double cols) {
    passed[at(k)] += 2.0 * rows * cols;
    ++layers[at(k)];
    dense[at(k)] = dense[at(k)] && std::holds_alternative<Dense>(layer.op);
  });
  double kept = 0.0;
  for (Index k = 1; k <= claimed.depth() + 1; ++k) {
    const bool view = layers[at(k)] == 1 && dense[at(k)] && k <= claimed.depth();
    if (view) passed[at(k)] = 0.0;
    if (view) continue;  // the identity, without any layer, is written out as a matrix
    const Index rows = k > claimed.depth() ? static_cast<Index>(claim.rows.size()) : claimed.width(k);
    for (const Index j : sources_of(claimed, k))
      kept += 2.0 * static_cast<double>(rows) * static_cast<double>(claimed.width(j));
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
void check_bound(const Reduced& reduced, const ClaimedNetwork& claimed, const Proof& proof) {
  const Claim& claim = proof.claim;
  const Multipliers& multipliers = proof.multipliers;
  const std::vector<Index> inputs = claimed_inputs(claimed, claim);
  std::vector<Real> gamma;
  if (claim.norm == InputNorm::l2) {
    gamma = multipliers.gamma;
  } else {
    for (const Index j : reduced.free.front()) {
      gamma.push_back(
          multipliers.gamma[at(std::lower_bound(inputs.begin(), inputs.end(), j) - inputs.begin())]);
    }
  }
  bool covered = claim.norm == InputNorm::l1 || bound_covers_sum(claim.bound, multipliers.zeta, gamma);
  for (std::size_t j = 0; claim.norm == InputNorm::l1 && j < gamma.size(); ++j)
    covered = covered && bound_covers_sum(claim.bound, multipliers.zeta, {gamma[j]});
  if (!covered) throw Refusal("the multipliers give a bound above the claimed one");
}

void check(const Network& network, const Proof& proof, int threads) {
  check_arithmetic();
  check_claim(network, proof.claim);
  const ClaimedNetwork claimed = claimed_network(network, proof.claim);
  check_memory(map_memory(claimed, proof.claim));
  const Reduced reduced = reduce(claimed, proof.claim, threads);
  if (!reduced.connected()) return;  // the FGL is 0
  check_counts(claimed, proof.claim, proof.multipliers);
  const Pattern pattern = make_pattern(blocks_of(reduced, claimed, proof.claim));
  // the table of blocks counts too, where thousands of layers hardly have entries
  constexpr double doubles_per_block = 1.5;
  const auto blocks = static_cast<double>(pattern.count());
  check_memory(pattern.entries + doubles_per_block * blocks * blocks + map_memory(claimed, proof.claim));
  Form form = make_form(reduced, claimed, proof, pattern, threads);  // checks the multipliers' signs
  check_bound(reduced, claimed, proof);
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

}  // namespace geolip::checker
