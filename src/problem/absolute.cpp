#include <network/at.hpp>
#include <problem/absolute.hpp>

#include <network/entries.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace geolip::problem {
namespace {

using Row = std::vector<double>;

[[noreturn]] void refuse_activation() { throw std::logic_error("a stage has linear layers alone"); }

/// out += |B| x for the map B of one linear layer, which reads the tensors `reads`.
struct AbsoluteLayer {
  const std::vector<const Row*>& reads;
  Row& out;

  const Row& x() const { return *reads.front(); }

  void operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    for (Index i = 0; i < w.rows; ++i) {
      double sum = 0.0;
      for (Index j = 0; j < w.cols; ++j) sum += std::abs(w(i, j)) * at(x(), j);
      at(out, i) += sum;
    }
  }
  void operator()(const Affine& affine) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += std::abs(affine.scale[i]) * x()[i];
  }
  void operator()(const Permutation& permutation) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += at(x(), permutation.source[i]);
  }
  [[noreturn]] void operator()(const Activation&) const { refuse_activation(); }
  void operator()(const Add& add) const {
    for (std::size_t k = 0; k < reads.size(); ++k) {
      const double a = add.coefficients.empty() ? 1.0 : std::abs(add.coefficients[k]);
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += a * (*reads[k])[i];
    }
  }
  void operator()(const Concat&) const {
    std::size_t first = 0;
    for (const Row* part : reads) {
      for (std::size_t i = 0; i < part->size(); ++i) out[first + i] += (*part)[i];
      first += part->size();
    }
  }
  template <class Op>
  void operator()(const Op& op) const {
    network::for_each_entry(op, [&](Index i, Index j, double w) { at(out, i) += std::abs(w) * at(x(), j); });
  }
};

/// Each tensor that is read += |B|' y for its map B of one linear layer.
struct AbsoluteAdjoint {
  const Row& y;
  const std::vector<Row*>& reads;

  Row& out() const { return *reads.front(); }

  void operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    for (Index i = 0; i < w.rows; ++i) {
      const double yi = at(y, i);
      if (yi == 0.0) continue;
      for (Index j = 0; j < w.cols; ++j) at(out(), j) += yi * std::abs(w(i, j));
    }
  }
  void operator()(const Affine& affine) const {
    for (std::size_t i = 0; i < y.size(); ++i) out()[i] += y[i] * std::abs(affine.scale[i]);
  }
  void operator()(const Permutation& permutation) const {
    for (std::size_t i = 0; i < y.size(); ++i) at(out(), permutation.source[i]) += y[i];
  }
  [[noreturn]] void operator()(const Activation&) const { refuse_activation(); }
  void operator()(const Add& add) const {
    for (std::size_t k = 0; k < reads.size(); ++k) {
      const double a = add.coefficients.empty() ? 1.0 : std::abs(add.coefficients[k]);
      for (std::size_t i = 0; i < y.size(); ++i) (*reads[k])[i] += a * y[i];
    }
  }
  void operator()(const Concat&) const {
    std::size_t first = 0;
    for (Row* part : reads) {
      for (std::size_t i = 0; i < part->size(); ++i) (*part)[i] += y[first + i];
      first += part->size();
    }
  }
  template <class Op>
  void operator()(const Op& op) const {
    network::for_each_entry(op, [&](Index i, Index j, double w) { at(out(), j) += at(y, i) * std::abs(w); });
  }
};

/// The most terms that a sum of a product with the layer's matrix or its transpose has; 1 where it has no
/// sums.
struct Terms {
  std::size_t reads;

  Index operator()(const Dense& dense) const { return std::max(dense.weight.rows, dense.weight.cols); }
  Index operator()(const Conv& conv) const { return network::most_terms(conv); }
  Index operator()(const ConvTranspose& transpose) const { return network::most_terms(transpose); }
  Index operator()(const Sparse& sparse) const { return network::most_terms(sparse); }
  Index operator()(const Add&) const { return static_cast<Index>(reads); }
  template <class Op>
  Index operator()(const Op&) const {
    return 1;
  }
};

/// Exponents of the numbers of a linear layer that are furthest from 1, on either side.
struct Exponents {
  int least = 0;
  int most = 0;

  void take(const std::vector<double>& numbers) {
    for (const double w : numbers) {
      if (w == 0.0) continue;
      least = std::min(least, std::ilogb(w));
      most = std::max(most, std::ilogb(w) + 1);
    }
  }
  void operator()(const Dense& dense) { take(dense.weight.data); }
  void operator()(const Affine& affine) { take(affine.scale); }
  void operator()(const Conv& conv) { take(conv.weight); }
  void operator()(const ConvTranspose& transpose) { take(transpose.conv.weight); }
  void operator()(const Sparse& sparse) { take(sparse.value); }
  void operator()(const Add& add) { take(add.coefficients); }
  void operator()(const Activation&) const { refuse_activation(); }
  void operator()(const Permutation&) const {}
  void operator()(const Concat&) const {}
};

Index terms_of(const Step& step) { return std::visit(Terms{step.from.size()}, step.layer->op); }

/// Zeros for every value of a stage.
std::vector<Row> zeros(const Stage& stage) {
  std::vector<Row> values;
  for (std::size_t v = 0; v < stage.sources.size() + stage.steps.size(); ++v)
    values.emplace_back(static_cast<std::size_t>(stage.size(v)), 0.0);
  return values;
}

}  // namespace

std::vector<double> absolute_apply(const Stage& stage, const std::vector<double>& x) {
  std::vector<Row> values = zeros(stage);
  auto next = x.begin();
  for (std::size_t v = 0; v < stage.sources.size(); ++v) {
    const auto end = next + static_cast<std::ptrdiff_t>(values[v].size());
    std::copy(next, end, values[v].begin());
    next = end;
  }
  for (std::size_t s = 0; s < stage.steps.size(); ++s) {
    std::vector<const Row*> reads;
    for (const std::size_t v : stage.steps[s].from) reads.push_back(&values[v]);
    std::visit(AbsoluteLayer{reads, values[stage.sources.size() + s]}, stage.steps[s].layer->op);
  }
  Row result;
  for (const std::size_t v : stage.targets) result.insert(result.end(), values[v].begin(), values[v].end());
  return result;
}

std::vector<double> absolute_adjoint(const Stage& stage, const std::vector<double>& y) {
  std::vector<Row> values = zeros(stage);
  std::size_t first = 0;
  for (const std::size_t v : stage.targets) {
    for (std::size_t i = 0; i < values[v].size(); ++i) values[v][i] += y[first + i];
    first += values[v].size();
  }
  for (std::size_t s = stage.steps.size(); s-- > 0;) {
    std::vector<Row*> reads;
    for (const std::size_t v : stage.steps[s].from) reads.push_back(&values[v]);
    std::visit(AbsoluteAdjoint{values[stage.sources.size() + s], reads}, stage.steps[s].layer->op);
  }
  Row result;
  for (std::size_t v = 0; v < stage.sources.size(); ++v)
    result.insert(result.end(), values[v].begin(), values[v].end());
  return result;
}

bool may_cancel(const Stage& stage) {
  // one Dense, whatever its width, or another with sums of several terms
  return std::count_if(stage.steps.begin(), stage.steps.end(), [](const Step& step) {
           return std::holds_alternative<Dense>(step.layer->op) || terms_of(step) > 1;
         }) > 1;
}

double sum_rounding(const Stage& stage) {
  double roundings = 0.0;
  for (const Step& step : stage.steps) {
    const Index terms = terms_of(step);
    roundings += 4.0 + (terms > 1 ? static_cast<double>(terms) : 0.0);
  }
  // what several layers read is the sum of what they make of it
  if (!stage.is_chain()) roundings += 2.0 * static_cast<double>(stage.steps.size() + stage.targets.size());
  return 2.0 * roundings * 0x1p-53;
}

bool keeps_products(const Stage& stage, int room) {
  // the rest of the range is left to sums of many terms
  constexpr int range = 960;
  double least = -room;
  double most = room;
  for (const Step& step : stage.steps) {
    Exponents layer;
    std::visit([&](const auto& op) { layer(op); }, step.layer->op);
    least += layer.least;
    most += layer.most;
  }
  return least > -range && most < range;
}

}  // namespace geolip::problem
