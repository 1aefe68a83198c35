#include <solve/rounding_allowance.hpp>

#include <network/at.hpp>
#include <problem/absolute.hpp>
#include <problem/dual_norm.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace geolip::solve {
namespace {

using Row = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();
// The point of the ascent is not the optimum, and what rounding does to it is known to first order alone.
constexpr double first_order_safety = 4.0;
// A row with a relative error above this is taken for noise, which passes on in full.
constexpr double most_error = 1e-3;

/// Whether the products of the last layer and the objective's row cancel, in more than a single correctly
/// rounded subtraction: that of two rows whose factors are one and the same power of two.
bool row_may_cancel(const problem::Problem& problem) {
  const std::vector<double>& u = problem.row.value;
  if (u.size() != 2) return u.size() > 2;
  int exponent = 0;
  return std::abs(u[0]) != std::abs(u[1]) || std::frexp(std::abs(u[0]), &exponent) != 0.5;
}

/// Whether sums cancel anywhere outside the eliminations.
bool may_cancel(const problem::Chain& chain, const problem::Problem& problem) {
  return row_may_cancel(problem) ||
         std::any_of(chain.stages.begin(), chain.stages.end(),
                     [](const problem::Stage& s) { return problem::may_cancel(s); });
}

double largest(const Row& x) { return *std::max_element(x.begin(), x.end()); }

double dot(const Row& x, const Row& y) { return std::transform_reduce(x.begin(), x.end(), y.begin(), 0.0); }

/// The steepest slope of every neuron of a layer, in size.
Row steepest(const problem::LayerSlopes& slopes, Index set) {
  Row most(static_cast<std::size_t>(slopes.neurons));
  for (Index i = 0; i < slopes.neurons; ++i)
    at(most, i) = std::abs(slopes.centre(i, set)) + slopes.half_width(i, set);
  return most;
}

void multiply(Row& x, const Row& factors) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= factors[i];
}

/// The gradient with every number in the network taken positive.
Row absolute_gradient(const problem::Chain& chain, const std::vector<Row>& slopes, Row r) {
  for (std::size_t k = chain.stages.size(); k-- > 0;) {
    if (k < slopes.size()) multiply(r, slopes[k]);
    r = problem::absolute_adjoint(chain.stages[k], r);
  }
  return r;
}

/// Its transpose.
Row absolute_outputs(const problem::Chain& chain, const std::vector<Row>& slopes, Row x) {
  for (std::size_t k = 0; k < chain.stages.size(); ++k) {
    x = problem::absolute_apply(chain.stages[k], x);
    if (k < slopes.size()) multiply(x, slopes[k]);
  }
  return x;
}

Row absolute(Row x) {
  for (double& v : x) v = std::abs(v);
  return x;
}

/// Rounding of the products with the objective's row, beside that of the last stage.
double row_rounding(const problem::Problem& problem) {
  return row_may_cancel(problem) ? 2.0 * (4.0 + static_cast<double>(problem.row.outputs)) * 0x1p-53 : 0.0;
}

/// What noise in the w_k can come to at the objective. The ascent's gradients say nothing of it: behind a row
/// that is zero as computed they have lost the half widths of the slopes.
double amplified(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes,
                 const problem::Problem& problem, const std::vector<Row>& noise) {
  double total = 0.0;
  Row r = problem.vector ? Row(static_cast<std::size_t>(chain.stages.back().outputs), 1.0)
                         : absolute(problem.row.dense());
  for (std::size_t k = slopes.size(); k-- > 0;) {
    r = problem::absolute_adjoint(chain.stages[k + 1], r);
    multiply(r, steepest(slopes[k], problem.slope_set));
    for (std::size_t i = 0; i < r.size(); ++i) {
      if (noise[k][i] > 0.0) total += noise[k][i] * r[i];
    }
  }
  return total;
}

}  // namespace

double rounding_allowance(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes,
                          const problem::Problem& problem) {
  return may_cancel(chain, problem) ? rounding_of_sums(chain, slopes, problem) : 0.0;
}

double rounding_of_sums(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes,
                        const problem::Problem& problem) {
  std::vector<Row> most;
  for (const problem::LayerSlopes& layer : slopes) most.push_back(steepest(layer, problem.slope_set));
  double size = 0.0;
  if (problem.vector) {
    // |J|_2^2 <= |J|_1 |J|_inf
    const auto outputs = static_cast<std::size_t>(chain.stages.back().outputs);
    const auto inputs = static_cast<std::size_t>(chain.inputs);
    size = std::sqrt(largest(absolute_gradient(chain, most, Row(outputs, 1.0)))) *
           std::sqrt(largest(absolute_outputs(chain, most, Row(inputs, 1.0))));
  } else {
    size =
        problem::dual_norm(absolute_gradient(chain, most, absolute(problem.row.dense())), problem.ball.norm);
  }
  double rounding = row_rounding(problem);
  for (const problem::Stage& stage : chain.stages) rounding += problem::sum_rounding(stage);
  const double allowance = rounding * size;
  return std::isnan(allowance) ? infinity : allowance;
}

double rounding_effect(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes,
                       const problem::Scaling& scaling, const problem::Problem& problem,
                       const ascent::SweepNorms& norms) {
  if (!may_cancel(chain, problem)) return 0.0;
  // f = |Y|^2 where the bound is |Y|
  const double per_bound = problem.vector ? 2.0 * std::sqrt(norms.value) : 1.0;
  Row v(static_cast<std::size_t>(chain.inputs), 1.0);  // |V_k|, or an error above it
  if (!problem.ball.coordinates.empty()) {
    v.assign(v.size(), 0.0);
    for (const Index j : problem.ball.coordinates) at(v, j) = 1.0;
  }
  Row error(v.size(), 0.0);  // of v
  double effect = 0.0;
  std::vector<Row> noise;  // in w_k, where it drowns the row
  for (std::size_t k = 0; k < chain.stages.size(); ++k) {
    const problem::Stage& stage = chain.stages[k];
    const bool last = k == slopes.size();
    Row own = problem::absolute_apply(stage, v);
    const double rounding = problem::sum_rounding(stage) + (last ? row_rounding(problem) : 0.0);
    for (double& w : own) w *= rounding;
    if (last && problem.vector) {
      effect += std::ldexp(problem::dual_norm(own, Norm::l2), scaling.output);
      break;
    }
    // of the scaled bound in the unscaled w_k
    Row gradient(own.size());
    const Row most = last ? absolute(problem.row.dense()) : steepest(slopes[k], problem.slope_set);
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      gradient[i] = last ? std::ldexp(most[i], scaling.output)
                         : most[i] * std::ldexp(norms.g[k][i], scaling.tensors[k + 1][i]) / per_bound;
    }
    effect +=
        k == 0 ? rounding * problem::dual_norm(problem::absolute_adjoint(stage, gradient), problem.ball.norm)
               : dot(own, gradient);
    if (last) break;

    const std::vector<int>& exponents = scaling.tensors[k + 1];
    const Row passed = problem::absolute_apply(stage, error);
    v.assign(own.size(), 0.0);
    error.assign(own.size(), 0.0);
    noise.emplace_back(own.size(), 0.0);
    for (std::size_t i = 0; i < own.size(); ++i) {
      const double w = std::ldexp(norms.rho[k][i], -exponents[i]);
      const double whole = own[i] + passed[i];
      v[i] = most[i] * std::max(w, whole);
      const bool drowns = whole > most_error * w;
      if (drowns) noise[k][i] = whole;
      error[i] = most[i] * (drowns ? whole : own[i]);
    }
  }
  effect += std::ldexp(amplified(chain, slopes, problem, noise), scaling.output);
  effect *= first_order_safety;
  return std::isnan(effect) ? infinity : effect;
}

}  // namespace geolip::solve
