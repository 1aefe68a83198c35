/// \file
/// The operations of a sweep.
#pragma once

#include <backend/columns.hpp>
#include <backend/view.hpp>
#include <kernels/row_math.hpp>
#include <kernels/window.hpp>

#include <cstdint>

namespace geolip::backend {

/// Operations in one arithmetic T (float or double). Matrices do not overlap but where it is said.
template <class T>
class Kernels {
 public:
  Kernels() = default;
  Kernels(const Kernels&) = delete;
  Kernels& operator=(const Kernels&) = delete;
  Kernels(Kernels&&) = delete;
  Kernels& operator=(Kernels&&) = delete;
  virtual ~Kernels() = default;

  // ---- linear maps --------------------------------------------------------------------------------------
  /// C = A B
  virtual void multiply(ConstView<T> a, ConstView<T> b, View<T> c) = 0;
  /// C = A' B
  virtual void multiply_transposed(ConstView<T> a, ConstView<T> b, View<T> c) = 0;
  /// Y(i, :) = sum_k value_k X(column_k, :) over the entries k of row i of A
  virtual void multiply_sparse(const SparseRows<T>& a, ConstView<T> x, View<T> y) = 0;
  /// U((channel, tap), (p, :)) = X(row that the tap meets at position p, :), 0 outside the image, for `count`
  /// positions p from `first` on. U is (channels taps) x (count columns of X).
  virtual void unfold(const kernels::Window& window, Index first, Index count, ConstView<T> x, View<T> u) = 0;
  /// Its transpose: X(i, :) = sum of U at all places that unfold() copies row i to; X(i, :) += ... if `add`.
  virtual void fold(const kernels::Window& window, Index first, Index count, ConstView<T> u, bool add,
                    View<T> x) = 0;
  /// W(i, columns of b) = a_ib X(0, columns of b): the first map of l_1, whose input is one coordinate.
  virtual void spread_column(const Columns& columns, ConstView<T> a, ConstView<T> x, View<T> w) = 0;
  /// X(0, columns of b) = sum_i a_ib W(i, columns of b): its adjoint.
  virtual void collect_column(const Columns& columns, ConstView<T> a, ConstView<T> w, View<T> x) = 0;

  // ---- entry by entry -----------------------------------------------------------------------------------
  /// Y = alpha X + beta Y. With beta 0, Y is only written; with alpha 0, X is not read.
  virtual void combine(T alpha, ConstView<T> x, T beta, View<T> y) = 0;
  /// Y = 0
  void clear(View<T> y) { combine(T(0), y, T(0), y); }
  /// Y(i, :) = d_i X(i, :); X and Y may be the same.
  virtual void scale_rows(const T* d, ConstView<T> x, View<T> y) = 0;
  /// Y = Diag(r) X Diag(c), rounded to T at the end; X and Y may be the same.
  virtual void scale(const double* r, ConstView<double> x, const double* c, View<T> y) = 0;
  /// Y(:, j) = X(:, index_j), 0 where index_j < 0
  virtual void gather_columns(const std::int32_t* index, ConstView<T> x, View<T> y) = 0;
  /// X(i, j) += scale noise(stream_key(seed, stream), i * cols + j) in the columns j with mask_j != 0
  virtual void add_noise(T scale, std::uint64_t seed, std::uint64_t stream, const std::int32_t* mask,
                         View<T> x) = 0;

  // ---- neurons, unit vectors, objectives (docs/method.md, section 3) ------------------------------------
  /// rho = row norms of w for each problem;  v = c w + h rho s_hat. An empty rho (all of rank one) is not
  /// kept.
  virtual void forward_rows(const Columns& columns, const Slopes<T>& slopes, ConstView<T> w,
                            ConstView<T> s_hat, View<T> rho, View<T> v) = 0;
  /// state.g = |G|;  s = G / |G|;  s_hat = s extrapolated with the problem's momentum, normalised;
  /// G = c G + h (|G| / rho) w. Where rho is empty (all of rank one), it is |w|.
  virtual void backward_rows(const Columns& columns, const Slopes<T>& slopes,
                             const kernels::Momentum* momentum, ConstView<T> w, ConstView<T> rho,
                             const RowState<T>& state, View<T> g) = 0;
  /// The input's unit vectors: state.g, s and s_hat as in backward_rows(); G is only read.
  virtual void backward_input(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                              const RowState<T>& state) = 0;
  /// s_hat = s_hat / |s_hat|, the first unit vector where that is 0, and s = s_hat: a starting point.
  virtual void normalise(const Columns& columns, const RowState<T>& state) = 0;
  /// value_b = <e, sum_i u_ib Y_i>, e the first unit vector, or |Y|^2 where vector[b] != 0, and its gradient
  /// G. u is outputs x problems. What `history` keeps is brought up to date with it.
  virtual void objective(const Columns& columns, ConstView<double> u, const std::int32_t* vector,
                         ConstView<T> y, View<T> g, double* value, const kernels::History& history) = 0;
  /// Y(i, b K + j) = +1 or -1, the sign of <s_hat(i, columns of b), D(columns of b, j)>; D is columns x K.
  virtual void project_signs(const Columns& columns, ConstView<T> s_hat, ConstView<T> d, View<T> y) = 0;
};

}  // namespace geolip::backend
