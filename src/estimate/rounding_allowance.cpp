#include <estimate/rounding_allowance.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::estimate_detail {
namespace {

using Row = std::vector<double>;

/// r <- r |B| for one linear layer B.
struct AbsoluteAdjoint {
  const Row& r;

  Row operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    Row out(static_cast<std::size_t>(w.cols), 0.0);
    for (Index i = 0; i < w.rows; ++i) {
      const double ri = r[static_cast<std::size_t>(i)];
      if (ri == 0.0) continue;
      for (Index j = 0; j < w.cols; ++j) out[static_cast<std::size_t>(j)] += ri * std::abs(w(i, j));
    }
    return out;
  }
  Row operator()(const Affine& affine) const {
    Row out(r);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] *= std::abs(affine.scale[i]);
    return out;
  }
  Row operator()(const Permutation& permutation) const {
    Row out(r.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[static_cast<std::size_t>(permutation.source[i])] = r[i];
    return out;
  }
  Row operator()(const Activation&) const { return r; }
};

Index dense_layers(const graph::Stage& stage) {
  return std::count_if(stage.layers.begin(), stage.layers.end(),
                       [](const Layer* layer) { return std::holds_alternative<Dense>(layer->op); });
}

/// Whether sums cancel anywhere outside the eliminations.
bool may_cancel(const graph::Chain& chain, const ascent::Problem& problem) {
  for (const graph::Stage& stage : chain.stages) {
    if (dense_layers(stage) > 1) return true;
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
    for (const Layer* layer : stage.layers) {
      const auto* dense = std::get_if<Dense>(&layer->op);
      roundings +=
          4.0 +
          (dense != nullptr ? static_cast<double>(std::max(dense->weight.rows, dense->weight.cols)) : 0.0);
    }
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
    const auto& layers = chain.stages[k].layers;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
      r = std::visit(AbsoluteAdjoint{r}, (*layer)->op);
    }
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
