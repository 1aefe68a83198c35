#include <baselines/spectral_norm.hpp>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include <baselines/scaled.hpp>

namespace geolip::baselines {
namespace {

// Allowance for the eigenvalue solver, in roundings of the matrix' norm for each of its rows. The solver is
// backward stable, and its error in practice below one such rounding.
constexpr double eigenvalue_roundings = 32.0;
// The eigenvalue solver's time grows with the cube of the order: 20 s at this one, half an hour at four times
// as much.
constexpr Eigen::Index largest_order = 4096;

/// sqrt(|b|_1 |b|_inf), rounded up.
double norm_of_sums(const Eigen::MatrixXd& b) {
  const double columns = b.cwiseAbs().colwise().sum().maxCoeff();
  const double rows = b.cwiseAbs().rowwise().sum().maxCoeff();
  return up(std::sqrt(multiply_up(inflate(columns, 2.0 * static_cast<double>(b.rows())),
                                  inflate(rows, 2.0 * static_cast<double>(b.cols())))));
}

}  // namespace

bool has_exact_norm(Eigen::Index rows, Eigen::Index cols) { return std::min(rows, cols) <= largest_order; }

std::optional<double> largest_gram_eigenvalue(const Eigen::MatrixXd& b) {
  const bool wide = b.cols() > b.rows();
  const Eigen::MatrixXd gram = wide ? Eigen::MatrixXd(b * b.transpose()) : Eigen::MatrixXd(b.transpose() * b);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram, Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success) return std::nullopt;
  return std::max(0.0, solver.eigenvalues().maxCoeff());
}

double spectral_norm_up(const Eigen::MatrixXd& b, double entry_roundings) {
  if (b.size() == 0) return 0.0;
  const auto size = static_cast<double>(b.size());
  const double frobenius_squared = inflate(b.squaredNorm(), 2.0 * size);
  const double frobenius = up(std::sqrt(frobenius_squared));
  // ||T|| <= ||b|| + ||T - b||_F
  const double entries = inflate(frobenius * entry_roundings * unit_roundoff, 4.0);

  double norm = frobenius;
  if (!has_exact_norm(b.rows(), b.cols())) {
    norm = std::min(norm, norm_of_sums(b));
  } else if (const std::optional<double> largest = largest_gram_eigenvalue(b)) {
    // |fl(b b') - b b'| <= gamma |b||b|', whose norm is at most gamma ||b||_F^2; the same scale bounds gram
    const auto inner = static_cast<double>(std::max(b.rows(), b.cols()));
    const auto order = static_cast<double>(std::min(b.rows(), b.cols()));
    const double roundings = 2.0 * (inner + 8.0) + eigenvalue_roundings * order;
    norm = std::min(norm, std::sqrt(up(*largest + up(frobenius_squared * roundings * unit_roundoff))));
  }
  return inflate(norm + entries, 8.0);
}

}  // namespace geolip::baselines
