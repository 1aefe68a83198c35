#include <checker/form.hpp>

#include <checker/product.hpp>
#include <checker/rounding.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace geolip::checker {
namespace {

/// One free neuron's constraint, lambda (v^2 - (lo + hi) v w + lo hi w^2).
struct Constraint {
  Wide lambda;
  Wide cross;   ///< -lambda (lo + hi) / 2, two roundings
  Wide square;  ///< lambda lo hi, two roundings
};

/// The parts of M of one network and one proof, by blocks of variables.
class Assembly {
 public:
  Assembly(const Reduced& reduced, const ClaimedNetwork& claimed, const Proof& proof, const Pattern& pattern,
           int threads)
      : reduced_(reduced),
        pattern_(pattern),
        objective_rows_(static_cast<Index>(proof.claim.rows.size())),
        threads_(threads) {
    read_multipliers(claimed, proof);
    choose_scaling();
  }

  Form make() {
    allocate();
    for (Index k = 1; k <= top(); ++k) {
      for (Index j = 0; j < k; ++j) add_cross(k, j);
      if (k < top()) add_squares(k);
    }
    return finish();
  }

 private:
  Index top() const { return reduced_.depth + 1; }
  Index size(Index block) const { return reduced_.size(block, objective_rows_); }
  const EnclosedMatrix* map(Index k, Index j) const {
    const auto map = reduced_.maps[at(k)].find(at(j));
    return map == reduced_.maps[at(k)].end() ? nullptr : &map->second;
  }

  void read_multipliers(const ClaimedNetwork& claimed, const Proof& proof);
  void choose_scaling();
  void allocate();
  void add_cross(Index k, Index j);
  void add_squares(Index k);
  void add_product(Index a, Index b, Index terms, const std::vector<double>& minus,
                   const std::vector<double>& plus);
  Form finish();

  const Reduced& reduced_;
  const Pattern& pattern_;
  Index objective_rows_;
  int threads_;
  std::vector<std::vector<Constraint>> constraints_;  // of the free neurons of layer k, at k - 1
  std::vector<std::vector<Wide>> plain_;              // zeta, gamma, lambda: diagonal entries, by block
  std::vector<std::vector<std::int64_t>> scale_;      // variables are multiplied by 2^-scale
  BlockMatrix matrix_;
  std::vector<std::vector<double>> size_of_row_;   // sums of the sizes of all that was added to a row
  std::vector<std::vector<double>> error_of_row_;  // sums of what the maps' own errors may change in a row
  double terms_ = 0.0;                             // of the longest sum that makes an entry
};

void Assembly::read_multipliers(const ClaimedNetwork& claimed, const Proof& proof) {
  const Multipliers& multipliers = proof.multipliers;
  plain_.resize(at(top() + 1));
  check_positive(multipliers.zeta, "zeta", 0, -1);
  plain_[at(top())].assign(at(objective_rows_), wide(multipliers.zeta));

  const std::vector<Index> inputs = claimed_inputs(claimed, proof.claim);
  for (const Index j : reduced_.free[0]) {
    const Index g =
        proof.claim.norm == InputNorm::l2
            ? 0
            : static_cast<Index>(std::lower_bound(inputs.begin(), inputs.end(), j) - inputs.begin());
    check_positive(multipliers.gamma[at(g)], "gamma", 0, g);
    plain_[0].push_back(wide(multipliers.gamma[at(g)]));
  }
  constraints_.resize(at(reduced_.depth));
  for (Index k = 1; k <= reduced_.depth; ++k) {
    const SlopeIntervals& slopes = claimed.slopes[at(k - 1)];
    for (const Index i : reduced_.free[at(k)]) {
      const Real& lambda = multipliers.lambda[at(k - 1)][at(i)];
      check_positive(lambda, "lambda", k, i);
      const Wide lower = wide(slopes.lower[at(i)]);
      const Wide upper = wide(slopes.upper[at(i)]);
      const Wide sum = lower + upper;
      constraints_[at(k - 1)].push_back(
          {wide(lambda), wide(lambda) * Wide{-sum.m, sum.e - 1}, wide(lambda) * (lower * upper)});
      plain_[at(k)].push_back(wide(lambda));
    }
  }
}

/// Powers of two that bring the diagonal of M into [1, 4). An estimate of the diagonal is enough: any scaling
/// is as valid.
void Assembly::choose_scaling() {
  std::vector<std::vector<Wide>> diagonal = plain_;
  for (Index k = 1; k <= reduced_.depth; ++k) {
    for (Index j = 0; j < k; ++j) {
      const EnclosedMatrix* t = map(k, j);
      if (t == nullptr) continue;
      for (std::size_t r = 0; r < constraints_[at(k - 1)].size(); ++r) {
        const auto row = static_cast<Index>(r);
        Wide weight = constraints_[at(k - 1)][r].square;
        if (weight.m == 0.0) continue;
        weight.e += 2 * t->row_exponent(row);
        for (Index i = 0; i < t->cols(); ++i) {
          Wide entry = wide(t->value(row, i));
          entry.e += t->column_exponent(i);
          diagonal[at(j)][at(i)] = diagonal[at(j)][at(i)] + weight * (entry * entry);
        }
      }
    }
  }
  scale_.resize(plain_.size());
  for (std::size_t b = 0; b < plain_.size(); ++b) {
    for (std::size_t i = 0; i < plain_[b].size(); ++i)
      scale_[b].push_back(-half((diagonal[b][i].m > 0.0 ? diagonal[b][i] : plain_[b][i]).e));
  }
}

/// Zeros, and zeta, gamma and lambda on the diagonal.
void Assembly::allocate() {
  matrix_.blocks.resize(at(pattern_.count()));
  for (Index i = 0; i < pattern_.count(); ++i) {
    const auto rows = at(pattern_.size[at(i)]);
    matrix_.blocks[at(i)].resize(at(i + 1));
    for (Index j = 0; j <= i; ++j) {
      if (!pattern_.present[at(i)][at(j)]) continue;
      const bool diagonal = i == j && pattern_.diagonal[at(i)];
      matrix_.blocks[at(i)][at(j)].assign(rows * (diagonal ? 1 : at(pattern_.size[at(j)])), 0.0);
    }
  }
  size_of_row_.resize(plain_.size());
  error_of_row_.resize(plain_.size());
  for (Index b = 0; b <= top(); ++b) {
    const Index position = pattern_.position[at(b)];
    auto& block = matrix_.blocks[at(position)][at(position)];
    const Index step = pattern_.diagonal[at(position)] ? 1 : size(b) + 1;
    error_of_row_[at(b)].assign(at(size(b)), 0.0);
    for (Index i = 0; i < size(b); ++i) {
      const Wide& entry = plain_[at(b)][at(i)];
      const double scaled = times_power(entry.m, entry.e + 2 * scale_[at(b)][at(i)]);
      block[at(i * step)] = scaled;
      size_of_row_[at(b)].push_back(std::abs(scaled));
    }
  }
  terms_ = 16.0;  // what an entry may take besides: its factors' roundings, lambda, one term of each map
}

/// -lambda (lo + hi) / 2 T_kj, or -T_{L+1,j} / 2
void Assembly::add_cross(Index k, Index j) {
  const EnclosedMatrix* t = map(k, j);
  if (t == nullptr) return;
  const Index rows = size(k);
  const Index cols = size(j);
  const bool below = pattern_.position[at(k)] > pattern_.position[at(j)];
  auto& block = below ? matrix_.blocks[at(pattern_.position[at(k)])][at(pattern_.position[at(j)])]
                      : matrix_.blocks[at(pattern_.position[at(j)])][at(pattern_.position[at(k)])];
  const Index row_step = below ? cols : 1;
  const Index col_step = below ? 1 : rows;
  terms_ += 1.0;
  for (Index r = 0; r < rows; ++r) {
    const Wide factor = k == top() ? Wide{-1.0, -1} : constraints_[at(k - 1)][at(r)].cross;
    if (factor.m == 0.0) continue;
    const std::int64_t shift = factor.e + scale_[at(k)][at(r)] + t->row_exponent(r);
    for (Index i = 0; i < cols; ++i) {
      const std::int64_t e = shift + scale_[at(j)][at(i)] + t->column_exponent(i);
      const double x = factor.m * times_power(t->value(r, i), e);
      block[at(r * row_step + i * col_step)] += x;
      size_of_row_[at(k)][at(r)] += std::abs(x);
      size_of_row_[at(j)][at(i)] += std::abs(x);
      if (!t->exact()) {
        const double error = std::abs(factor.m) * times_power(t->error(r, i), e);
        error_of_row_[at(k)][at(r)] += error;
        error_of_row_[at(j)][at(i)] += error;
      }
    }
  }
}

/// sum over layer k of lambda lo hi w w', with w = sum_j T_kj v_j: blocks B_j' Diag(q) B_j' of scaled B. The
/// sizes and errors of their rows are products with vectors: |B|' |q| (|B| 1), and the like with E.
void Assembly::add_squares(Index k) {
  std::vector<Index> rows;
  for (Index r = 0; r < size(k); ++r) {
    if (constraints_[at(k - 1)][at(r)].square.m != 0.0) rows.push_back(r);
  }
  if (rows.empty()) return;
  const auto terms = static_cast<Index>(rows.size());
  terms_ += static_cast<double>(terms);
  std::vector<double> q;
  std::vector<double> sizes(rows.size(), 0.0);   // |B| 1, over all j
  std::vector<double> errors(rows.size(), 0.0);  // E 1
  for (const Index r : rows) {
    const Wide& square = constraints_[at(k - 1)][at(r)].square;
    q.push_back(times_power(square.m, square.e - 2 * half(square.e)));
  }
  std::vector<std::vector<double>> plus(at(k));   // B', by j
  std::vector<std::vector<double>> minus(at(k));  // -B' Diag(q)
  std::vector<std::vector<double>> error(at(k));  // E'
  for (Index j = 0; j < k; ++j) {
    const EnclosedMatrix* t = map(k, j);
    if (t == nullptr) continue;
    const auto n = at(size(j));
    plus[at(j)].resize(n * rows.size());
    minus[at(j)].resize(n * rows.size());
    if (!t->exact()) error[at(j)].resize(n * rows.size());
    for (std::size_t p = 0; p < rows.size(); ++p) {
      const std::int64_t shift =
          half(constraints_[at(k - 1)][at(rows[p])].square.e) + t->row_exponent(rows[p]);
      for (std::size_t i = 0; i < n; ++i) {
        const auto col = static_cast<Index>(i);
        const std::int64_t e = shift + scale_[at(j)][i] + t->column_exponent(col);
        const double b = times_power(t->value(rows[p], col), e);
        plus[at(j)][i * rows.size() + p] = b;
        minus[at(j)][i * rows.size() + p] = -(q[p] * b);
        sizes[p] += std::abs(b);
        if (t->exact()) continue;
        error[at(j)][i * rows.size() + p] = times_power(t->error(rows[p], col), e);
        errors[p] += error[at(j)][i * rows.size() + p];
      }
    }
  }
  for (Index j = 0; j < k; ++j) {
    if (plus[at(j)].empty()) continue;
    for (std::size_t i = 0; i < at(size(j)); ++i) {
      const double* b = plus[at(j)].data() + i * rows.size();
      const double* e = error[at(j)].empty() ? nullptr : error[at(j)].data() + i * rows.size();
      double sum = 0.0;
      double wrong = 0.0;
      for (std::size_t p = 0; p < rows.size(); ++p) {
        sum += std::abs(q[p] * b[p]) * sizes[p];
        wrong += std::abs(q[p] * b[p]) * errors[p];
        if (e != nullptr) wrong += std::abs(q[p]) * e[p] * (sizes[p] + errors[p]);
      }
      size_of_row_[at(j)][i] += sum;
      error_of_row_[at(j)][i] += wrong;
    }
    for (Index other = 0; other <= j; ++other) {
      if (plus[at(other)].empty()) continue;
      if (pattern_.position[at(j)] >= pattern_.position[at(other)]) {
        add_product(j, other, terms, minus[at(j)], plus[at(other)]);
      } else {
        add_product(other, j, terms, minus[at(other)], plus[at(j)]);
      }
    }
  }
}

/// Adds -minus plus' to the block in rows of block a and columns of block b.
void Assembly::add_product(Index a, Index b, Index terms, const std::vector<double>& minus,
                           const std::vector<double>& plus) {
  auto& block = matrix_.blocks[at(pattern_.position[at(a)])][at(pattern_.position[at(b)])];
  if (a == b && pattern_.diagonal[at(pattern_.position[at(a)])]) {
    for (Index i = 0; i < size(a); ++i) {
      subtract_product(1, 1, terms, minus.data() + i * terms, terms, plus.data() + i * terms, terms,
                       block.data() + i, 1);
    }
    return;
  }
  subtract_product(size(a), size(b), terms, minus.data(), terms, plus.data(), terms, block.data(), size(b),
                   a == b, threads_);
}

/// Subtracts the margins (M26) from the diagonal.
Form Assembly::finish() {
  // Beyond this size next to a diagonal below 4 no margin would do, and underflow could matter.
  constexpr double largest_size = 0x1p40;
  Form form;
  const double gamma = gamma_of(terms_);
  for (Index b = 0; b <= top(); ++b) {
    const Index position = pattern_.position[at(b)];
    auto& block = matrix_.blocks[at(position)][at(position)];
    const Index step = pattern_.diagonal[at(position)] ? 1 : size(b) + 1;
    const double relative = backward_error(pattern_, position);
    for (Index i = 0; i < size(b); ++i) {
      double& entry = block[at(i * step)];
      const double row = size_of_row_[at(b)][at(i)];
      double margin = (entry * relative + gamma * row + error_of_row_[at(b)][at(i)]) * upwards + underflow;
      // Against what inflation adds to: where slopes have both signs the entry itself is a small difference.
      const Wide& plain = plain_[at(b)][at(i)];
      form.slack = std::max(form.slack, margin / times_power(plain.m, plain.e + 2 * scale_[at(b)][at(i)]));
      if (!(row < largest_size)) margin = std::numeric_limits<double>::infinity();
      entry = std::nextafter(entry - margin, -std::numeric_limits<double>::infinity());
    }
  }
  form.matrix = std::move(matrix_);
  return form;
}

}  // namespace

Blocks blocks_of(const Reduced& reduced, const ClaimedNetwork& claimed, const Claim& claim) {
  Blocks blocks;
  const Index top = reduced.depth + 1;
  for (Index b = 0; b <= top; ++b) {
    blocks.size.push_back(reduced.size(b, static_cast<Index>(claim.rows.size())));
    blocks.linked.emplace_back(at(b), false);
    for (const auto& [j, map] : reduced.maps[at(b)]) blocks.linked.back()[j] = true;
    bool curved = false;
    if (b > 0 && b < top) {
      for (const Index i : reduced.free[at(b)]) {
        curved = curved || (claimed.slopes[at(b - 1)].lower[at(i)] != 0.0 &&
                            claimed.slopes[at(b - 1)].upper[at(i)] != 0.0);
      }
    }
    blocks.curved.push_back(curved);
  }
  blocks.inputs_apart = claim.norm == InputNorm::l1;
  return blocks;
}

Form make_form(const Reduced& reduced, const ClaimedNetwork& claimed, const Proof& proof,
               const Pattern& pattern, int threads) {
  return Assembly(reduced, claimed, proof, pattern, threads).make();
}

}  // namespace geolip::checker
