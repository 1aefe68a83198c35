#include <certificate/certificate.hpp>
#include <network/at.hpp>

#include <certificate/form.hpp>
#include <certificate/largest_eigenvalue.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace geolip::certificate {
namespace {

using backend::Buffer;
using backend::View;

// The last operations on the bound round in either direction; this much covers them.
constexpr double final_rounding = 1e-14;
// A proof's gamma are positive, and larger ones are as valid: these cover all underflow.
constexpr double least_gamma = 0x1p-600;

bool in_range(double multiplier) { return multiplier >= least_multiplier && multiplier <= most_multiplier; }

}  // namespace

Certifier::Certifier(backend::Backend& backend, std::vector<operators::LinearMap<double>>& maps,
                     const std::vector<problem::LayerSlopes>& slopes, Norm norm)
    : workspace_(backend), maps_(maps), slopes_(slopes), norm_(norm) {}

std::optional<double> Certifier::bound(const Multipliers& multipliers, const ascent::Problem& problem,
                                       const std::function<bool()>& gives_up) {
  const double zeta = multipliers.zeta;
  const double gamma_sum = std::accumulate(multipliers.gamma.begin(), multipliers.gamma.end(), 0.0);
  const auto all_in_range = [&](const std::vector<double>& values) {
    // those of a vector objective may be open
    return std::all_of(values.begin(), values.end(),
                       [&](double v) { return in_range(problem.vector ? std::abs(v) : v); });
  };
  if (!in_range(zeta) || !in_range(gamma_sum) || !all_in_range(multipliers.gamma) ||
      !std::all_of(multipliers.lam.begin(), multipliers.lam.end(), all_in_range) ||
      std::any_of(maps_.begin(), maps_.end(), [](const auto& map) { return map.is_extreme(); })) {
    return std::nullopt;
  }

  // Q_L = -u u' / (4 zeta), or -F'F, written on the outputs
  Form form(workspace_);
  if (problem.vector) {
    form.set_diagonal_factor(std::vector<double>(static_cast<std::size_t>(maps_.back().outputs()), 1.0));
  } else {
    std::vector<double> u = problem.row.dense();
    for (double& entry : u) entry /= 2.0 * std::sqrt(zeta);
    form.set_column(u);
  }
  form.pull_back(maps_.back());

  lam_ = multipliers.lam;
  for (std::size_t k = slopes_.size(); k-- > 0;) {
    if (gives_up && gives_up()) return std::nullopt;
    // Q_{k-1} = Y - X' K^-1 X
    form.close(slopes_[k], problem.slope_set, lam_[k]);
    if (!form.eliminate(slopes_[k], problem.slope_set, lam_[k])) return std::nullopt;
    form.pull_back(maps_[k]);
  }

  if (norm_ == Norm::l1) return bound_coordinates(form.negative_diagonal(), zeta, problem.coordinate);

  // mu = largest eigenvalue of D^-1/2 (-Q_0) D^-1/2, with D = Diag(gamma) for l_inf
  if (norm_ == Norm::linf) {
    std::vector<double> scale(multipliers.gamma);
    for (double& s : scale) s = 1.0 / std::sqrt(s);
    form.scale(scale);
  }
  const Index n = form.write_negative_gram();
  const std::optional<double> largest = largest_eigenvalue_bound(workspace_, n);
  if (!largest || !std::isfinite(*largest) || *largest < 0.0) return std::nullopt;
  const double mu = std::max(*largest, least_gamma);

  // bound = 2 sqrt(zeta mu sum gamma). l_2: D = gamma I cancels against the sum. Vector: sqrt(mu).
  double value = 0.0;
  if (problem.vector) {
    value = std::sqrt(mu);
  } else if (norm_ == Norm::linf) {
    value = 2.0 * std::sqrt(zeta * mu * gamma_sum);
  } else {
    value = 2.0 * std::sqrt(zeta * mu);
  }
  value *= 1.0 + final_rounding;
  if (!std::isfinite(value)) return std::nullopt;
  mu_ = mu;
  return value;
}

Multipliers Certifier::feasible(Multipliers multipliers, const ascent::Problem& problem) const {
  multipliers.lam = lam_;
  if (norm_ == Norm::l1) {
    multipliers.gamma = diagonal_;
  } else if (norm_ == Norm::linf) {
    for (double& gamma : multipliers.gamma) gamma *= mu_;
  } else {
    multipliers.gamma = {mu_};
  }
  // |F V|^2 <= gamma is the pair (zeta, gamma) = (1/4, gamma)
  if (problem.vector) multipliers.zeta = 0.25;
  return multipliers;
}

/// l_1: bound_j = 2 sqrt(zeta (-Q_0)_jj) holds for every coordinate j at once.
std::optional<double> Certifier::bound_coordinates(std::vector<double> q, double zeta, Index coordinate) {
  for (double& entry : q) {
    // below zero, rounding has eaten the entry: it proves nothing
    if (!std::isfinite(entry) || entry < 0.0) return std::nullopt;
    entry = std::max(entry, least_gamma);
  }
  std::vector<double> diagonal(q);
  for (double& entry : q) {
    entry = 2.0 * std::sqrt(zeta * entry) * (1.0 + final_rounding);
  }
  diagonal_ = std::move(diagonal);
  coordinate_bounds_ = std::move(q);
  return at(coordinate_bounds_, coordinate);
}

}  // namespace geolip::certificate
