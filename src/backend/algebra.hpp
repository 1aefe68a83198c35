/// \file
/// The algebra of the certificate, in float64; what it does entry by entry and its products are those of the
/// sweeps (sweep_kernels.hpp).
#pragma once

#include <backend/view.hpp>

namespace geolip::backend {

class Algebra {
 public:
  Algebra() = default;
  Algebra(const Algebra&) = delete;
  Algebra& operator=(const Algebra&) = delete;
  Algebra(Algebra&&) = delete;
  Algebra& operator=(Algebra&&) = delete;
  virtual ~Algebra() = default;

  /// Lower triangle of C = alpha A A' + beta C (beta 0: C is only written)
  virtual void syrk(double alpha, ConstView<double> a, double beta, View<double> c) = 0;
  /// Lower triangle of C = alpha A' A + beta C (beta 0: C is only written)
  virtual void syrk_transposed(double alpha, ConstView<double> a, double beta, View<double> c) = 0;
  /// A = L L' in place, where the lower triangle of A is given. The upper triangle is never read, and
  /// undefined afterwards. False if a pivot is not positive or not a number (A is then left half factored).
  virtual bool cholesky(View<double> a) = 0;
  /// B = B L^-T for a lower triangular L
  virtual void solve_right_transposed(ConstView<double> l, View<double> b) = 0;
  /// B = A' Diag(d), B = A' where d is null
  virtual void transpose(ConstView<double> a, const double* d, View<double> b) = 0;
  /// A(i, j) = A(j, i) for i < j: copies the lower triangle to the upper.
  virtual void symmetrise(View<double> a) = 0;
  /// square_i = |X(i, :)|^2, to the host
  virtual void row_squares(ConstView<double> x, double* square) = 0;
};

}  // namespace geolip::backend
