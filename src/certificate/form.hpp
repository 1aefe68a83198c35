/// \file
/// The quadratic form that the certificate carries from the output back to the input.
#pragma once

#include <operators/linear_map.hpp>
#include <problem/slopes.hpp>

#include <vector>

namespace geolip::certificate {

/// Memory of the quadratic sweep, kept between certificates.
struct Workspace {
  explicit Workspace(backend::Backend& backend_)
      : backend(backend_), pivot(backend_), even(backend_), odd(backend_), spare(backend_) {}

  void release() {
    for (backend::Scratch<double>* scratch : {&pivot, &even, &odd, &spare}) scratch->release();
  }

  /// Memory for another matrix once no form needs its factor any more.
  backend::Scratch<double>& after_the_form() { return even.capacity() > odd.capacity() ? even : odd; }

  backend::Backend& backend;
  backend::Scratch<double> pivot;  ///< K, then its Cholesky factor; at the end the Gram matrix at the input
  backend::Scratch<double> even;   ///< factors R, alternating with
  backend::Scratch<double> odd;    ///< this one
  backend::Scratch<double> spare;  ///< dense P in transit
};

/// Whether a layer of n rows, whose form has `columns` columns, is eliminated by them and not by its own
/// matrix; `mixed`: some of its rows are folded, or the form has a P.
bool by_columns(Index n, Index columns, bool mixed);

/// Q = P - R R' on a tensor of n coordinates (M14). P is absent, diagonal or dense; R is n x m, or diagonal,
/// or both side by side, and may still lack a solve: R = X L^-T with the Cholesky factor L of the layer just
/// eliminated. Networks of ReLUs alone never have a P, and then no subtraction, hence no cancellation, happens
/// anywhere between the pivots.
class Form {
 public:
  explicit Form(Workspace& workspace) : ws_(workspace) {}

  /// Q = -x x'
  void set_column(const std::vector<double>& x);
  /// Q = -Diag(d)^2
  void set_diagonal_factor(std::vector<double> d);

  /// Q <- B' Q B
  void pull_back(operators::LinearMap<double>& map);
  /// Gives open multipliers (negative ones) a value, for the eliminate() that follows: so many times what is left on
  /// their neurons, or with `outweigh` = 0 the one that costs least (M35).
  void close(const problem::LayerSlopes& slopes, Index set, double outweigh, std::vector<double>& lam) const;
  /// From the activation's output v to its input w, with v eliminated for neurons with h > 0 and folded, v =
  /// c w, where h = 0. `may_rise`: whether a multiplier far too small for what is left on its neuron is raised to (M35).
  /// False if the pivot block K is not positive definite.
  bool eliminate(const problem::LayerSlopes& slopes, Index set, bool may_rise, std::vector<double>& lam);
  /// Q <- Diag(d) Q Diag(d)
  void scale(const std::vector<double>& d);
  /// The diagonal of -Q. The factor must not lack a solve.
  std::vector<double> negative_diagonal() const;
  /// Writes the lower triangle of a matrix with the nonzero eigenvalues of -Q to workspace.pivot; returns its
  /// size: the smaller of the two Gram matrices of R where P is absent.
  Index write_negative_gram();

 private:
  enum class Shape { none, diagonal, dense, diagonal_and_dense };
  struct Pivot;

  backend::View<double> other(Index rows, Index cols);
  backend::View<double> write_form();
  bool factor(backend::View<double> k, const Pivot& pivot);
  bool eliminate_by_columns(const problem::LayerSlopes& slopes, Index set, const std::vector<double>& lam);
  backend::Buffer<double> pulled_dense(operators::LinearMap<double>& map);

  Workspace& ws_;
  Index size_ = 0;
  Shape r_shape_ = Shape::none;
  std::vector<double> r_diagonal_;
  backend::View<double> r_;  // in ws_.even or ws_.odd
  bool r_in_even_ = true;
  backend::View<double> pending_;  // L in ws_.pivot while R lacks its solve, else empty
  Shape p_shape_ = Shape::none;
  std::vector<double> p_diagonal_;
  backend::Buffer<double> p_;
};

}  // namespace geolip::certificate
