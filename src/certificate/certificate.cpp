#include <certificate/certificate.hpp>

#include <certificate/largest_eigenvalue.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace geolip::certificate {
namespace {

// The last operations on the bound round in either direction; this much covers them.
constexpr double final_rounding = 1e-14;
// A proof's gamma are positive, and larger ones are as valid: these cover all underflow.
constexpr double least_gamma = 0x1p-600;
// Open multipliers of l_1 against what the form leaves on their neurons, and the powers of ten of
// all layers together.
constexpr double outweighing = 1e8;
constexpr double most_growth = 90.0;

bool in_range(double multiplier) { return multiplier >= least_multiplier && multiplier <= most_multiplier; }

double sum(const std::vector<double>& x) { return std::accumulate(x.begin(), x.end(), 0.0); }

}  // namespace

bool are_in_range(const problem::Problem& problem, const Multipliers& multipliers) {
  const auto all_in_range = [&](const std::vector<double>& values) {
    // those of a vector objective, or one coordinate of l_1, may be open
    const bool open = problem.vector || problem.ball.norm == Norm::l1;
    return std::all_of(values.begin(), values.end(),
                       [&](double v) { return in_range(open ? std::abs(v) : v); });
  };
  return in_range(multipliers.zeta) && in_range(sum(multipliers.gamma)) && all_in_range(multipliers.gamma) &&
         std::all_of(multipliers.lam.begin(), multipliers.lam.end(), all_in_range);
}

bool conclude(const problem::Problem& problem, Certificate& certificate) {
  Multipliers& m = certificate.multipliers;
  if (problem.vector) m.zeta = 0.25;  // |F V|^2 <= gamma is the pair (zeta, gamma) = (1/4, gamma)
  certificate.bound = 2.0 * std::sqrt(m.zeta * sum(m.gamma)) * (1.0 + final_rounding);
  return std::isfinite(certificate.bound);
}

bool conclude(const problem::Ball& ball, std::vector<double> diagonal, Certificate& certificate) {
  for (double& entry : diagonal) {
    // below zero, rounding has eaten the entry: it proves nothing
    if (!std::isfinite(entry) || entry < 0.0) return false;
    entry = std::max(entry, least_gamma);
    // bound_j = 2 sqrt(zeta (-Q_0)_jj)
    certificate.coordinates.push_back(2.0 * std::sqrt(certificate.multipliers.zeta * entry) *
                                      (1.0 + final_rounding));
  }
  certificate.bound = problem::dual_norm(ball, certificate.coordinates);
  certificate.multipliers.gamma = std::move(diagonal);
  return true;
}

BlockCertifier::BlockCertifier(backend::Backend& backend, std::vector<operators::LinearMap<double>>& maps,
                               const std::vector<problem::LayerSlopes>& slopes)
    : workspace_(backend), maps_(maps), slopes_(slopes) {}

std::optional<Certificate> BlockCertifier::certify(const problem::Problem& problem,
                                                   const Multipliers& multipliers, double d,
                                                   const std::function<bool()>& gives_up) {
  Certificate certificate;
  certificate.multipliers = inflate(multipliers, d);
  certificate.inflation = d;
  auto& [lam, gamma, zeta, may_rise] = certificate.multipliers;
  if (!are_in_range(problem, certificate.multipliers) ||
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

  const double outweigh =
      problem.vector
          ? 0.0
          : std::min(outweighing, std::pow(10.0, most_growth / static_cast<double>(slopes_.size())));
  for (std::size_t k = slopes_.size(); k-- > 0;) {
    if (gives_up && gives_up()) return std::nullopt;
    // Q_{k-1} = Y - X' K^-1 X
    form.close(slopes_[k], problem.slope_set, outweigh, lam[k]);
    if (!form.eliminate(slopes_[k], problem.slope_set, may_rise, lam[k])) return std::nullopt;
    form.pull_back(maps_[k]);
  }

  if (problem.ball.norm == Norm::l1) {
    if (!conclude(problem.ball, form.negative_diagonal(), certificate)) return std::nullopt;
    return certificate;
  }

  // mu = largest eigenvalue of D^-1/2 (-Q_0) D^-1/2, with D = Diag(gamma) for l_inf
  const bool by_input = problem.ball.norm == Norm::linf;
  if (by_input) {
    std::vector<double> scale(gamma);
    for (double& s : scale) s = 1.0 / std::sqrt(s);
    form.scale(scale);
  }
  const Index n = form.write_negative_gram();
  const std::optional<double> largest = largest_eigenvalue_bound(workspace_, n);
  if (!largest || !std::isfinite(*largest) || *largest < 0.0) return std::nullopt;
  const double mu = std::max(*largest, least_gamma);

  // gamma is worth mu times as much; l_2: D = I
  if (by_input) {
    for (double& entry : gamma) entry *= mu;
  } else {
    gamma = {mu};
  }
  return conclude(problem, certificate) ? std::optional(std::move(certificate)) : std::nullopt;
}

}  // namespace geolip::certificate
