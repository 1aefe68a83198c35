// The row-wise kernels of the layers and of the l_inf input.
#include <backend/cpu/cpu_kernels.hpp>
#include <backend/cpu/multiversion.hpp>
#include <backend/cpu/parallel.hpp>
#include <backend/cpu/row_loops.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::backend::cpu {
namespace {

/// Slopes of one row's problems, for loops over the problems: one set for all, or each its own.
template <class T>
struct SharedSlope {
  T c;
  T h;
  SharedSlope(const Slopes<T>& slopes, const Columns&, Index i) : c(slopes.c[i]), h(slopes.h[i]) {}
  T centre(Index) const { return c; }
  T half_width(Index) const { return h; }
};

template <class T>
struct OwnSlope {
  const T* c;
  const T* h;
  const std::int32_t* set;
  OwnSlope(const Slopes<T>& slopes, const Columns& columns, Index i)
      : c(slopes.c + i * slopes.sets), h(slopes.h + i * slopes.sets), set(columns.slope) {}
  T centre(Index b) const { return c[set[b]]; }
  T half_width(Index b) const { return h[set[b]]; }
};

template <class T>
T* row_of(const View<T>& m, Index i) {
  return m.data == nullptr ? nullptr : m.data + i * m.ld;
}

/// Signs of a row of rank-one problems, and the norms where they are kept. Extrapolation (beta < 1) never
/// changes a sign, so s_hat = s.
template <class T>
inline void renew_signs(Index problems, const T* __restrict g, const RowState<T>& state, Index i) {
  T* __restrict sign = row_of(state.s_hat, i);
#pragma omp simd
  for (Index b = 0; b < problems; ++b) {
    const T now = g[b] < T(0) ? T(-1) : T(1);
    sign[b] = std::abs(g[b]) > kernels::tiny<T>() ? now : sign[b];
  }
  if (!is_plain(state)) std::copy_n(sign, problems, row_of(state.s, i));
  if (T* __restrict norm = row_of(state.g, i)) {
#pragma omp simd
    for (Index b = 0; b < problems; ++b) norm[b] = std::abs(g[b]);
  }
}

template <class T>
struct ForwardArgs {
  const Columns& columns;
  const Slopes<T>& slopes;
  ConstView<T> w;
  ConstView<T> s_hat;
  View<T> rho;
  View<T> v;
};

/// A row of rank-one problems.
template <class Slope, class T>
inline void forward_signs(const ForwardArgs<T>& a, Index i) {
  const Index problems = a.columns.problems;
  const Slope slope(a.slopes, a.columns, i);
  const T* __restrict w = row_of(a.w, i);
  const T* __restrict s = row_of(a.s_hat, i);
  T* __restrict v = row_of(a.v, i);
#pragma omp simd
  for (Index b = 0; b < problems; ++b) {
    v[b] = kernels::forward_entry(slope.centre(b), slope.half_width(b) * std::abs(w[b]), w[b], s[b]);
  }
  if (T* __restrict rho = row_of(a.rho, i)) {
#pragma omp simd
    for (Index b = 0; b < problems; ++b) rho[b] = std::abs(w[b]);
  }
}

template <class T>
inline void forward_piece(const ForwardArgs<T>& a, Index begin, Index end) {
  if (is_rank_one(a.columns)) {
    for (Index i = begin; i < end; ++i) {
      if (a.slopes.sets == 1) {
        forward_signs<SharedSlope<T>>(a, i);
      } else {
        forward_signs<OwnSlope<T>>(a, i);
      }
    }
    return;
  }
  for_segments(a.columns, begin, end, [&]<int R>(Index i, Index b, Index first, Index rank) {
    const Index r = rank_of<R>(rank);
    const T* __restrict w = a.w.data + i * a.w.ld + first;
    const T* __restrict s = a.s_hat.data + i * a.s_hat.ld + first;
    T* __restrict v = a.v.data + i * a.v.ld + first;
    const Index slope = i * a.slopes.sets + a.columns.slope[b];
    const T rho = std::sqrt(dot<T, R>(r, w, w));
    const T c = a.slopes.c[slope];
    const T h_rho = a.slopes.h[slope] * rho;
    a.rho.data[i * a.rho.ld + b] = rho;
#pragma omp simd
    for (Index j = 0; j < r; ++j) v[j] = kernels::forward_entry(c, h_rho, w[j], s[j]);
  });
}

template <class T>
struct BackwardArgs {
  const Columns& columns;
  const Slopes<T>& slopes;
  const kernels::Momentum* momentum;
  ConstView<T> w;
  ConstView<T> rho;
  const RowState<T>& state;
  View<T> g;
};

/// A row of rank-one problems.
template <class Slope, class T>
inline void backward_signs(const BackwardArgs<T>& a, Index i) {
  const Index problems = a.columns.problems;
  const Slope slope(a.slopes, a.columns, i);
  T* __restrict g = row_of(a.g, i);
  const T* __restrict w = row_of(a.w, i);
  // as computed by the forward pass, or |w| again
  const T* rho = a.rho.data == nullptr ? w : row_of(a.rho, i);
  renew_signs(problems, g, a.state, i);
#pragma omp simd
  for (Index b = 0; b < problems; ++b) {
    const T ratio = kernels::safe_ratio(std::abs(g[b]), std::abs(rho[b]));
    g[b] = kernels::backward_entry(slope.centre(b), slope.half_width(b) * ratio, g[b], w[b]);
  }
}

template <class T>
inline void backward_piece(const BackwardArgs<T>& a, Index begin, Index end) {
  if (is_rank_one(a.columns)) {
    for (Index i = begin; i < end; ++i) {
      if (a.slopes.sets == 1) {
        backward_signs<SharedSlope<T>>(a, i);
      } else {
        backward_signs<OwnSlope<T>>(a, i);
      }
    }
    return;
  }
  for_segments(a.columns, begin, end, [&]<int R>(Index i, Index b, Index first, Index rank) {
    const Index r = rank_of<R>(rank);
    T* __restrict g = a.g.data + i * a.g.ld + first;
    const T* __restrict w = a.w.data + i * a.w.ld + first;
    const Index slope = i * a.slopes.sets + a.columns.slope[b];
    const T norm = std::sqrt(dot<T, R>(r, g, g));
    a.state.g.data[i * a.state.g.ld + b] = norm;
    renew_unit_row<T, R>(r, static_cast<T>(a.momentum[b].beta), norm, g,
                         a.state.s.data + i * a.state.s.ld + first,
                         a.state.s_hat.data + i * a.state.s_hat.ld + first);
    const T c = a.slopes.c[slope];
    const T h_ratio = a.slopes.h[slope] * kernels::safe_ratio(norm, a.rho.data[i * a.rho.ld + b]);
#pragma omp simd
    for (Index j = 0; j < r; ++j) g[j] = kernels::backward_entry(c, h_ratio, g[j], w[j]);
  });
}

template <class T>
struct InputArgs {
  const Columns& columns;
  const kernels::Momentum* momentum;
  ConstView<T> g;
  const RowState<T>& state;
};

template <class T>
inline void input_rows_piece(const InputArgs<T>& a, Index begin, Index end) {
  if (is_rank_one(a.columns)) {
    for (Index i = begin; i < end; ++i) {
      renew_signs(a.columns.problems, row_of(a.g, i), a.state, i);
    }
    return;
  }
  for_segments(a.columns, begin, end, [&]<int R>(Index i, Index b, Index first, Index r) {
    const T* g = a.g.data + i * a.g.ld + first;
    const T norm = std::sqrt(dot<T, R>(r, g, g));
    a.state.g.data[i * a.state.g.ld + b] = norm;
    renew_unit_row<T, R>(r, static_cast<T>(a.momentum[b].beta), norm, g,
                         a.state.s.data + i * a.state.s.ld + first,
                         a.state.s_hat.data + i * a.state.s_hat.ld + first);
  });
}

template <class T>
inline void normalise_piece(const Columns& columns, const RowState<T>& state, Index begin, Index end) {
  if (is_rank_one(columns)) {
    for (Index i = begin; i < end; ++i) {
      T* __restrict x = row_of(state.s_hat, i);
#pragma omp simd
      for (Index b = 0; b < columns.problems; ++b) {
        // what is too small to have a sign becomes +1, as the unit vector e
        x[b] = x[b] < -kernels::tiny<T>() ? T(-1) : T(1);
      }
      if (!is_plain(state)) std::copy_n(x, columns.problems, row_of(state.s, i));
    }
    return;
  }
  for_segments(columns, begin, end, [&]<int R>(Index i, Index b, Index first, Index rank) {
    static_cast<void>(b);
    const Index r = rank_of<R>(rank);
    T* __restrict x = state.s_hat.data + i * state.s_hat.ld + first;
    T* __restrict s = state.s.data + i * state.s.ld + first;
    const T norm = std::sqrt(dot<T, R>(r, x, x));
    if (norm > kernels::tiny<T>()) {
#pragma omp simd
      for (Index j = 0; j < r; ++j) x[j] /= norm;
    } else {
      std::fill_n(x, r, T(0));
      x[0] = T(1);
    }
    std::copy_n(x, r, s);
  });
}

// One entry point for each arithmetic, since a template cannot be cloned.
#define GEOLIP_ROW_ENTRY(T)                                                                              \
  GEOLIP_MULTIVERSION void run_forward(const ForwardArgs<T>& a, Index i, Index j) {                      \
    forward_piece(a, i, j);                                                                              \
  }                                                                                                      \
  GEOLIP_MULTIVERSION void run_backward(const BackwardArgs<T>& a, Index i, Index j) {                    \
    backward_piece(a, i, j);                                                                             \
  }                                                                                                      \
  GEOLIP_MULTIVERSION void run_input_rows(const InputArgs<T>& a, Index i, Index j) {                     \
    input_rows_piece(a, i, j);                                                                           \
  }                                                                                                      \
  GEOLIP_MULTIVERSION void run_normalise(const Columns& c, const RowState<T>& state, Index i, Index j) { \
    normalise_piece(c, state, i, j);                                                                     \
  }
GEOLIP_ROW_ENTRY(float)
GEOLIP_ROW_ENTRY(double)
#undef GEOLIP_ROW_ENTRY

}  // namespace

template <class T>
void CpuKernels<T>::forward_rows(const Columns& columns, const Slopes<T>& slopes, ConstView<T> w,
                                 ConstView<T> s_hat, View<T> rho, View<T> v) {
  const ForwardArgs<T> args{columns, slopes, w, s_hat, rho, v};
  parallel_pieces(pool_, w.rows, rows_per_piece(w.cols),
                  [&](Index begin, Index end) { run_forward(args, begin, end); });
}

template <class T>
void CpuKernels<T>::backward_rows(const Columns& columns, const Slopes<T>& slopes,
                                  const kernels::Momentum* momentum, ConstView<T> w, ConstView<T> rho,
                                  const RowState<T>& state, View<T> g) {
  const BackwardArgs<T> args{columns, slopes, momentum, w, rho, state, g};
  parallel_pieces(pool_, g.rows, rows_per_piece(g.cols),
                  [&](Index begin, Index end) { run_backward(args, begin, end); });
}

template <class T>
void CpuKernels<T>::input_rows(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                               const RowState<T>& state) {
  const InputArgs<T> args{columns, momentum, g, state};
  parallel_pieces(pool_, g.rows, rows_per_piece(g.cols),
                  [&](Index begin, Index end) { run_input_rows(args, begin, end); });
}

template <class T>
void CpuKernels<T>::normalise_rows(const Columns& columns, const RowState<T>& state) {
  parallel_pieces(pool_, state.s.rows, rows_per_piece(columns.total),
                  [&](Index begin, Index end) { run_normalise(columns, state, begin, end); });
}

#define GEOLIP_INSTANTIATE(T)                                                                             \
  template void CpuKernels<T>::forward_rows(const Columns&, const Slopes<T>&, ConstView<T>, ConstView<T>, \
                                            View<T>, View<T>);                                            \
  template void CpuKernels<T>::backward_rows(const Columns&, const Slopes<T>&, const kernels::Momentum*,  \
                                             ConstView<T>, ConstView<T>, const RowState<T>&, View<T>);    \
  template void CpuKernels<T>::input_rows(const Columns&, const kernels::Momentum*, ConstView<T>,         \
                                          const RowState<T>&);                                            \
  template void CpuKernels<T>::normalise_rows(const Columns&, const RowState<T>&);
GEOLIP_INSTANTIATE(float)
GEOLIP_INSTANTIATE(double)
#undef GEOLIP_INSTANTIATE

}  // namespace geolip::backend::cpu
