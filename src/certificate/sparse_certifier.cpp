#include <certificate/sparse_certifier.hpp>
#include <network/at.hpp>

#include <kernels/row_math.hpp>

#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>

namespace geolip::certificate {
namespace {

// Of gamma: what a second factorisation has to save to be made, at least as much as the inflation costs, and how far
// it stays from where M turns singular.
constexpr double worth_saving = 1e-6;
constexpr double distance = 1e-3;
// Lanczos steps, and the change of the eigenvalue at which they end.
constexpr int most_savings = 2;
constexpr int most_steps = 12;
constexpr double settled = 1e-2;
// l_1: columns that are solved for together.
constexpr Index columns_at_once = 64;

SparseMatrix eliminated(const SparseSystem& system, const problem::Ball& ball) {
  if (ball.norm != Norm::l1) return system.pattern();
  const Index n = system.variables() - system.inputs();
  return system.pattern().bottomRightCorner(n, n);
}

std::vector<Index> last_of(const SparseSystem& system, const problem::Ball& ball) {
  if (ball.norm != Norm::l1) return system.last();
  std::vector<Index> last;
  for (const Index variable : system.last()) {
    if (variable >= system.inputs()) last.push_back(variable - system.inputs());
  }
  return last;
}

}  // namespace

SparseAnalysis::SparseAnalysis(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes,
                               const problem::Problem& problem)
    : system(chain, slopes, problem.slope_set, problem.vector),
      cholesky(eliminated(system, problem.ball), last_of(system, problem.ball)) {}

double SparseAnalysis::multiplications() const {
  const bool without_inputs = cholesky.size() < system.variables();
  return cholesky.multiplications() +
         (without_inputs ? static_cast<double>(system.inputs()) * cholesky.entries() : 0.0);
}

void SparseAnalyses::set_scaling(const problem::Scaling& scaling) {
  scaling_ = scaling;
  for (const auto& [kind, analysis] : made_) analysis->system.set_scaling(scaling);
}

bool SparseAnalyses::keep_numbers() const {
  return std::all_of(made_.begin(), made_.end(),
                     [](const auto& made) { return made.second->system.keeps_numbers(); });
}

SparseAnalysis& SparseAnalyses::of(const problem::Problem& problem) {
  std::unique_ptr<SparseAnalysis>& found =
      made_[{problem.slope_set, problem.vector, problem.ball.norm == Norm::l1}];
  if (found == nullptr) {
    found = std::make_unique<SparseAnalysis>(chain_, slopes_, problem);
    if (scaling_) found->system.set_scaling(*scaling_);
  }
  return *found;
}

void SparseAnalyses::release() {
  for (const auto& [kind, analysis] : made_) analysis->cholesky.release();
}

void SparseCertifier::release_memory() { analyses_.release(); }

std::optional<Certificate> SparseCertifier::certify(const problem::Problem& problem,
                                                    const Multipliers& multipliers, double d,
                                                    const std::function<bool()>& gives_up) {
  Certificate certificate;
  certificate.multipliers = inflate(multipliers, d);
  certificate.inflation = d;
  Multipliers& inflated = certificate.multipliers;
  for (std::vector<double>& layer : inflated.lam) {
    for (double& lam : layer) lam = std::abs(lam);
  }
  if (!are_in_range(problem, inflated) || (gives_up && gives_up())) return std::nullopt;

  analysis_ = &analyses_.of(problem);
  if (!analysis_->system.keeps_numbers()) return std::nullopt;
  if (problem.ball.norm == Norm::l1) {
    std::vector<double> diagonal = negative_diagonal(problem, inflated);
    if (diagonal.empty() || !conclude(problem.ball, std::move(diagonal), certificate)) return std::nullopt;
    return certificate;
  }
  // gamma of the sweep, inflated as the others are; one for each input
  const double t = inflation_factors(static_cast<Index>(multipliers.lam.size()), d).back();
  const bool by_input = problem.ball.norm == Norm::linf;
  std::vector<double> gamma(static_cast<std::size_t>(analysis_->system.inputs()), multipliers.gamma.front());
  if (by_input) gamma = multipliers.gamma;
  for (double& g : gamma) g *= t;
  if (!factor(analysis_->system.form(problem, inflated, gamma))) return std::nullopt;

  double gain = largest_gain(gamma);
  for (int i = 0; i < most_savings && gain > std::max(worth_saving, d) && !(gives_up && gives_up()); ++i) {
    std::vector<double> less(gamma);
    for (double& g : less) g *= 1.0 - gain * (1.0 - distance);
    if (factor(analysis_->system.form(problem, inflated, less))) {
      gamma = std::move(less);
      break;
    }
    gain *= 0.5;  // Lanczos has not seen all of it
  }
  inflated.gamma = by_input ? std::move(gamma) : std::vector<double>{gamma.front()};
  return conclude(problem, certificate) ? std::optional(std::move(certificate)) : std::nullopt;
}

/// Factors a matrix once it is scaled to unit diagonal.
bool SparseCertifier::factor(SparseMatrix m) {
  scale_.assign(static_cast<std::size_t>(m.cols()), 0.0);
  const auto diagonal = [&](Index j) -> double& { return m.valuePtr()[m.outerIndexPtr()[j + 1] - 1]; };
  for (Index j = 0; j < m.cols(); ++j) {
    if (!(diagonal(j) > 0.0) || !std::isfinite(diagonal(j))) return false;
    at(scale_, j) = 1.0 / std::sqrt(diagonal(j));
  }
  for (Index j = 0; j < m.cols(); ++j) {
    for (SparseMatrix::InnerIterator entry(m, j); entry; ++entry) {
      entry.valueRef() *= at(scale_, j) * at(scale_, entry.row());
      if (!std::isfinite(entry.value())) return false;
    }
    diagonal(j) = 1.0;
  }
  return analysis_->cholesky.factor(m);
}

/// l_1: the diagonal of -Q_0, what is left on the inputs when all else is eliminated; empty if that cannot be.
std::vector<double> SparseCertifier::negative_diagonal(const problem::Problem& problem,
                                                       const Multipliers& multipliers) {
  const Index inputs = analysis_->system.inputs();
  const Index n = analysis_->system.variables() - inputs;
  const SparseMatrix m = analysis_->system.form(problem, multipliers,
                                                std::vector<double>(static_cast<std::size_t>(inputs), 0.0));
  if (!factor(m.bottomRightCorner(n, n))) return {};
  const SparseMatrix across = SparseMatrix(m.topRightCorner(inputs, n)).transpose();
  std::vector<double> result;
  for (Index first = 0; first < inputs; first += columns_at_once) {
    const Index count = std::min(columns_at_once, inputs - first);
    std::vector<double> b(static_cast<std::size_t>(n * count), 0.0);
    for (Index j = 0; j < count; ++j) {
      for (SparseMatrix::InnerIterator entry(across, first + j); entry; ++entry)
        at(b, j * n + entry.row()) = at(scale_, entry.row()) * entry.value();
    }
    analysis_->cholesky.solve_lower(b, count);
    for (Index j = 0; j < count; ++j) {
      const auto own = std::span(b).subspan(static_cast<std::size_t>(j * n), static_cast<std::size_t>(n));
      const double square =
          std::transform_reduce(own.begin(), own.end(), 0.0, std::plus<>(), [](double x) { return x * x; });
      result.push_back(square - m.coeff(first + j, first + j));
    }
  }
  return result;
}

/// The largest t for which M - t Diag(gamma) is positive semidefinite, about: one over the largest eigenvalue of
/// Diag(gamma)^1/2 M^-1 Diag(gamma)^1/2, by a few steps of Lanczos.
double SparseCertifier::largest_gain(const std::vector<double>& gamma) {
  const std::size_t inputs = gamma.size();
  const auto n = scale_.size();
  Eigen::VectorXd v(static_cast<Index>(inputs));
  for (std::size_t j = 0; j < inputs; ++j) v[static_cast<Index>(j)] = kernels::normal(1, 1, j);
  v.normalize();
  std::vector<Eigen::VectorXd> basis;
  std::vector<double> diagonal;
  std::vector<double> beside;
  double last = 0.0;
  std::vector<double> x(n);
  for (int step = 0; step < std::min<int>(most_steps, static_cast<int>(inputs)); ++step) {
    basis.push_back(v);
    std::fill(x.begin(), x.end(), 0.0);
    for (std::size_t j = 0; j < inputs; ++j)
      x[j] = scale_[j] * std::sqrt(gamma[j]) * v[static_cast<Index>(j)];
    analysis_->cholesky.solve(x, 1);
    Eigen::VectorXd w(static_cast<Index>(inputs));
    for (std::size_t j = 0; j < inputs; ++j)
      w[static_cast<Index>(j)] = scale_[j] * std::sqrt(gamma[j]) * x[j];
    diagonal.push_back(w.dot(v));
    for (int pass = 0; pass < 2; ++pass) {
      for (const Eigen::VectorXd& b : basis) w -= w.dot(b) * b;
    }
    const Eigen::VectorXd off =
        Eigen::Map<const Eigen::VectorXd>(beside.data(), static_cast<Index>(beside.size()));
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> tridiagonal;
    tridiagonal.computeFromTridiagonal(
        Eigen::Map<const Eigen::VectorXd>(diagonal.data(), static_cast<Index>(diagonal.size())), off,
        Eigen::EigenvaluesOnly);
    const double largest = tridiagonal.eigenvalues().maxCoeff();
    const double length = w.norm();
    if (!(largest - last > settled * largest) || !(length > 1e-12 * largest)) {
      last = std::max(last, largest);
      break;
    }
    last = largest;
    beside.push_back(length);
    v = w / length;
  }
  return last > 0.0 ? std::min(1.0, 1.0 / last) : 0.0;
}

}  // namespace geolip::certificate
