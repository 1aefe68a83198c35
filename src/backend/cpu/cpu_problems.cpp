// The sweep's ends, problem by problem: the objective, the single input column of l_1, rounded starts.
#include <backend/cpu/cpu_kernels.hpp>
#include <backend/cpu/multiversion.hpp>
#include <backend/cpu/parallel.hpp>

#include <algorithm>

namespace geolip::backend::cpu {
namespace {

/// Signs of the projections of each problem's columns on its directions: y (rows x problems * starts).
template <class T>
inline void project_piece(const Columns& columns, ConstView<T> s_hat, ConstView<T> d, View<T> y, Index begin,
                          Index end) {
  const Index starts = d.cols;
  for (Index i = begin; i < end; ++i) {
    const T* s = s_hat.data + i * s_hat.ld;
    for (Index b = 0; b < columns.problems; ++b) {
      T* __restrict out = y.data + i * y.ld + b * starts;
      std::fill_n(out, starts, T(0));
      for (Index j = columns.offset[b]; j < columns.offset[b + 1]; ++j) {
        const T entry = s[j];
        const T* __restrict direction = d.data + j * d.ld;
#pragma omp simd
        for (Index k = 0; k < starts; ++k) out[k] += entry * direction[k];
      }
#pragma omp simd
      for (Index k = 0; k < starts; ++k) out[k] = out[k] < T(0) ? T(-1) : T(1);
    }
  }
}

// One entry point for each arithmetic, since a template cannot be cloned.
#define GEOLIP_PROJECT_ENTRY(T)                                                                         \
  GEOLIP_MULTIVERSION void run_project(const Columns& c, ConstView<T> s_hat, ConstView<T> d, View<T> y, \
                                       Index i, Index j) {                                              \
    project_piece(c, s_hat, d, y, i, j);                                                                \
  }
GEOLIP_PROJECT_ENTRY(float)
GEOLIP_PROJECT_ENTRY(double)
#undef GEOLIP_PROJECT_ENTRY

}  // namespace

template <class T>
void CpuKernels<T>::objective(const Columns& columns, ConstView<double> u, const std::int32_t* vector,
                              ConstView<T> y, View<T> g, double* value, const kernels::History& history) {
  // A handful of outputs: too little to share out.
  for (Index b = 0; b < columns.problems; ++b) {
    const Index first = columns.offset[b];
    const Index end = columns.offset[b + 1];
    double sum = 0.0;
    for (Index i = 0; i < y.rows; ++i) {
      const T* row = y.data + i * y.ld;
      T* grad = g.data + i * g.ld;
      if (vector[b] != 0) {
        for (Index j = first; j < end; ++j) {
          sum += static_cast<double>(row[j]) * static_cast<double>(row[j]);
          grad[j] = T(2) * row[j];
        }
      } else {
        const double coefficient = u.data[i * u.ld + b];
        std::fill(grad + first, grad + end, T(0));
        sum += coefficient * static_cast<double>(row[first]);
        grad[first] = static_cast<T>(coefficient);
      }
    }
    value[b] = sum;
    history.update(b, sum);
  }
}

template <class T>
void CpuKernels<T>::spread_column(const Columns& columns, ConstView<T> a, ConstView<T> x, View<T> w) {
  parallel_pieces(pool_, w.rows, rows_per_piece(w.cols), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      for (Index b = 0; b < columns.problems; ++b) {
        const T weight = a.data[i * a.ld + b];
        for (Index j = columns.offset[b]; j < columns.offset[b + 1]; ++j)
          w.data[i * w.ld + j] = weight * x.data[j];
      }
    }
  });
}

template <class T>
void CpuKernels<T>::collect_column(const Columns& columns, ConstView<T> a, ConstView<T> w, View<T> x) {
  // A problem's own columns are summed by one thread, row after row.
  const Index piece = std::max<Index>(1, columns.problems / 16);
  parallel_pieces(pool_, columns.problems, piece, [&](Index begin, Index end) {
    std::fill(x.data + columns.offset[begin], x.data + columns.offset[end], T(0));
    for (Index i = 0; i < w.rows; ++i) {
      for (Index b = begin; b < end; ++b) {
        const T weight = a.data[i * a.ld + b];
        for (Index j = columns.offset[b]; j < columns.offset[b + 1]; ++j)
          x.data[j] += weight * w.data[i * w.ld + j];
      }
    }
  });
}

template <class T>
void CpuKernels<T>::project_signs(const Columns& columns, ConstView<T> s_hat, ConstView<T> d, View<T> y) {
  parallel_pieces(pool_, y.rows, rows_per_piece(y.cols),
                  [&](Index begin, Index end) { run_project(columns, s_hat, d, y, begin, end); });
}

#define GEOLIP_INSTANTIATE(T)                                                                       \
  template void CpuKernels<T>::objective(const Columns&, ConstView<double>, const std::int32_t*,    \
                                         ConstView<T>, View<T>, double*, const kernels::History&);  \
  template void CpuKernels<T>::spread_column(const Columns&, ConstView<T>, ConstView<T>, View<T>);  \
  template void CpuKernels<T>::collect_column(const Columns&, ConstView<T>, ConstView<T>, View<T>); \
  template void CpuKernels<T>::project_signs(const Columns&, ConstView<T>, ConstView<T>, View<T>);
GEOLIP_INSTANTIATE(float)
GEOLIP_INSTANTIATE(double)
#undef GEOLIP_INSTANTIATE

}  // namespace geolip::backend::cpu
