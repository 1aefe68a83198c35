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

/// Sums of |G|^2 (squares) and <G, s> (products) for each problem over rows [begin, end).
template <class T>
inline void sums_piece(const Columns& columns, ConstView<T> g, ConstView<T> s, Index begin, Index end,
                       double* __restrict squares, double* __restrict products) {
  std::fill_n(squares, columns.problems, 0.0);
  std::fill_n(products, columns.problems, 0.0);
  if (is_rank_one(columns)) {
    for (Index i = begin; i < end; ++i) {
      const T* __restrict x = g.data + i * g.ld;
      const T* __restrict y = s.data + i * s.ld;
#pragma omp simd
      for (Index b = 0; b < columns.problems; ++b) {
        squares[b] += static_cast<double>(x[b] * x[b]);
        products[b] += static_cast<double>(x[b] * y[b]);
      }
    }
    return;
  }
  for_segments(columns, begin, end, [&]<int R>(Index i, Index b, Index first, Index r) {
    const T* x = g.data + i * g.ld + first;
    squares[b] += static_cast<double>(dot<T, R>(r, x, x));
    products[b] += static_cast<double>(dot<T, R>(r, x, s.data + i * s.ld + first));
  });
}

/// kernels::BallWeights of all problems, weight by weight.
template <class T>
struct Weights {
  explicit Weights(Index problems)
      : g_scale(static_cast<std::size_t>(problems)), hat_now(g_scale.size()), hat_old(g_scale.size()) {}

  std::vector<T> g_scale;
  std::vector<T> hat_now;
  std::vector<T> hat_old;
};

/// s = g_scale G;  s_hat = hat_now s + hat_old s_old;  a problem whose g_scale is zero stays where it is.
template <class T>
inline void update_piece(const Columns& columns, ConstView<T> g, const RowState<T>& state,
                         const Weights<T>& weights, Index begin, Index end) {
  if (is_rank_one(columns)) {
    const T* __restrict g_scale = weights.g_scale.data();
    const T* __restrict hat_now = weights.hat_now.data();
    const T* __restrict hat_old = weights.hat_old.data();
    for (Index i = begin; i < end; ++i) {
      const T* __restrict from = g.data + i * g.ld;
      T* __restrict x = state.s.data + i * state.s.ld;
      T* __restrict x_hat = state.s_hat.data + i * state.s_hat.ld;
#pragma omp simd
      for (Index b = 0; b < columns.problems; ++b) {
        const bool moves = g_scale[b] != T(0);
        const T now = g_scale[b] * from[b];
        const T hat = hat_now[b] * now + hat_old[b] * x[b];
        x_hat[b] = moves ? hat : x_hat[b];
        x[b] = moves ? now : x[b];
      }
    }
    return;
  }
  for_segments(columns, begin, end, [&]<int R>(Index i, Index b, Index first, Index rank) {
    const auto at = static_cast<std::size_t>(b);
    if (weights.g_scale[at] == T(0)) return;
    const Index r = rank_of<R>(rank);
    const T* __restrict from = g.data + i * g.ld + first;
    T* __restrict x = state.s.data + i * state.s.ld + first;
    T* __restrict x_hat = state.s_hat.data + i * state.s_hat.ld + first;
#pragma omp simd
    for (Index j = 0; j < r; ++j) {
      const T now = weights.g_scale[at] * from[j];
      x_hat[j] = weights.hat_now[at] * now + weights.hat_old[at] * x[j];
      x[j] = now;
    }
  });
}

/// s_hat times scale, column by column, and s = s_hat.
template <class T>
inline void scale_piece(const T* __restrict scale, const RowState<T>& state, Index begin, Index end) {
  for (Index i = begin; i < end; ++i) {
    T* __restrict x = state.s.data + i * state.s.ld;
    T* __restrict x_hat = state.s_hat.data + i * state.s_hat.ld;
#pragma omp simd
    for (Index j = 0; j < state.s.cols; ++j) {
      x_hat[j] *= scale[j];
      x[j] = x_hat[j];
    }
  }
}

// One entry point for each arithmetic, since a template cannot be cloned.
#define GEOLIP_BALL_ENTRY(T)                                                                            \
  GEOLIP_MULTIVERSION void run_sums(const Columns& c, ConstView<T> g, ConstView<T> s, Index i, Index j, \
                                    double* squares, double* products) {                                \
    sums_piece(c, g, s, i, j, squares, products);                                                       \
  }                                                                                                     \
  GEOLIP_MULTIVERSION void run_update(const Columns& c, ConstView<T> g, const RowState<T>& state,       \
                                      const Weights<T>& weights, Index i, Index j) {                    \
    update_piece(c, g, state, weights, i, j);                                                           \
  }                                                                                                     \
  GEOLIP_MULTIVERSION void run_scale(const T* scale, const RowState<T>& state, Index i, Index j) {      \
    scale_piece(scale, state, i, j);                                                                    \
  }
GEOLIP_BALL_ENTRY(float)
GEOLIP_BALL_ENTRY(double)
#undef GEOLIP_BALL_ENTRY

/// |G|^2 and <G, s> of each problem: sums of row pieces, added in the pieces' order.
template <class T>
std::vector<kernels::BallSums> ball_sums(ThreadPool& pool, const Columns& columns, ConstView<T> g,
                                         ConstView<T> s, std::vector<double>& partial) {
  const Index piece = rows_per_piece(g.cols);
  const Index pieces = (g.rows + piece - 1) / piece;
  const Index problems = columns.problems;
  partial.resize(static_cast<std::size_t>(2 * pieces * problems));
  parallel_pieces(pool, g.rows, piece, [&](Index begin, Index end) {
    double* squares = partial.data() + 2 * (begin / piece) * problems;
    run_sums(columns, g, s, begin, end, squares, squares + problems);
  });
  std::vector<kernels::BallSums> total(static_cast<std::size_t>(problems));
  for (Index p = 0; p < pieces; ++p) {
    const double* squares = partial.data() + 2 * p * problems;
    for (Index b = 0; b < problems; ++b)
      total[static_cast<std::size_t>(b)].add({squares[b], squares[problems + b]});
  }
  return total;
}

}  // namespace

template <class T>
void CpuKernels<T>::input_ball(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                               const RowState<T>& state) {
  const std::vector<kernels::BallSums> sums = ball_sums<T>(pool_, columns, g, state.s, partial_);
  Weights<T> weights(columns.problems);
  for (std::size_t b = 0; b < sums.size(); ++b) {
    state.g.data[b] = static_cast<T>(std::sqrt(sums[b].square));
    const kernels::BallWeights<T> own = kernels::ball_weights<T>(sums[b], momentum[b].beta);
    weights.g_scale[b] = own.g_scale;
    weights.hat_now[b] = own.hat_now;
    weights.hat_old[b] = own.hat_old;
  }
  parallel_pieces(pool_, g.rows, rows_per_piece(g.cols),
                  [&](Index begin, Index end) { run_update(columns, g, state, weights, begin, end); });
}

template <class T>
void CpuKernels<T>::normalise_ball(const Columns& columns, const RowState<T>& state) {
  const std::vector<kernels::BallSums> sums =
      ball_sums<T>(pool_, columns, state.s_hat, state.s_hat, partial_);
  std::vector<T> scale(static_cast<std::size_t>(columns.total), T(0));
  std::vector<Index> zeros;  // first columns of the problems that vanish
  for (Index b = 0; b < columns.problems; ++b) {
    const double norm = std::sqrt(sums[static_cast<std::size_t>(b)].square);
    if (norm > static_cast<double>(kernels::tiny<T>())) {
      std::fill(scale.begin() + columns.offset[b], scale.begin() + columns.offset[b + 1],
                static_cast<T>(1.0 / norm));
    } else {
      zeros.push_back(columns.offset[b]);
    }
  }
  parallel_pieces(pool_, state.s.rows, rows_per_piece(columns.total),
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
