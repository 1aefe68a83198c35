// The l_2 input, where all of a problem's columns are one vector: sums over rows, then a scaling.
#include <backend/cpu/cpu_kernels.hpp>
#include <backend/cpu/multiversion.hpp>
#include <backend/cpu/parallel.hpp>
#include <backend/cpu/row_loops.hpp>
#include <kernels/ball_math.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::backend::cpu {
namespace {

/// sums_j = <x_j, y_j> over rows [begin, end), column by column. Four rows are added up in T, the rest in
/// double.
template <class T>
inline void products_piece(ConstView<T> x, ConstView<T> y, Index begin, Index end, double* __restrict sums) {
  std::fill_n(sums, x.cols, 0.0);
  Index i = begin;
  for (; i + 4 <= end; i += 4) {
    const T* __restrict a = x.data + i * x.ld;
    const T* __restrict b = y.data + i * y.ld;
#pragma omp simd
    for (Index j = 0; j < x.cols; ++j) {
      const T pair = a[j] * b[j] + a[x.ld + j] * b[y.ld + j];
      const T other = a[2 * x.ld + j] * b[2 * y.ld + j] + a[3 * x.ld + j] * b[3 * y.ld + j];
      sums[j] += static_cast<double>(pair + other);
    }
  }
  for (; i < end; ++i) {
    const T* __restrict a = x.data + i * x.ld;
    const T* __restrict b = y.data + i * y.ld;
#pragma omp simd
    for (Index j = 0; j < x.cols; ++j) sums[j] += static_cast<double>(a[j] * b[j]);
  }
}

/// kernels::BallWeights, weight by weight, of each column's problem.
template <class T>
struct Weights {
  explicit Weights(Index columns)
      : g_scale(static_cast<std::size_t>(columns)), hat_now(g_scale.size()), hat_old(g_scale.size()) {}

  void set(Index begin, Index end, const kernels::BallWeights<T>& weights) {
    std::fill(g_scale.begin() + begin, g_scale.begin() + end, weights.g_scale);
    std::fill(hat_now.begin() + begin, hat_now.begin() + end, weights.hat_now);
    std::fill(hat_old.begin() + begin, hat_old.begin() + end, weights.hat_old);
  }

  std::vector<T> g_scale;
  std::vector<T> hat_now;
  std::vector<T> hat_old;
};

/// s = g_scale G;  s_hat = hat_now s + hat_old s_old, or s where both are one matrix. A column whose g_scale
/// is zero stays what it was.
template <class T>
inline void update_piece(ConstView<T> g, const RowState<T>& state, const Weights<T>& weights, Index begin,
                         Index end) {
  const T* __restrict g_scale = weights.g_scale.data();
  const T* __restrict hat_now = weights.hat_now.data();
  const T* __restrict hat_old = weights.hat_old.data();
  const bool plain = is_plain(state);
  for (Index i = begin; i < end; ++i) {
    const T* __restrict from = g.data + i * g.ld;
    T* __restrict x_hat = state.s_hat.data + i * state.s_hat.ld;
    if (plain) {
#pragma omp simd
      for (Index j = 0; j < g.cols; ++j) x_hat[j] = g_scale[j] != T(0) ? g_scale[j] * from[j] : x_hat[j];
      continue;
    }
    T* __restrict x = state.s.data + i * state.s.ld;
#pragma omp simd
    for (Index j = 0; j < g.cols; ++j) {
      const bool moves = g_scale[j] != T(0);
      const T now = g_scale[j] * from[j];
      const T hat = hat_now[j] * now + hat_old[j] * x[j];
      x_hat[j] = moves ? hat : x_hat[j];
      x[j] = moves ? now : x[j];
    }
  }
}

/// s_hat times scale, column by column, and s = s_hat.
template <class T>
inline void scale_piece(const T* __restrict scale, const RowState<T>& state, Index begin, Index end) {
  for (Index i = begin; i < end; ++i) {
    T* __restrict x_hat = state.s_hat.data + i * state.s_hat.ld;
#pragma omp simd
    for (Index j = 0; j < state.s_hat.cols; ++j) x_hat[j] *= scale[j];
    if (!is_plain(state)) std::copy_n(x_hat, state.s_hat.cols, state.s.data + i * state.s.ld);
  }
}

// One entry point for each arithmetic, since a template cannot be cloned.
#define GEOLIP_BALL_ENTRY(T)                                                                               \
  GEOLIP_MULTIVERSION void run_products(ConstView<T> x, ConstView<T> y, Index i, Index j, double* sums) {  \
    products_piece(x, y, i, j, sums);                                                                      \
  }                                                                                                        \
  GEOLIP_MULTIVERSION void run_update(ConstView<T> g, const RowState<T>& state, const Weights<T>& weights, \
                                      Index i, Index j) {                                                  \
    update_piece(g, state, weights, i, j);                                                                 \
  }                                                                                                        \
  GEOLIP_MULTIVERSION void run_scale(const T* scale, const RowState<T>& state, Index i, Index j) {         \
    scale_piece(scale, state, i, j);                                                                       \
  }
GEOLIP_BALL_ENTRY(float)
GEOLIP_BALL_ENTRY(double)
#undef GEOLIP_BALL_ENTRY

/// <x, y> of each problem's columns: sums of row pieces, added in the pieces' order, and then of columns.
template <class T>
std::vector<double> ball_products(ThreadPool& pool, const Columns& columns, ConstView<T> x, ConstView<T> y,
                                  std::vector<double>& partial) {
  const Index piece = rows_per_piece(x.cols);
  const Index pieces = (x.rows + piece - 1) / piece;
  partial.resize(static_cast<std::size_t>(pieces * x.cols));
  parallel_pieces(pool, x.rows, piece, [&](Index begin, Index end) {
    run_products(x, y, begin, end, partial.data() + begin / piece * x.cols);
  });
  std::vector<double> total(static_cast<std::size_t>(columns.problems), 0.0);
  for (Index p = 0; p < pieces; ++p) {
    const double* sums = partial.data() + p * x.cols;
    for (Index b = 0; b < columns.problems; ++b) {
      for (Index j = columns.offset[b]; j < columns.offset[b + 1]; ++j)
        total[static_cast<std::size_t>(b)] += sums[j];
    }
  }
  return total;
}

}  // namespace

template <class T>
void CpuKernels<T>::input_ball(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                               const RowState<T>& state) {
  const std::vector<double> squares = ball_products<T>(pool_, columns, g, g, partial_);
  std::vector<double> along(squares.size(), 0.0);  // <G, s_old>, which only the extrapolation needs
  if (!is_plain(state)) along = ball_products<T>(pool_, columns, g, state.s, partial_);
  Weights<T> weights(columns.total);
  for (Index b = 0; b < columns.problems; ++b) {
    const auto at = static_cast<std::size_t>(b);
    state.g.data[b] = static_cast<T>(std::sqrt(squares[at]));
    weights.set(columns.offset[b], columns.offset[b + 1],
                kernels::ball_weights<T>({squares[at], along[at]}, momentum[b].beta));
  }
  parallel_pieces(pool_, g.rows, rows_per_piece(g.cols),
                  [&](Index begin, Index end) { run_update(g, state, weights, begin, end); });
}

template <class T>
void CpuKernels<T>::normalise_ball(const Columns& columns, const RowState<T>& state) {
  const std::vector<double> squares = ball_products<T>(pool_, columns, state.s_hat, state.s_hat, partial_);
  std::vector<T> scale(static_cast<std::size_t>(columns.total), T(0));
  std::vector<Index> zeros;  // first columns of the problems that vanish
  for (Index b = 0; b < columns.problems; ++b) {
    const double norm = std::sqrt(squares[static_cast<std::size_t>(b)]);
    if (norm > static_cast<double>(kernels::tiny<T>())) {
      std::fill(scale.begin() + columns.offset[b], scale.begin() + columns.offset[b + 1],
                static_cast<T>(1.0 / norm));
    } else {
      zeros.push_back(columns.offset[b]);
    }
  }
  parallel_pieces(pool_, state.s_hat.rows, rows_per_piece(columns.total),
                  [&](Index begin, Index end) { run_scale(scale.data(), state, begin, end); });
  for (const Index j : zeros) state.s.data[j] = state.s_hat.data[j] = T(1);
}

#define GEOLIP_INSTANTIATE(T)                                                                     \
  template void CpuKernels<T>::input_ball(const Columns&, const kernels::Momentum*, ConstView<T>, \
                                          const RowState<T>&);                                    \
  template void CpuKernels<T>::normalise_ball(const Columns&, const RowState<T>&);
GEOLIP_INSTANTIATE(float)
GEOLIP_INSTANTIATE(double)
#undef GEOLIP_INSTANTIATE

}  // namespace geolip::backend::cpu
