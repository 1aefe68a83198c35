/// \file
/// The quadratic form M of docs/method.md (M13) as one dense matrix, and what it proves.
#pragma once

#include <certificate/certificate.hpp>
#include <support/prepared.hpp>

namespace geolip::test {

/// M over (e; v_1 .. v_L where h > 0; x), without gamma. A neuron with h = 0 is c w, not a variable.
class DenseForm {
 public:
  using MatrixXd = Eigen::MatrixXd;

  DenseForm(const Network& network, const Prepared& setup, const certificate::Multipliers& m,
            const problem::Problem& problem);

  /// Smallest eigenvalue of the block of e and v, scaled to unit diagonal; -1 if its diagonal is not
  /// positive.
  double least_pivot() const;

  /// -Q_0, what is left on x when e and v are minimised over.
  MatrixXd negative_rest() const;

  /// Whether M with Diag(gamma) on x is positive semidefinite but for `slack` times its scaled diagonal.
  bool feasible(const Eigen::VectorXd& gamma, double slack) const;

 private:
  Index eliminated_;
  MatrixXd matrix_;
};

}  // namespace geolip::test
