#include <certificate/dense_form.hpp>

#include <support/spectrum.hpp>

namespace geolip::test {

DenseForm::DenseForm(const Network& network, const Prepared& setup, const certificate::Multipliers& m,
                     const problem::Problem& problem) {
  const std::vector<MatrixXd> weights = dense_weights(network);
  eliminated_ = problem.vector ? 0 : 1;
  for (const auto& layer : setup.slopes) {
    eliminated_ += (half_widths(layer, problem.slope_set).array() > 0.0).count();
  }
  const Index inputs = weights.front().cols();
  const Index size = eliminated_ + inputs;
  matrix_ = MatrixXd::Zero(size, size);
  // each tensor as a linear function of the variables
  MatrixXd v = MatrixXd::Zero(inputs, size);
  v.rightCols(inputs).setIdentity();
  Index next = problem.vector ? 0 : 1;
  for (std::size_t k = 0; k < setup.slopes.size(); ++k) {
    const MatrixXd w = weights[k] * v;
    v = centres(setup.slopes[k], problem.slope_set).asDiagonal() * w;
    for (Index i = 0; i < v.rows(); ++i) {
      const double h = setup.slopes[k].half_width(i, problem.slope_set);
      if (h <= 0.0) continue;
      // lam (|v - c w|^2 - h^2 |w|^2)
      Eigen::RowVectorXd difference = -v.row(i);
      difference[next] += 1.0;
      const double lam = m.lam[k][static_cast<std::size_t>(i)];
      matrix_ += lam * (difference.transpose() * difference - h * h * w.row(i).transpose() * w.row(i));
      v.row(i).setZero();
      v(i, next++) = 1.0;
    }
  }
  const MatrixXd y = weights.back() * v;
  if (problem.vector) {
    matrix_ -= y.transpose() * y;
  } else {
    matrix_(0, 0) += m.zeta;
    const Eigen::RowVectorXd objective = to_eigen(problem.row.dense()).transpose() * y;
    matrix_.row(0) -= 0.5 * objective;
    matrix_.col(0) -= 0.5 * objective.transpose();
  }
}

double DenseForm::least_pivot() const {
  if (eliminated_ == 0) return 1.0;
  const MatrixXd block = matrix_.topLeftCorner(eliminated_, eliminated_);
  if (block.diagonal().minCoeff() <= 0.0) return -1.0;
  const Eigen::VectorXd scale = block.diagonal().cwiseSqrt().cwiseInverse();
  const MatrixXd unit = scale.asDiagonal() * block * scale.asDiagonal();
  return symmetric_eigenvalues(unit).minCoeff();
}

Eigen::MatrixXd DenseForm::negative_rest() const {
  const Index inputs = matrix_.rows() - eliminated_;
  MatrixXd rest = -matrix_.bottomRightCorner(inputs, inputs);
  if (eliminated_ > 0) {
    const MatrixXd coupling = matrix_.topRightCorner(eliminated_, inputs);
    rest += coupling.transpose() * solve_definite(matrix_.topLeftCorner(eliminated_, eliminated_), coupling);
  }
  return rest;
}

bool DenseForm::feasible(const Eigen::VectorXd& gamma, double slack) const {
  MatrixXd full = matrix_;
  for (Index j = 0; j < gamma.size(); ++j) full(eliminated_ + j, eliminated_ + j) += gamma[j];
  if (full.diagonal().minCoeff() < 0.0) return false;
  const Eigen::VectorXd scale = full.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  const MatrixXd unit = scale.asDiagonal() * full * scale.asDiagonal();
  return symmetric_eigenvalues(unit).minCoeff() >= -slack;
}

}  // namespace geolip::test
