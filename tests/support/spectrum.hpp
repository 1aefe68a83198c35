/// \file
/// Eigen's dense decompositions, compiled once for all tests.
#pragma once

#include <Eigen/Core>

namespace geolip::test {

/// Eigenvalues of a symmetric matrix, ascending.
Eigen::VectorXd symmetric_eigenvalues(const Eigen::MatrixXd& m);

/// Largest singular value.
double spectral_norm(const Eigen::MatrixXd& m);

/// An orthogonal basis of the columns of a square matrix.
Eigen::MatrixXd orthogonal_basis(const Eigen::MatrixXd& m);

/// m^-1 b for a symmetric positive definite m.
Eigen::MatrixXd solve_definite(const Eigen::MatrixXd& m, const Eigen::MatrixXd& b);

}  // namespace geolip::test
