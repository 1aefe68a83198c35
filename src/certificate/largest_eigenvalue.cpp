#include <certificate/largest_eigenvalue.hpp>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>

namespace geolip::certificate {
namespace {

using backend::Buffer;
using backend::View;

// Steps at the most, and between two looks at what they have found; the change between two looks that ends
// them.
constexpr Index lanczos_steps = 60;
constexpr Index look_steps = 10;
constexpr double settled_change = 1e-12;
// Margins over the Ritz value that are tried in turn.
constexpr double first_margin = 1e-10;
constexpr double last_margin = 1.0;
constexpr double margin_growth = 10.0;

/// Largest eigenvalue of the tridiagonal matrix with this diagonal, and beta beside it.
double largest_of_tridiagonal(const Eigen::VectorXd& alpha, const Eigen::VectorXd& beta) {
  if (!alpha.allFinite()) return std::nan("");
  // The solver's test for small off-diagonal entries is meant for matrices of about unit size.
  const double size = alpha.cwiseAbs().maxCoeff();
  if (size == 0.0) return 0.0;
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
  solver.computeFromTridiagonal(alpha / size, beta / size, Eigen::EigenvaluesOnly);
  return solver.eigenvalues().maxCoeff() * size;
}

/// Largest Ritz value of a Krylov space of the full symmetric matrix g, with full reorthogonalisation.
double ritz_value(backend::Backend& backend, View<double> g) {
  const Index n = g.rows;
  const Index steps = std::min(n, lanczos_steps);
  Eigen::MatrixXd basis(n, steps);
  Eigen::VectorXd q(n);
  for (Index i = 0; i < n; ++i) q[i] = kernels::normal(0, 0, static_cast<std::uint64_t>(i));
  q.normalize();
  Eigen::VectorXd alpha(steps);
  Eigen::VectorXd beta(steps);
  Buffer<double> x(backend, n, 1);
  Buffer<double> y(backend, n, 1);
  double ritz = 0.0;
  for (Index done = 1; done <= steps; ++done) {
    basis.col(done - 1) = q;
    backend.upload(x.data(), q.data(), static_cast<std::size_t>(n) * sizeof(double));
    backend.in<double>().multiply(g, x.view(), y.view());
    Eigen::VectorXd next(n);
    backend.download(next.data(), y.data(), static_cast<std::size_t>(n) * sizeof(double));
    alpha[done - 1] = q.dot(next);
    const double before = next.norm();
    const auto known = basis.leftCols(done);
    for (int pass = 0; pass < 2; ++pass) next -= known * (known.transpose() * next);
    beta[done - 1] = next.norm();
    const bool invariant = !(beta[done - 1] > 1e-13 * before);
    if (invariant || done == steps || done % look_steps == 0) {
      const double last = ritz;
      ritz = largest_of_tridiagonal(alpha.head(done), beta.head(done - 1));
      // also ends where it is no number
      if (invariant || !(std::abs(ritz - last) > settled_change * ritz)) break;
    }
    q = next / beta[done - 1];
  }
  return ritz;
}

}  // namespace

std::optional<double> largest_eigenvalue_bound(Workspace& workspace, Index n) {
  backend::Backend& backend = workspace.backend;
  const View<double> g = workspace.pivot.take(n, n);
  backend.symmetrise(g);
  if (n == 1) return backend::download_diagonal(backend, g).front();
  const double ritz = ritz_value(backend, g);
  if (!(ritz >= 0.0) || !std::isfinite(ritz)) return std::nullopt;
  if (ritz == 0.0) {
    // a matrix of zeros, as when no path leads to the input; anything else is refused
    std::vector<double> squares(static_cast<std::size_t>(n));
    backend.row_squares(g, squares.data());
    const bool zero = std::all_of(squares.begin(), squares.end(), [](double s) { return s == 0.0; });
    return zero ? std::optional<double>(0.0) : std::nullopt;
  }
  const View<double> test = workspace.after_the_form().take(n, n);
  for (double margin = first_margin; margin <= last_margin; margin *= margin_growth) {
    const double mu = ritz * (1.0 + margin);
    const Buffer<double> shift(backend, std::vector<double>(static_cast<std::size_t>(n), mu));
    backend.in<double>().combine(-1.0, g, 0.0, test);
    backend.in<double>().combine(1.0, shift.view(), 1.0, backend::diagonal_of(test));
    // A factorisation that succeeds in floating point proves the matrix positive definite up to its rounding.
    if (backend.cholesky(test)) return mu * (1.0 + 8.0 * static_cast<double>(n) * 0x1p-53);
  }
  return std::nullopt;
}

}  // namespace geolip::certificate
