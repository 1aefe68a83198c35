/// \file
/// The seam between the algorithms and the hardware: everything that touches numbers in bulk.
///
/// A backend is a queue of work on a device, for one thread at a time: results come in the order in which
/// they were asked for. Where a device can do with several queues, fork() makes more.
///
/// Matrices are row-major (View). All sums are taken in an order that depends on shapes alone, so that a
/// computation repeated on the same device gives the same bits, whatever the number of threads.
#pragma once

#include <backend/columns.hpp>
#include <backend/view.hpp>
#include <kernels/row_math.hpp>
#include <kernels/window.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace geolip::backend {

/// What a sweep keeps of one block of unit vectors (a layer's s, or the input X).
///
/// Where all problems have rank one, a row's unit vectors are signs, which no extrapolation changes: then `s`
/// may be `s_hat` itself, and `g` empty if the norms are not wanted. For the input ball the former means that
/// nothing is extrapolated; its norms are kept in any case.
template <class T>
struct RowState {
  View<T> s;      ///< n x columns: last block maximiser
  View<T> s_hat;  ///< n x columns: extrapolated point that the forward pass uses
  View<T> g;      ///< n x problems (input ball: 1 x problems): norms |G|
};

/// A sparse matrix by its rows, in the backend's memory: row i has the entries offset[i] .. offset[i + 1]
/// - 1.
template <class T>
struct SparseRows {
  const Index* offset = nullptr;
  const Index* column = nullptr;
  const T* value = nullptr;
  Index entries = 0;
};

/// The operations of a sweep, in one arithmetic T (float or double).
template <class T>
class Kernels {
 public:
  Kernels() = default;
  Kernels(const Kernels&) = delete;
  Kernels& operator=(const Kernels&) = delete;
  Kernels(Kernels&&) = delete;
  Kernels& operator=(Kernels&&) = delete;
  virtual ~Kernels() = default;

  /// C = A B
  virtual void multiply(ConstView<T> a, ConstView<T> b, View<T> c) = 0;
  /// C = A' B
  virtual void multiply_transposed(ConstView<T> a, ConstView<T> b, View<T> c) = 0;
  /// Y(i, :) = d_i X(i, :); X and Y may be the same.
  virtual void scale_rows(const T* d, ConstView<T> x, View<T> y) = 0;
  /// Y(i, :) = X(index_i, :)
  virtual void gather_rows(const Index* index, ConstView<T> x, View<T> y) = 0;
  /// Y = alpha X + beta Y. With beta 0, Y is only written; with alpha 0, X is not read.
  virtual void combine(T alpha, ConstView<T> x, T beta, View<T> y) = 0;
  /// Y(i, :) = sum_k value_k X(column_k, :) over the entries k of row i of A
  virtual void multiply_sparse(const SparseRows<T>& a, ConstView<T> x, View<T> y) = 0;
  /// U((channel, tap), (p, :)) = X(row that the tap meets at position p, :), 0 outside the image, for `count`
  /// positions p from `first` on. U is (channels taps) x (count columns of X).
  virtual void unfold(const kernels::Window& window, Index first, Index count, ConstView<T> x, View<T> u) = 0;
  /// Its transpose: X(i, :) = sum of U at all places that unfold() copies row i to; X(i, :) += ... if `add`.
  virtual void fold(const kernels::Window& window, Index first, Index count, ConstView<T> u, bool add,
                    View<T> x) = 0;
  /// Y(:, j) = X(:, index_j), 0 where index_j < 0
  virtual void gather_columns(const std::int32_t* index, ConstView<T> x, View<T> y) = 0;
  /// X(i, j) += scale noise(stream_key(seed, stream), i * cols + j) in the columns j with mask_j != 0
  virtual void add_noise(T scale, std::uint64_t seed, std::uint64_t stream, const std::int32_t* mask,
                         View<T> x) = 0;

  /// rho = row norms of w for each problem;  v = c w + h rho s_hat. An empty rho (all of rank one) is not
  /// kept.
  virtual void forward_rows(const Columns& columns, const Slopes<T>& slopes, ConstView<T> w,
                            ConstView<T> s_hat, View<T> rho, View<T> v) = 0;
  /// state.g = |G|;  s = G / |G|;  s_hat = s extrapolated with the problem's momentum, normalised;
  /// G = c G + h (|G| / rho) w. Where rho is empty (all of rank one), it is |w|.
  virtual void backward_rows(const Columns& columns, const Slopes<T>& slopes,
                             const kernels::Momentum* momentum, ConstView<T> w, ConstView<T> rho,
                             const RowState<T>& state, View<T> g) = 0;
  /// Input block of l_inf: as backward_rows for s, row by row of X; G is only read.
  virtual void input_rows(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                          const RowState<T>& state) = 0;
  /// Input block of l_2: each problem's columns of G are normalised as one vector. state.g is 1 x problems.
  virtual void input_ball(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                          const RowState<T>& state) = 0;
  /// s_hat normalised row by row (a row of zeros becomes the first unit vector), and s = s_hat: a starting
  /// point.
  virtual void normalise_rows(const Columns& columns, const RowState<T>& state) = 0;
  /// The same for the input block of l_2.
  virtual void normalise_ball(const Columns& columns, const RowState<T>& state) = 0;
  /// Objective of each problem at the output Y, and its gradient G there. u is outputs x problems; problem b
  /// has the objective <e, sum_i u_ib Y_i>, e the first unit vector, or |Y|^2 where vector[b] != 0. What
  /// `history` keeps is brought up to date with it.
  virtual void objective(const Columns& columns, ConstView<double> u, const std::int32_t* vector,
                         ConstView<T> y, View<T> g, double* value, const kernels::History& history) = 0;
  /// First map of an l_1 problem, whose input is one coordinate: W(i, columns of b) = a_ib X(0, columns of
  /// b).
  virtual void spread_column(const Columns& columns, ConstView<T> a, ConstView<T> x, View<T> w) = 0;
  /// Its adjoint: X(0, columns of b) = sum_i a_ib W(i, columns of b).
  virtual void collect_column(const Columns& columns, ConstView<T> a, ConstView<T> w, View<T> x) = 0;
  /// Y(i, b K + j) = +1 or -1, the sign of <s_hat(i, columns of b), D(columns of b, j)>; D is columns x K.
  virtual void project_signs(const Columns& columns, ConstView<T> s_hat, ConstView<T> d, View<T> y) = 0;
};

/// What a backend keeps of operations that are repeated.
class Repetition {
 public:
  Repetition() = default;
  Repetition(const Repetition&) = delete;
  Repetition& operator=(const Repetition&) = delete;
  Repetition(Repetition&&) = delete;
  Repetition& operator=(Repetition&&) = delete;
  virtual ~Repetition() = default;

  /// Whether the operations are played back from a recording.
  virtual bool is_recorded() const = 0;
};

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  Backend(Backend&&) = delete;
  Backend& operator=(Backend&&) = delete;
  virtual ~Backend() = default;

  /// For reports: "cpu (2 threads, OpenBLAS)".
  virtual std::string name() const = 0;

  /// Queues among which pieces of so many multiplications each are best shared out, this one included; 1
  /// where one queue keeps the device busy.
  virtual int queues(double multiplications) const = 0;
  /// Another queue on the same device. Memory of either may be used in both once the work that wrote it has
  /// been waited for (by a download, say). This backend must outlive it.
  virtual std::unique_ptr<Backend> fork() = 0;
  /// To be called by a thread before its first use of a backend that another thread made.
  virtual void enter_thread() {}

  /// The sweep's operations in arithmetic T.
  template <class T>
  Kernels<T>& in() {
    if constexpr (std::is_same_v<T, float>) {
      return kernels32();
    } else {
      return kernels64();
    }
  }

  /// Does `operations`, which ask this backend for the same work on the same memory whenever they are called
  /// with the same `repetition` (null at first): the backend may record them once and play them back, without
  /// calling them. Operations that allocate, up- or download are never recorded.
  virtual void repeat(std::unique_ptr<Repetition>& /*repetition*/, const std::function<void()>& operations) {
    operations();
  }

  // ---- memory -------------------------------------------------------------------------------------------
  /// Uninitialised memory, at least 64-byte aligned. Throws std::bad_alloc.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory) noexcept = 0;
  /// Bytes of memory that the device has for this program; 0 if that is not known. What other programs hold
  /// of a device's own memory is not counted.
  virtual std::size_t memory() const = 0;
  /// Whether the backend works on host memory in place.
  virtual bool shares_host_memory() const = 0;
  virtual void upload(void* destination, const void* host, std::size_t bytes) = 0;
  virtual void download(void* host, const void* source, std::size_t bytes) = 0;
  virtual void zero(void* memory, std::size_t bytes) = 0;

  // ---- between float and double -------------------------------------------------------------------------
  /// Y(:, j) = X(:, index_j), 0 where index_j < 0, in double
  virtual void widen_columns(const std::int32_t* index, ConstView<float> x, View<double> y) = 0;

  /// Y(i, j) = r_i X(i, j) c_j, rounded to float at the end
  virtual void narrow_scaled(const double* r, ConstView<double> x, const double* c, View<float> y) = 0;
  /// Waits for the work that was asked for.
  virtual void synchronise() {}

  // ---- the certificate's algebra, float64 ---------------------------------------------------------------
  /// Lower triangle of C = alpha A A' + beta C (beta 0: C is only written)
  virtual void syrk(double alpha, ConstView<double> a, double beta, View<double> c) = 0;
  /// Lower triangle of C = alpha A' A + beta C (beta 0: C is only written)
  virtual void syrk_transposed(double alpha, ConstView<double> a, double beta, View<double> c) = 0;
  /// Lower Cholesky factor of the symmetric matrix whose lower triangle is given, in place. The upper
  /// triangle is never read, and undefined afterwards. False if a pivot is not positive or not a number (the
  /// matrix is then left half factored).
  virtual bool cholesky(View<double> a) = 0;
  /// B = B L^-T for a lower triangular L
  virtual void solve_right_transposed(ConstView<double> l, View<double> b) = 0;
  /// B = A'
  virtual void transpose(ConstView<double> a, View<double> b) = 0;
  /// Copies the lower triangle to the upper.
  virtual void symmetrise(View<double> a) = 0;
  /// X(:, j) = d_j X(:, j)
  virtual void scale_columns(const double* d, View<double> x) = 0;
  /// Y = W' Diag(d)
  virtual void scaled_transpose(ConstView<double> w, const double* d, View<double> y) = 0;
  /// Y = Diag(d), zeros elsewhere
  virtual void diagonal(const double* d, View<double> y) = 0;
  /// A(i, i) += d_i
  virtual void add_diagonal(const double* d, View<double> a) = 0;
  /// Lower triangle of B += A
  virtual void add_lower(ConstView<double> a, View<double> b) = 0;
  /// The diagonal of A, to the host.
  virtual void download_diagonal(ConstView<double> a, double* host) = 0;
  /// Squared norm of every row of X, to the host.
  virtual void row_squares(ConstView<double> x, double* host) = 0;

 private:
  virtual Kernels<float>& kernels32() = 0;
  virtual Kernels<double>& kernels64() = 0;
};

/// The CPU backend. \param threads 0 for all cores.
std::unique_ptr<Backend> make_cpu_backend(int threads);

/// The backend of this name: "cpu", "cuda" or "cuda:N". (What "auto" is depends on the run:
/// choose_backend().) Throws QueryError for any other name, and for a device that is not there.
std::unique_ptr<Backend> make_backend(const std::string& device, int threads);

}  // namespace geolip::backend
