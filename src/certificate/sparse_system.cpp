#include <certificate/half_width.hpp>
#include <certificate/sparse_system.hpp>
#include <network/at.hpp>
#include <network/entries.hpp>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace geolip::certificate {
namespace {

/// By rows, with 64-bit indices.
using Rows = Eigen::SparseMatrix<double, Eigen::RowMajor, std::int64_t>;
using Entries = std::vector<Eigen::Triplet<double, std::int64_t>>;

// A variable is joined to many where it has so many times as many neighbours as others have, and these.
constexpr double many = 10.0;
constexpr double least_many = 64.0;

Rows matrix(Index rows, Index cols, const Entries& entries) {
  Rows result(rows, cols);
  result.setFromTriplets(entries.begin(), entries.end());
  return result;
}

/// The matrix of one linear layer with one tensor to read.
struct LayerMatrix {
  Index outputs;
  Index inputs;

  Rows operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    Entries entries;
    for (Index i = 0; i < w.rows; ++i) {
      for (Index j = 0; j < w.cols; ++j) {
        if (w(i, j) != 0.0) entries.emplace_back(i, j, w(i, j));
      }
    }
    return matrix(outputs, inputs, entries);
  }
  Rows operator()(const Affine& affine) const {
    Entries entries;
    for (Index i = 0; i < outputs; ++i) entries.emplace_back(i, i, at(affine.scale, i));
    return matrix(outputs, inputs, entries);
  }
  Rows operator()(const Permutation& permutation) const {
    Entries entries;
    for (Index i = 0; i < outputs; ++i) entries.emplace_back(i, at(permutation.source, i), 1.0);
    return matrix(outputs, inputs, entries);
  }
  Rows operator()(const Conv& op) const { return of_entries(op); }
  Rows operator()(const ConvTranspose& op) const { return of_entries(op); }
  Rows operator()(const Sparse& op) const { return of_entries(op); }
  template <class Op>
  Rows operator()(const Op&) const {
    throw std::logic_error("a stage has linear layers alone");
  }

 private:
  template <class Op>
  Rows of_entries(const Op& op) const {
    Entries entries;
    network::for_each_entry(op, [&](Index i, Index j, double w) {
      if (w != 0.0) entries.emplace_back(i, j, w);
    });
    return matrix(outputs, inputs, entries);
  }
};

/// Rows of several matrices below each other.
Rows stacked(const std::vector<const Rows*>& parts, Index cols) {
  Index rows = 0;
  std::int64_t nonzeros = 0;
  for (const Rows* part : parts) {
    rows += part->rows();
    nonzeros += part->nonZeros();
  }
  Rows result(rows, cols);
  result.reserve(nonzeros);
  Index row = 0;
  for (const Rows* part : parts) {
    for (Index i = 0; i < part->rows(); ++i, ++row) {
      result.startVec(row);
      for (Rows::InnerIterator entry(*part, i); entry; ++entry)
        result.insertBack(row, entry.col()) = entry.value();
    }
  }
  result.finalize();
  return result;
}

Rows some_rows(const Rows& from, Index first, Index count) {
  const Rows part = from.middleRows(first, count);
  return part;
}

/// What a stage makes of its input, the input's rows given in some variables.
Rows through(const problem::Stage& stage, const Rows& input) {
  std::vector<Rows> values;
  Index first = 0;
  for (const Index size : stage.sources) {
    values.push_back(some_rows(input, first, size));
    first += size;
  }
  for (const problem::Step& step : stage.steps) {
    std::vector<const Rows*> reads;
    for (const std::size_t from : step.from) reads.push_back(&values[from]);
    Rows made;
    if (const auto* add = std::get_if<Add>(&step.layer->op)) {
      made = Rows(step.size, input.cols());
      for (std::size_t r = 0; r < reads.size(); ++r) {
        const double factor = add->coefficients.empty() ? 1.0 : add->coefficients[r];
        made = Rows(made + factor * *reads[r]);
      }
    } else if (std::holds_alternative<Concat>(step.layer->op)) {
      made = stacked(reads, input.cols());
    } else {
      const LayerMatrix layer{step.size, reads.front()->rows()};
      made = Rows(std::visit(layer, step.layer->op) * *reads.front());
    }
    values.push_back(std::move(made));
  }
  std::vector<const Rows*> targets;
  for (const std::size_t target : stage.targets) targets.push_back(&values[target]);
  return stacked(targets, input.cols());
}

/// Notices what leaves the range of double between its construction and the question.
class RangeWatch {
 public:
  RangeWatch() { std::feholdexcept(&before_); }
  RangeWatch(const RangeWatch&) = delete;
  RangeWatch& operator=(const RangeWatch&) = delete;
  RangeWatch(RangeWatch&&) = delete;
  RangeWatch& operator=(RangeWatch&&) = delete;
  ~RangeWatch() { std::fesetenv(&before_); }

  bool is_kept() const { return std::fetestexcept(FE_UNDERFLOW | FE_OVERFLOW) == 0; }

 private:
  std::fenv_t before_{};
};

/// Entry (i, j) times 2^(rows_i - cols_j).
void scale(Rows& matrix, const std::vector<int>& rows, const std::vector<int>& cols) {
  for (Index i = 0; i < matrix.rows(); ++i) {
    for (Rows::InnerIterator entry(matrix, i); entry; ++entry)
      entry.valueRef() = std::ldexp(entry.value(), at(rows, i) - at(cols, entry.col()));
  }
}

}  // namespace

SparseSystem::SparseSystem(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes,
                           Index set, bool vector)
    : slopes_(slopes),
      set_(set),
      vector_(vector),
      inputs_(chain.inputs),
      variables_(chain.inputs),
      scaling_(problem::unit_scaling(chain)) {
  const RangeWatch watch;
  for (const problem::LayerSlopes& layer : slopes) {
    std::vector<Index>& own = own_.emplace_back(static_cast<std::size_t>(layer.neurons), -1);
    for (Index i = 0; i < layer.neurons; ++i) {
      if (layer.half_width(i, set) > 0.0) at(own, i) = variables_++;
    }
  }
  const Index outputs = chain.stages.back().outputs;
  variables_ += vector ? outputs : 1;

  // v of the layer below in the variables
  Entries entries;
  for (Index j = 0; j < inputs_; ++j) entries.emplace_back(j, j, 1.0);
  Rows v = matrix(inputs_, variables_, entries);
  for (std::size_t k = 0; k < slopes.size(); ++k) {
    Rows w = through(chain.stages[k], v);
    const problem::LayerSlopes& layer = slopes[k];
    v = Rows(layer.neurons, variables_);
    v.reserve(w.nonZeros());
    for (Index i = 0; i < layer.neurons; ++i) {
      v.startVec(i);
      const Index variable = at(own_[k], i);
      const double c = layer.centre(i, set);
      if (variable >= 0) {
        v.insertBack(i, variable) = 1.0;
      } else if (c != 0.0) {
        for (Rows::InnerIterator entry(w, i); entry; ++entry)
          v.insertBack(i, entry.col()) = c * entry.value();
      }
    }
    v.finalize();
    w_.push_back(std::move(w));
  }
  output_ = through(chain.stages.back(), v);
  keeps_numbers_ = watch.is_kept();

  Rows last_rows(1, variables_);
  if (vector) {
    last_rows = output_;
  } else {
    std::vector<char> seen(static_cast<std::size_t>(variables_), 0);
    for (Index i = 0; i < outputs; ++i) {
      for (Rows::InnerIterator entry(output_, i); entry; ++entry) at(seen, entry.col()) = 1;
    }
    last_rows.startVec(0);
    for (Index j = 0; j < variables_; ++j) {
      if (at(seen, j) != 0) last_rows.insertBack(0, j) = 1.0;
    }
    last_rows.finalize();
  }
  joined_ = last_rows;
  pattern_ = assemble(last_rows, std::vector<double>(static_cast<std::size_t>(variables_), 1.0), nullptr);

  // neighbours of every variable, and those that have many
  std::vector<double> neighbours(static_cast<std::size_t>(variables_), 0.0);
  for (Index j = 0; j < variables_; ++j) {
    for (SparseMatrix::InnerIterator entry(pattern_, j); entry; ++entry) {
      if (entry.row() == j) continue;
      at(neighbours, j) += 1.0;
      at(neighbours, entry.row()) += 1.0;
    }
  }
  const double usual =
      std::accumulate(neighbours.begin(), neighbours.end(), 0.0) / static_cast<double>(variables_);
  for (Index j = 0; j < variables_; ++j) {
    const bool is_objective = j >= variables_ - (vector ? outputs : 1);
    if (is_objective || at(neighbours, j) > std::max(least_many, many * usual)) last_.push_back(j);
  }
}

void SparseSystem::set_scaling(const problem::Scaling& scaling) {
  if (scaling == scaling_) return;
  const RangeWatch watch;
  // what is there already is taken off
  const auto change = [&](std::size_t tensor) {
    std::vector<int> exponents = scaling.tensors[tensor];
    for (std::size_t i = 0; i < exponents.size(); ++i) exponents[i] -= scaling_.tensors[tensor][i];
    return exponents;
  };
  std::vector<int> of_variables = change(0);
  for (std::size_t k = 0; k < own_.size(); ++k) {
    const std::vector<int> layer = change(k + 1);
    for (std::size_t i = 0; i < layer.size(); ++i) {
      if (own_[k][i] >= 0) of_variables.push_back(layer[i]);
    }
  }
  of_variables.resize(static_cast<std::size_t>(variables_), 0);
  for (std::size_t k = 0; k < own_.size(); ++k) scale(w_[k], change(k + 1), of_variables);
  scale(output_, std::vector<int>(static_cast<std::size_t>(output_.rows()), scaling.output - scaling_.output),
        of_variables);
  scaling_ = scaling;
  keeps_numbers_ = keeps_numbers_ && watch.is_kept();
}

SparseMatrix SparseSystem::form(const problem::Problem& problem, const Multipliers& multipliers,
                                const std::vector<double>& gamma) const {
  std::vector<double> diagonal(gamma);
  for (std::size_t k = 0; k < own_.size(); ++k) {
    for (std::size_t i = 0; i < own_[k].size(); ++i) {
      if (own_[k][i] >= 0) diagonal.push_back(multipliers.lam[k][i]);
    }
  }
  if (vector_) {
    diagonal.resize(static_cast<std::size_t>(variables_), 1.0);
    return assemble(-1.0 * output_, diagonal, &multipliers);
  }
  diagonal.push_back(multipliers.zeta);
  // -u'F V / 2 where any objective has entries
  std::vector<double> row(static_cast<std::size_t>(variables_), 0.0);
  for (std::size_t e = 0; e < problem.row.index.size(); ++e) {
    for (Rows::InnerIterator entry(output_, problem.row.index[e]); entry; ++entry)
      at(row, entry.col()) -= 0.5 * problem.row.value[e] * entry.value();
  }
  Rows last_rows = joined_;
  for (Rows::InnerIterator entry(last_rows, 0); entry; ++entry) entry.valueRef() = at(row, entry.col());
  return assemble(last_rows, diagonal, &multipliers);
}

SparseMatrix SparseSystem::assemble(const Rows& last_rows, const std::vector<double>& diagonal,
                                    const Multipliers* multipliers) const {
  // The lower triangle by rows is the upper one by columns.
  Rows lower(variables_, variables_);
  std::int64_t nonzeros = variables_ + last_rows.nonZeros();
  for (const Rows& w : w_) nonzeros += w.nonZeros();
  lower.reserve(nonzeros);
  Index row = 0;
  const auto end_row = [&] {
    lower.insertBack(row, row) = at(diagonal, row);
    ++row;
  };
  for (; row < inputs_;) {
    lower.startVec(row);
    end_row();
  }
  for (std::size_t k = 0; k < own_.size(); ++k) {
    for (Index i = 0; i < static_cast<Index>(own_[k].size()); ++i) {
      if (at(own_[k], i) < 0) continue;
      lower.startVec(row);
      // lam |v - c w|^2 has -lam c w between v and what w is made of
      const double factor = -at(diagonal, row) * slopes_[k].centre(i, set_);
      for (Rows::InnerIterator entry(w_[k], i); entry; ++entry)
        lower.insertBack(row, entry.col()) = factor * entry.value();
      end_row();
    }
  }
  for (Index i = 0; i < last_rows.rows(); ++i) {
    lower.startVec(row);
    for (Rows::InnerIterator entry(last_rows, i); entry; ++entry)
      lower.insertBack(row, entry.col()) = entry.value();
    end_row();
  }
  lower.finalize();

  // lam (c^2 - h^2) w^2
  for (std::size_t k = 0; k < own_.size(); ++k) {
    Entries chosen;
    std::vector<double> factors;
    for (Index i = 0; i < static_cast<Index>(own_[k].size()); ++i) {
      if (at(own_[k], i) < 0) continue;
      const double c = slopes_[k].centre(i, set_);
      const double h = certified_half_width(slopes_[k], i, set_);
      if (c == h) continue;
      chosen.emplace_back(static_cast<Index>(factors.size()), i, 1.0);
      factors.push_back((multipliers == nullptr ? 1.0 : at(multipliers->lam[k], i)) * (c - h) * (c + h));
    }
    if (factors.empty()) continue;
    const auto count = static_cast<Index>(factors.size());
    const Rows w = matrix(count, w_[k].rows(), chosen) * w_[k];
    const Rows weighted = Eigen::Map<const Eigen::VectorXd>(factors.data(), count).asDiagonal() * w;
    const Rows across = w.transpose();
    const Rows product = across * weighted;
    const Rows half = product.triangularView<Eigen::Lower>();
    lower = Rows(lower + half);
  }
  lower.makeCompressed();
  return lower.transpose();
}

}  // namespace geolip::certificate
