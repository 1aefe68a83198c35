#include "verify/chain.hpp"
#include "verify/inequality.hpp"
#include "verify/prove.hpp"
#include "verify/refusal.hpp"

#include <gmpxx.h>
#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

// By the definitions alone, and with nothing of the other checker's arithmetic: every w is written out in the
// variables, M is one matrix, and Gaussian elimination in rational numbers decides.

namespace geolip::verify {

namespace {

using Rational = mpq_class;
using Row = std::vector<Rational>;
using Matrix = std::vector<Row>;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Numbers would fill the memory beyond these, and GMP ends the program when it does.
constexpr Index most_variables = 400;
constexpr std::int64_t largest_exponent = 20000;

Rational rational(const Real& x) {
  Rational result = x.significand;
  if (x.exponent > largest_exponent || x.exponent < -largest_exponent)
    throw Refusal("a multiplier's exponent is too large for exact arithmetic");
  if (x.exponent >= 0) {
    result <<= static_cast<mp_bitcnt_t>(x.exponent);
  } else {
    result >>= static_cast<mp_bitcnt_t>(-x.exponent);
  }
  return result;
}

Rational exact_scale(const std::string& name, const Scale& scale, std::size_t i) {
  if (i < scale.numerator.size() && i < scale.denominator.size() && scale.denominator[i] != 0.0) {
    Rational s = Rational(scale.numerator[i]) / Rational(scale.denominator[i]);
    if (s < Rational(scale.lower[i]) || s > Rational(scale.upper[i]))
      throw Refusal(name + ": a scale lies outside its own enclosure");
    return s;
  }
  if (scale.lower[i] != scale.upper[i]) throw Refusal(name + ": a scale is not rational");
  return scale.lower[i];
}

/// A stage as a matrix, or `rows` of objective times it.
Matrix stage_matrix(const Stage& stage, const std::vector<std::vector<double>>* rows) {
  Matrix result;
  if (rows != nullptr) {
    for (const auto& row : *rows) result.emplace_back(row.begin(), row.end());
  } else {
    for (std::size_t i = 0; i < at(stage.outputs); ++i) {
      result.emplace_back(at(stage.outputs));
      result.back()[i] = 1;
    }
  }
  for (auto layer = stage.maps.rbegin(); layer != stage.maps.rend(); ++layer) {
    const auto& op = (*layer)->op;
    for (Row& row : result) {
      Row next;
      if (const auto* dense = std::get_if<Dense>(&op)) {
        next.resize(at(dense->cols));
        for (std::size_t k = 0; k < row.size(); ++k) {
          if (row[k] == 0) continue;
          for (std::size_t j = 0; j < next.size(); ++j)
            next[j] += row[k] * Rational(dense->weight[k * next.size() + j]);
        }
      } else if (const auto* scale = std::get_if<Scale>(&op)) {
        next = row;
        for (std::size_t i = 0; i < row.size(); ++i) next[i] *= exact_scale((*layer)->name, *scale, i);
      } else {
        const auto& source = std::get<Permutation>(op).source;
        next.resize(row.size());
        for (std::size_t i = 0; i < row.size(); ++i) next[at(source[i])] = row[i];
      }
      row = std::move(next);
    }
  }
  return result;
}

/// The form, and what the bound takes.
struct Exact {
  Matrix form;              ///< variables in the order t, v_L, ..., v_1, x
  std::size_t inputs = 0;   ///< how many of the last variables are inputs
  std::vector<Real> gamma;  ///< of these inputs; l_2: one
};

std::vector<std::vector<bool>> find_alive(const Chain& chain, const Claim& claim,
                                          const std::vector<Matrix>& stages) {
  const auto layers = at(chain.depth());
  std::vector<std::vector<bool>> alive(layers + 1);
  alive[0].assign(at(chain.inputs), false);
  for (const Index j : claimed_inputs(chain, claim)) alive[0][at(j)] = true;
  for (std::size_t k = 1; k <= layers; ++k) {
    for (std::size_t i = 0; i < stages[k - 1].size(); ++i) {
      bool fed = false;
      for (std::size_t j = 0; j < alive[k - 1].size(); ++j)
        fed = fed || (alive[k - 1][j] && stages[k - 1][i][j] != 0);
      alive[k].push_back(fed && (chain.slopes[k - 1].lower[i] != 0.0 || chain.slopes[k - 1].upper[i] != 0.0));
    }
  }
  for (std::size_t k = layers + 1; k-- > 0;) {
    for (std::size_t j = 0; j < alive[k].size(); ++j) {
      bool leads = false;
      for (std::size_t i = 0; i < stages[k].size(); ++i)
        leads = leads || ((k == layers || alive[k + 1][i]) && stages[k][i][j] != 0);
      alive[k][j] = alive[k][j] && leads;
    }
  }
  return alive;
}

/// Nothing alive: an empty form, which proves that the FGL is 0.
Exact make_exact(const Chain& chain, const Proof& proof) {
  const Claim& claim = proof.claim;
  const auto layers = at(chain.depth());
  Index most = chain.inputs + static_cast<Index>(claim.rows.size());
  for (Index k = 1; k <= chain.depth(); ++k) most += chain.width(k);
  if (most > most_variables) {
    throw Refusal("the network has " + std::to_string(most) +
                  " inputs, neurons and objective rows, too many for exact arithmetic");
  }
  std::vector<Matrix> stages;
  for (std::size_t k = 0; k <= layers; ++k)
    stages.push_back(stage_matrix(chain.stages[k], k == layers ? &claim.rows : nullptr));
  const std::vector<std::vector<bool>> alive = find_alive(chain, claim, stages);

  const auto is_free = [&](std::size_t k, std::size_t i) {
    return alive[k][i] && (k == 0 || chain.slopes[k - 1].lower[i] != chain.slopes[k - 1].upper[i]);
  };
  Exact result;
  std::size_t count = claim.rows.size();
  std::vector<std::vector<std::size_t>> variable(layers + 1);
  for (std::size_t k = layers + 1; k-- > 0;) {
    for (std::size_t i = 0; i < alive[k].size(); ++i) {
      variable[k].push_back(count);
      if (!is_free(k, i)) continue;
      ++count;
      if (k == 0) ++result.inputs;
    }
  }
  if (result.inputs == 0) return result;
  check_counts(chain, claim, proof.multipliers);

  Matrix& form = result.form;
  form.assign(count, Row(count));
  check_positive(proof.multipliers.zeta, "zeta", 0, -1);
  for (std::size_t r = 0; r < claim.rows.size(); ++r) form[r][r] = rational(proof.multipliers.zeta);
  if (claim.norm == Norm::l2) result.gamma = proof.multipliers.gamma;
  const std::vector<Index> inputs = claimed_inputs(chain, claim);
  for (std::size_t g = 0; g < inputs.size(); ++g) {
    const std::size_t j = at(inputs[g]);
    if (!alive[0][j]) continue;
    const std::size_t entry = claim.norm == Norm::l2 ? 0 : g;
    check_positive(proof.multipliers.gamma[entry], "gamma", 0, static_cast<Index>(entry));
    form[variable[0][j]][variable[0][j]] = rational(proof.multipliers.gamma[entry]);
    if (claim.norm != Norm::l2) result.gamma.push_back(proof.multipliers.gamma[entry]);
  }

  // every v in the variables
  Matrix v;
  for (std::size_t j = 0; j < alive[0].size(); ++j) {
    v.emplace_back(count);
    if (alive[0][j]) v.back()[variable[0][j]] = 1;
  }
  for (std::size_t k = 1; k <= layers + 1; ++k) {
    Matrix next;
    for (std::size_t i = 0; i < stages[k - 1].size(); ++i) {
      Row w(count);
      for (std::size_t j = 0; j < v.size(); ++j) {
        if (stages[k - 1][i][j] == 0) continue;
        for (std::size_t q = 0; q < count; ++q) {
          if (v[j][q] != 0) w[q] += stages[k - 1][i][j] * v[j][q];
        }
      }
      if (k == layers + 1) {  // - t w
        for (std::size_t q = 0; q < count; ++q) {
          form[i][q] -= w[q] / 2;
          form[q][i] -= w[q] / 2;
        }
        continue;
      }
      const Rational lower = chain.slopes[k - 1].lower[i];
      const Rational upper = chain.slopes[k - 1].upper[i];
      if (is_free(k, i)) {  // lambda (v - lower w)(v - upper w)
        const Real& lambda = proof.multipliers.lambda[k - 1][i];
        check_positive(lambda, "lambda", static_cast<Index>(k), static_cast<Index>(i));
        const Rational factor = rational(lambda);
        Row a(count);
        for (std::size_t q = 0; q < count; ++q) a[q] = -lower * w[q];
        Row b(count);
        for (std::size_t q = 0; q < count; ++q) b[q] = -upper * w[q];
        a[variable[k][i]] += 1;
        b[variable[k][i]] += 1;
        for (std::size_t p = 0; p < count; ++p) {
          for (std::size_t q = 0; q < count; ++q) {
            if ((a[p] != 0 && b[q] != 0) || (b[p] != 0 && a[q] != 0))
              form[p][q] += factor * (a[p] * b[q] + b[p] * a[q]) / 2;
          }
        }
        next.emplace_back(count);
        next.back()[variable[k][i]] = 1;
      } else {
        if (!alive[k][i] || lower != upper) {
          w.assign(count, 0);
        } else {
          for (Rational& x : w) x *= lower;
        }
        next.push_back(std::move(w));
      }
    }
    v = std::move(next);
  }
  return result;
}

/// Whether the form is positive semidefinite; with `apart`, whether it is for each input alone.
bool semidefinite(Matrix a, std::size_t inputs, bool apart) {
  const std::size_t n = a.size();
  const std::size_t shared = apart ? n - inputs : n;
  for (std::size_t k = 0; k < shared; ++k) {
    if (a[k][k] < 0) return false;
    if (a[k][k] == 0) {
      for (std::size_t i = k + 1; i < n; ++i) {
        if (a[i][k] != 0) return false;
      }
      continue;
    }
    for (std::size_t i = k + 1; i < n; ++i) {
      if (a[i][k] == 0) continue;
      const Rational factor = a[i][k] / a[k][k];
      for (std::size_t j = k + 1; j <= i; ++j) {
        if (j < i && j >= shared) continue;
        if (a[j][k] != 0) a[i][j] -= factor * a[j][k];
      }
    }
  }
  for (std::size_t i = shared; i < n; ++i) {
    if (a[i][i] < 0) return false;
  }
  return true;
}

void check(const Network& network, const Proof& proof) {
  check_claim(network, proof.claim);
  const Chain chain = make_chain(network, proof.claim);
  const Exact exact = make_exact(chain, proof);
  if (exact.inputs == 0) return;  // the FGL is 0
  const Claim& claim = proof.claim;
  bool covered = true;
  if (claim.norm == Norm::l1) {
    for (const Real& gamma : exact.gamma)
      covered = covered && bound_covers_sum(claim.bound, proof.multipliers.zeta, {gamma});
  } else {
    covered = bound_covers_sum(claim.bound, proof.multipliers.zeta, exact.gamma);
  }
  if (!covered) throw Refusal("the multipliers give a bound above the claimed one");
  if (!semidefinite(exact.form, exact.inputs, claim.norm == Norm::l1))
    throw Refusal("the form is not positive semidefinite");
}

}  // namespace

Verdict prove_exactly(const Network& network, const Proof& proof) {
  Verdict verdict;
  try {
    check(network, proof);
    verdict.verified = true;
  } catch (const Refusal& refusal) {
    verdict.reason = refusal.what();
  } catch (const std::bad_alloc&) {
    verdict.reason = "there is not enough memory to check the proof";
  } catch (const std::length_error&) {
    verdict.reason = "there is not enough memory to check the proof";
  }
  return verdict;
}

}  // namespace geolip::verify
