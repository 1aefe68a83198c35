// The linear operators that are no matrix product: sums, sparse matrices, and what a convolution is unfolded
// by.
#include <backend/cpu/cpu_kernels.hpp>
#include <backend/cpu/parallel.hpp>

#include <algorithm>

namespace geolip::backend::cpu {

template <class T>
void CpuKernels<T>::combine(T alpha, ConstView<T> x, T beta, View<T> y) {
  parallel_pieces(pool_, y.rows, rows_per_piece(y.cols), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      T* to = y.data + i * y.ld;
      if (alpha == T(0) && beta == T(0)) {
        std::fill_n(to, y.cols, T(0));
        continue;
      }
      if (alpha == T(0)) {
        for (Index j = 0; j < y.cols; ++j) to[j] *= beta;
        continue;
      }
      const T* from = x.data + i * x.ld;
      if (beta == T(0)) {
        for (Index j = 0; j < y.cols; ++j) to[j] = alpha * from[j];
      } else {
        for (Index j = 0; j < y.cols; ++j) to[j] = alpha * from[j] + beta * to[j];
      }
    }
  });
}

template <class T>
void CpuKernels<T>::multiply_sparse(const SparseRows<T>& a, ConstView<T> x, View<T> y) {
  parallel_pieces(pool_, y.rows, rows_per_piece(y.cols), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      T* to = y.data + i * y.ld;
      std::fill_n(to, y.cols, T(0));
      for (Index k = a.offset[i]; k < a.offset[i + 1]; ++k) {
        const T* from = x.data + a.column[k] * x.ld;
        const T value = a.value[k];
        for (Index j = 0; j < y.cols; ++j) to[j] += value * from[j];
      }
    }
  });
}

template <class T>
void CpuKernels<T>::unfold(const kernels::Window& window, Index first, Index count, ConstView<T> x,
                           View<T> u) {
  parallel_pieces(pool_, u.rows, 1, [&](Index i, Index) {
    T* to = u.data + i * u.ld;
    for (Index p = 0; p < count; ++p, to += x.cols) {
      const Index row = kernels::source_row(window, i, first + p);
      if (row < 0) {
        std::fill_n(to, x.cols, T(0));
      } else {
        std::copy_n(x.data + row * x.ld, x.cols, to);
      }
    }
  });
}

template <class T>
void CpuKernels<T>::fold(const kernels::Window& window, Index first, Index count, ConstView<T> u, bool add,
                         View<T> x) {
  const kernels::Axis& down = window.down;
  const kernels::Axis& along = window.along;
  // lines of the image that these positions do not meet only matter the first time
  const kernels::Lines lines = kernels::lines_met(window, first, count);
  parallel_pieces(pool_, window.channels * down.image, 1, [&](Index line, Index) {
    const Index channel = line / down.image;
    const Index y = line % down.image;
    if (add && (y < lines.first || y > lines.last)) return;
    for (Index column = 0; column < along.image; ++column) {
      T* to = x.data + (line * along.image + column) * x.ld;
      if (!add) std::fill_n(to, x.cols, T(0));
      for (Index a = 0; a < down.kernel; ++a) {
        const Index p = kernels::position_of(down, y, a);
        if (p < 0) continue;
        for (Index b = 0; b < along.kernel; ++b) {
          const Index q = kernels::position_of(along, column, b);
          const Index at = p * along.output + q - first;
          if (q < 0 || at < 0 || at >= count) continue;
          const T* from = u.data + (channel * window.taps() + a * along.kernel + b) * u.ld + at * x.cols;
          for (Index j = 0; j < x.cols; ++j) to[j] += from[j];
        }
      }
    }
  });
}

#define GEOLIP_INSTANTIATE(T)                                                                       \
  template void CpuKernels<T>::combine(T, ConstView<T>, T, View<T>);                                \
  template void CpuKernels<T>::multiply_sparse(const SparseRows<T>&, ConstView<T>, View<T>);        \
  template void CpuKernels<T>::unfold(const kernels::Window&, Index, Index, ConstView<T>, View<T>); \
  template void CpuKernels<T>::fold(const kernels::Window&, Index, Index, ConstView<T>, bool, View<T>);
GEOLIP_INSTANTIATE(float)
GEOLIP_INSTANTIATE(double)
#undef GEOLIP_INSTANTIATE

}  // namespace geolip::backend::cpu
