#include <checker/bytes.hpp>
#include <checker/claimed_network.hpp>
#include <checker/exact/prove_exactly.hpp>
#include <checker/prove.hpp>

#include <gmpxx.h>
#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

// By the definitions alone, and with nothing of the other checker's arithmetic: every w is written out in the
// variables, M is one matrix, and Gaussian elimination in rational numbers decides.

namespace geolip::checker {
namespace {

using Rational = mpq_class;
using Row = std::vector<Rational>;
using Matrix = std::vector<Row>;

/// Numbers would fill the memory beyond these, and GMP ends the program when it does.
constexpr Index most_variables = 400;
constexpr Index most_elements = 10000;  // of a tensor between them
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

void add_to(Matrix& there, const Matrix& more) {
  if (there.empty()) {
    there = more;
    return;
  }
  for (std::size_t i = 0; i < there.size(); ++i) {
    for (std::size_t j = 0; j < there[i].size(); ++j) there[i][j] += more[i][j];
  }
}

/// result += row * layer, for each tensor that the layer reads.
void pull_back(const Layer& layer, const Row& row, const std::vector<Row*>& result) {
  Row& first = *result.front();
  if (const auto* dense = std::get_if<Dense>(&layer.op)) {
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (row[k] == 0) continue;
      for (std::size_t j = 0; j < first.size(); ++j)
        first[j] += row[k] * Rational(dense->weight[k * first.size() + j]);
    }
  } else if (const auto* sparse = std::get_if<Sparse>(&layer.op)) {
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (row[k] == 0) continue;
      for (Index q = sparse->offset[k]; q < sparse->offset[k + 1]; ++q)
        first[at(sparse->column[at(q)])] += row[k] * Rational(sparse->value[at(q)]);
    }
  } else if (const auto* scale = std::get_if<Scale>(&layer.op)) {
    for (std::size_t i = 0; i < row.size(); ++i) first[i] += row[i] * Rational(scale->value[i]);
  } else if (const auto* permutation = std::get_if<Permutation>(&layer.op)) {
    for (std::size_t i = 0; i < row.size(); ++i) first[at(permutation->source[i])] += row[i];
  } else if (const auto* sum = std::get_if<Sum>(&layer.op)) {
    for (std::size_t k = 0; k < result.size(); ++k) {
      for (std::size_t i = 0; i < row.size(); ++i) (*result[k])[i] += Rational(sum->coefficients[k]) * row[i];
    }
  } else if (std::holds_alternative<Concat>(layer.op)) {
    std::size_t start = 0;
    for (Row* part : result) {
      for (std::size_t i = 0; i < part->size(); ++i) (*part)[i] += row[start + i];
      start += part->size();
    }
  } else {
    throw Refusal(layer.name + ": it is no linear layer");
  }
}

/// By block j < k the matrix from block j to what feeds block k, or `rows` of objective times it; empty where
/// no linear layers lead there.
std::vector<Matrix> maps_to(const ClaimedNetwork& claimed, std::size_t k,
                            const std::vector<std::vector<double>>* rows) {
  const Index feed = claimed.feed[k - 1];
  std::vector<Matrix> tensors(claimed.size.size());
  Matrix& start = tensors[at(feed)];
  if (rows != nullptr) {
    for (const auto& row : *rows) start.emplace_back(row.begin(), row.end());
  } else {
    for (std::size_t i = 0; i < at(claimed.size[at(feed)]); ++i) {
      start.emplace_back(at(claimed.size[at(feed)]));
      start.back()[i] = 1;
    }
  }
  std::vector<Matrix> result(k);
  for (Index t = feed; t >= 0; --t) {
    const Matrix map = std::move(tensors[at(t)]);
    if (map.empty()) continue;
    if (claimed.block[at(t)] >= 0) {
      result[at(claimed.block[at(t)])] = map;
      continue;
    }
    const std::vector<Index> reads = reads_of(*claimed.network, at(t - 1));
    std::vector<Matrix> parts;
    for (const Index from : reads) parts.emplace_back(map.size(), Row(at(claimed.size[at(from)])));
    for (std::size_t i = 0; i < map.size(); ++i) {
      std::vector<Row*> to;
      for (Matrix& part : parts) to.push_back(&part[i]);
      pull_back(claimed.network->layers[at(t - 1)], map[i], to);
    }
    for (std::size_t p = 0; p < reads.size(); ++p) add_to(tensors[at(reads[p])], parts[p]);
  }
  return result;
}

/// The form, and what the bound takes.
struct Exact {
  Matrix form;              ///< variables in the order t, v_L, ..., v_1, x
  std::size_t inputs = 0;   ///< how many of the last variables are inputs
  std::vector<Real> gamma;  ///< of these inputs; l_2: one
};

std::vector<std::vector<bool>> find_alive(const ClaimedNetwork& claimed, const Claim& claim,
                                          const std::vector<std::vector<Matrix>>& maps) {
  const auto layers = at(claimed.depth());
  std::vector<std::vector<bool>> alive(layers + 1);
  alive[0].assign(at(claimed.inputs), false);
  for (const Index j : claimed_inputs(claimed, claim)) alive[0][at(j)] = true;
  for (std::size_t k = 1; k <= layers; ++k) {
    for (std::size_t i = 0; i < at(claimed.width(static_cast<Index>(k))); ++i) {
      bool fed = false;
      for (std::size_t from = 0; from < k; ++from) {
        if (maps[k - 1][from].empty()) continue;
        for (std::size_t j = 0; j < alive[from].size(); ++j)
          fed = fed || (alive[from][j] && maps[k - 1][from][i][j] != 0);
      }
      alive[k].push_back(fed &&
                         (claimed.slopes[k - 1].lower[i] != 0.0 || claimed.slopes[k - 1].upper[i] != 0.0));
    }
  }
  for (std::size_t from = layers + 1; from-- > 0;) {
    for (std::size_t j = 0; j < alive[from].size(); ++j) {
      bool leads = false;
      for (std::size_t k = from + 1; k <= layers + 1; ++k) {
        const Matrix& map = maps[k - 1][from];
        for (std::size_t i = 0; i < map.size(); ++i)
          leads = leads || ((k > layers || alive[k][i]) && map[i][j] != 0);
      }
      alive[from][j] = alive[from][j] && leads;
    }
  }
  return alive;
}

/// Refuses what would take too long in rational numbers.
void check_size(const ClaimedNetwork& claimed, const Claim& claim) {
  Index most = claimed.inputs + static_cast<Index>(claim.rows.size());
  for (Index k = 1; k <= claimed.depth(); ++k) most += claimed.width(k);
  if (most > most_variables) {
    throw Refusal("the network has " + std::to_string(most) +
                  " inputs, neurons and objective rows, too many for exact arithmetic");
  }
  Index widest = 0;
  for (const Index size : claimed.size) widest = std::max(widest, size);
  if (widest > most_elements) {
    throw Refusal("a tensor of the network has " + std::to_string(widest) +
                  " elements, too many for exact arithmetic");
  }
}

/// The form's variables: t for every row of the objective, free neurons from the last layer down, inputs.
struct Variables {
  std::vector<std::vector<std::size_t>> number;  ///< of every block's coordinates, as far as they are free
  std::vector<std::vector<bool>> alive;
  std::vector<std::vector<bool>> free;
  std::size_t count = 0;
  std::size_t inputs = 0;
};

Variables number_variables(const ClaimedNetwork& claimed, const Claim& claim,
                           std::vector<std::vector<bool>> alive) {
  Variables result;
  result.number.resize(alive.size());
  result.free = alive;
  result.count = claim.rows.size();
  for (std::size_t k = alive.size(); k-- > 0;) {
    for (std::size_t i = 0; i < alive[k].size(); ++i) {
      if (k > 0 && claimed.slopes[k - 1].lower[i] == claimed.slopes[k - 1].upper[i])
        result.free[k][i] = false;
      result.number[k].push_back(result.count);
      if (!result.free[k][i]) continue;
      ++result.count;
      if (k == 0) ++result.inputs;
    }
  }
  result.alive = std::move(alive);
  return result;
}

/// zeta |t|^2 + sum gamma x^2
void add_diagonal(const ClaimedNetwork& claimed, const Proof& proof, const Variables& variables,
                  Exact& result) {
  const Claim& claim = proof.claim;
  const Multipliers& multipliers = proof.multipliers;
  check_positive(multipliers.zeta, "zeta", 0, -1);
  for (std::size_t r = 0; r < claim.rows.size(); ++r) result.form[r][r] = rational(multipliers.zeta);
  if (claim.norm == InputNorm::l2) result.gamma = multipliers.gamma;
  const std::vector<Index> inputs = claimed_inputs(claimed, claim);
  for (std::size_t g = 0; g < inputs.size(); ++g) {
    const std::size_t j = at(inputs[g]);
    if (!variables.alive[0][j]) continue;
    const std::size_t entry = claim.norm == InputNorm::l2 ? 0 : g;
    check_positive(multipliers.gamma[entry], "gamma", 0, static_cast<Index>(entry));
    const std::size_t x = variables.number[0][j];
    result.form[x][x] = rational(multipliers.gamma[entry]);
    if (claim.norm != InputNorm::l2) result.gamma.push_back(multipliers.gamma[entry]);
  }
}

/// Coordinate i of w, the sum over all earlier blocks v of what linear layers make of them, in the variables.
Row weighted(const std::vector<Matrix>& maps, const std::vector<Matrix>& v, std::size_t i,
             std::size_t count) {
  Row w(count);
  for (std::size_t from = 0; from < maps.size(); ++from) {
    if (maps[from].empty()) continue;
    for (std::size_t j = 0; j < v[from].size(); ++j) {
      const Rational& weight = maps[from][i][j];
      if (weight == 0) continue;
      for (std::size_t q = 0; q < count; ++q) {
        if (v[from][j][q] != 0) w[q] += weight * v[from][j][q];
      }
    }
  }
  return w;
}

/// form += lambda (v - lower w)(v - upper w), v a variable
void add_square(const Rational& lambda, std::size_t v, const Rational& lower, const Rational& upper,
                const Row& w, Matrix& form) {
  const std::size_t count = w.size();
  Row a(count);
  Row b(count);
  for (std::size_t q = 0; q < count; ++q) {
    a[q] = -lower * w[q];
    b[q] = -upper * w[q];
  }
  a[v] += 1;
  b[v] += 1;
  for (std::size_t p = 0; p < count; ++p) {
    for (std::size_t q = 0; q < count; ++q) {
      if ((a[p] != 0 && b[q] != 0) || (b[p] != 0 && a[q] != 0))
        form[p][q] += lambda * (a[p] * b[q] + b[p] * a[q]) / 2;
    }
  }
}

/// v of neuron i of layer k, in the variables: one of them, or what a folded neuron makes of w.
Row neuron(const ClaimedNetwork& claimed, const Proof& proof, const Variables& variables, std::size_t k,
           std::size_t i, Row w, Matrix& form) {
  const Rational lower = claimed.slopes[k - 1].lower[i];
  const Rational upper = claimed.slopes[k - 1].upper[i];
  if (variables.free[k][i]) {
    const Real& lambda = proof.multipliers.lambda[k - 1][i];
    check_positive(lambda, "lambda", static_cast<Index>(k), static_cast<Index>(i));
    add_square(rational(lambda), variables.number[k][i], lower, upper, w, form);
    w.assign(w.size(), 0);
    w[variables.number[k][i]] = 1;
  } else if (variables.alive[k][i]) {
    for (Rational& x : w) x *= lower;
  } else {
    w.assign(w.size(), 0);
  }
  return w;
}

/// Nothing alive: an empty form, which proves that the FGL is 0.
Exact make_exact(const ClaimedNetwork& claimed, const Proof& proof) {
  const Claim& claim = proof.claim;
  check_size(claimed, claim);
  const auto layers = at(claimed.depth());
  std::vector<std::vector<Matrix>> maps;
  for (std::size_t k = 1; k <= layers + 1; ++k)
    maps.push_back(maps_to(claimed, k, k > layers ? &claim.rows : nullptr));
  const Variables variables = number_variables(claimed, claim, find_alive(claimed, claim, maps));
  Exact result;
  result.inputs = variables.inputs;
  if (result.inputs == 0) return result;
  check_counts(claimed, claim, proof.multipliers);
  result.form.assign(variables.count, Row(variables.count));
  add_diagonal(claimed, proof, variables, result);

  // every v in the variables, block by block
  std::vector<Matrix> v(layers + 1);
  for (std::size_t j = 0; j < variables.alive[0].size(); ++j) {
    v[0].emplace_back(variables.count);
    if (variables.alive[0][j]) v[0].back()[variables.number[0][j]] = 1;
  }
  for (std::size_t k = 1; k <= layers; ++k) {
    for (std::size_t i = 0; i < variables.alive[k].size(); ++i) {
      Row w = weighted(maps[k - 1], v, i, variables.count);
      v[k].push_back(neuron(claimed, proof, variables, k, i, std::move(w), result.form));
    }
  }
  for (std::size_t r = 0; r < claim.rows.size(); ++r) {  // - t w
    const Row w = weighted(maps[layers], v, r, variables.count);
    for (std::size_t q = 0; q < variables.count; ++q) {
      result.form[r][q] -= w[q] / 2;
      result.form[q][r] -= w[q] / 2;
    }
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
  const ClaimedNetwork claimed = claimed_network(network, proof.claim);
  const Exact exact = make_exact(claimed, proof);
  if (exact.inputs == 0) return;  // the FGL is 0
  const Claim& claim = proof.claim;
  bool covered = true;
  if (claim.norm == InputNorm::l1) {
    for (const Real& gamma : exact.gamma)
      covered = covered && bound_covers_sum(claim.bound, proof.multipliers.zeta, {gamma});
  } else {
    covered = bound_covers_sum(claim.bound, proof.multipliers.zeta, exact.gamma);
  }
  if (!covered) throw Refusal("the multipliers give a bound above the claimed one");
  if (!semidefinite(exact.form, exact.inputs, claim.norm == InputNorm::l1))
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

}  // namespace geolip::checker
