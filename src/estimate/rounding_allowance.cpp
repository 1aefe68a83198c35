#include <estimate/rounding_allowance.hpp>
#include <graph/entries.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::estimate_detail {
namespace {

using Row = std::vector<double>;

/// Each tensor that is read += r |B| for its map B of one linear layer.
struct AbsoluteAdjoint {
  const Row& r;
  const std::vector<Row*>& reads;
  Row& out;  ///< the first of `reads`

  void operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    for (Index i = 0; i < w.rows; ++i) {
      const double ri = r[static_cast<std::size_t>(i)];
      if (ri == 0.0) continue;
      for (Index j = 0; j < w.cols; ++j) out[static_cast<std::size_t>(j)] += ri * std::abs(w(i, j));
    }
  }
  void operator()(const Affine& affine) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += r[i] * std::abs(affine.scale[i]);
  }
  void operator()(const Permutation& permutation) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[static_cast<std::size_t>(permutation.source[i])] += r[i];
  }
  void operator()(const Activation&) const { out = r; }
  void operator()(const Add& add) const {
    for (std::size_t k = 0; k < reads.size(); ++k) {
      const double a = add.coefficients.empty() ? 1.0 : std::abs(add.coefficients[k]);
      for (std::size_t i = 0; i < r.size(); ++i) (*reads[k])[i] += a * r[i];
    }
  }
  void operator()(const Concat&) const {
    std::size_t first = 0;
    for (Row* part : reads) {
      for (std::size_t i = 0; i < part->size(); ++i) (*part)[i] += r[first + i];
      first += part->size();
    }
  }
  template <class Op>
  void operator()(const Op& op) const {
    graph::for_each_entry(op, [&](Index i, Index j, double w) {
      out[static_cast<std::size_t>(j)] += r[static_cast<std::size_t>(i)] * std::abs(w);
    });
  }
};

/// The most terms that a sum of a product with the layer's matrix or its transpose has; 1 where it has no
/// sums.
struct Terms {
  std::size_t reads;

  Index operator()(const Dense& dense) const { return std::max(dense.weight.rows, dense.weight.cols); }
  Index operator()(const Conv& conv) const { return graph::most_terms(conv); }
  Index operator()(const ConvTranspose& transpose) const { return graph::most_terms(transpose); }
  Index operator()(const Sparse& sparse) const { return graph::most_terms(sparse); }
  Index operator()(const Add&) const { return static_cast<Index>(reads); }
  template <class Op>
  Index operator()(const Op&) const {
    return 1;
  }
};

Index terms_of(const graph::Step& step) { return std::visit(Terms{step.from.size()}, step.layer->op); }

/// Layers of a stage that add up: one Dense, whatever its width, or another with sums of several terms.
Index summing_layers(const graph::Stage& stage) {
  return std::count_if(stage.steps.begin(), stage.steps.end(), [](const graph::Step& step) {
    return std::holds_alternative<Dense>(step.layer->op) || terms_of(step) > 1;
  });
}

/// Back through a stage.
Row absolute_adjoint(const graph::Stage& stage, const Row& r) {
  std::vector<Row> values;
  for (std::size_t v = 0; v < stage.sources.size() + stage.steps.size(); ++v)
    values.emplace_back(static_cast<std::size_t>(stage.size(v)), 0.0);
  std::size_t first = 0;
  for (const std::size_t v : stage.targets) {
    for (std::size_t i = 0; i < values[v].size(); ++i) values[v][i] += r[first + i];
    first += values[v].size();
  }
  for (std::size_t s = stage.steps.size(); s-- > 0;) {
    std::vector<Row*> reads;
    for (const std::size_t v : stage.steps[s].from) reads.push_back(&values[v]);
    std::visit(AbsoluteAdjoint{values[stage.sources.size() + s], reads, *reads.front()},
               stage.steps[s].layer->op);
  }
  Row result;
  for (std::size_t v = 0; v < stage.sources.size(); ++v)
    result.insert(result.end(), values[v].begin(), values[v].end());
  return result;
}

/// Whether sums cancel anywhere outside the eliminations.
bool may_cancel(const graph::Chain& chain, const ascent::Problem& problem) {
  for (const graph::Stage& stage : chain.stages) {
    if (summing_layers(stage) > 1) return true;
  }
  // One weight: products. Two of magnitude one: a single correctly rounded subtraction.
  const auto entries =
      std::count_if(problem.row.begin(), problem.row.end(), [](double u) { return u != 0.0; });
  const bool units = std::all_of(problem.row.begin(), problem.row.end(),
                                 [](double u) { return u == 0.0 || std::abs(u) == 1.0; });
  return entries > 2 || (entries == 2 && !units);
}

/// Relative rounding of all sums of one pass, doubled for good measure.
double pass_rounding(const graph::Chain& chain) {
  double roundings = 0.0;
  for (const graph::Stage& stage : chain.stages) {
    for (const graph::Step& step : stage.steps) {
      const Index terms = terms_of(step);
      roundings += 4.0 + (terms > 1 ? static_cast<double>(terms) : 0.0);
    }
    // what several layers read is the sum of what they make of it
    roundings += 2.0 * static_cast<double>(stage.is_chain() ? 0 : stage.steps.size() + stage.targets.size());
  }
  return 2.0 * roundings * 0x1p-53;
}

/// Dual norm of the gradient with every number in the network taken positive, for one output row.
double absolute_norm(const graph::Chain& chain, const std::vector<graph::LayerSlopes>& slopes, Index set,
                     Row r, Norm norm) {
  for (std::size_t k = chain.stages.size(); k-- > 0;) {
    if (k < slopes.size()) {
      for (Index i = 0; i < slopes[k].neurons; ++i) {
        r[static_cast<std::size_t>(i)] *= std::abs(slopes[k].centre(i, set)) + slopes[k].half_width(i, set);
      }
    }
    r = absolute_adjoint(chain.stages[k], r);
  }
  double sum = 0.0;
  double scale = *std::max_element(r.begin(), r.end());
  if (norm == Norm::l1 || !(scale > 0.0) || !std::isfinite(scale)) return scale;
  for (const double v : r) sum += norm == Norm::linf ? v : (v / scale) * (v / scale);
  return norm == Norm::linf ? sum : scale * std::sqrt(sum);
}

}  // namespace

double rounding_allowance(const graph::Chain& chain, const std::vector<graph::LayerSlopes>& slopes,
                          const ascent::Problem& problem, Norm norm) {
  if (!may_cancel(chain, problem)) return 0.0;
  double size = 0.0;
  if (problem.vector) {
    // The spectral norm is at most the root of the sum of the rows' squares.
    for (Index k = 0; k < chain.stages.back().outputs; ++k) {
      Row row(static_cast<std::size_t>(chain.stages.back().outputs), 0.0);
      row[static_cast<std::size_t>(k)] = 1.0;
      size = std::hypot(size, absolute_norm(chain, slopes, problem.slope_set, std::move(row), norm));
    }
  } else {
    Row row(problem.row);
    for (double& u : row) u = std::abs(u);
    size = absolute_norm(chain, slopes, problem.slope_set, std::move(row), norm);
  }
  const double allowance = pass_rounding(chain) * size;
  return std::isnan(allowance) ? std::numeric_limits<double>::infinity() : allowance;
}

}  // namespace geolip::estimate_detail
