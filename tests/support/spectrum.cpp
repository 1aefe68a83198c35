#include <support/spectrum.hpp>

#include <Eigen/Dense>

namespace geolip::test {

Eigen::VectorXd symmetric_eigenvalues(const Eigen::MatrixXd& m) {
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(m, Eigen::EigenvaluesOnly).eigenvalues();
}

double spectral_norm(const Eigen::MatrixXd& m) {
  return Eigen::JacobiSVD<Eigen::MatrixXd>(m).singularValues()(0);
}

Eigen::MatrixXd orthogonal_basis(const Eigen::MatrixXd& m) {
  return Eigen::HouseholderQR<Eigen::MatrixXd>(m).householderQ();
}

Eigen::MatrixXd solve_definite(const Eigen::MatrixXd& m, const Eigen::MatrixXd& b) {
  return m.llt().solve(b);
}

}  // namespace geolip::test
