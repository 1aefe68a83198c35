// Products, copies and random numbers; what has a file of its own: cpu_layers.cpp (layers), cpu_ball.cpp (the
// l_2 input), cpu_problems.cpp (what is done problem by problem).
#include <backend/cpu/blas.hpp>
#include <backend/cpu/cpu_kernels.hpp>
#include <backend/cpu/eigen_maps.hpp>
#include <backend/cpu/parallel.hpp>

#include <algorithm>

namespace geolip::backend::cpu {
namespace {

// Side of the blocks that a product is cut into. Large enough that packing the other operand again for each
// block costs little, small enough that layers of a few hundred neurons keep two cores busy.
constexpr Index gemm_rows = 128;
constexpr Index gemm_cols = 512;

/// C = op(A) B by blocks of C.
template <class T, bool transposed>
void gemm(ThreadPool& pool, ConstView<T> a, ConstView<T> b, View<T> c) {
  const Index row_blocks = (c.rows + gemm_rows - 1) / gemm_rows;
  const Index col_blocks = (c.cols + gemm_cols - 1) / gemm_cols;
  parallel_pieces(pool, row_blocks * col_blocks, 1, [&](Index begin, Index) {
    const Index i = begin / col_blocks * gemm_rows;
    const Index j = begin % col_blocks * gemm_cols;
    const Index rows = std::min(gemm_rows, c.rows - i);
    const Index cols = std::min(gemm_cols, c.cols - j);
    const Factor<T> left =
        transposed ? Factor<T>{block(a, 0, i, a.rows, rows), true} : Factor<T>{block(a, i, 0, rows, a.cols)};
    product<T>(T(1), left, {block(b, 0, j, b.rows, cols)}, T(0), block(c, i, j, rows, cols));
  });
}

}  // namespace

template <class T>
void CpuKernels<T>::multiply(ConstView<T> a, ConstView<T> b, View<T> c) {
  gemm<T, false>(pool_, a, b, c);
}

template <class T>
void CpuKernels<T>::multiply_transposed(ConstView<T> a, ConstView<T> b, View<T> c) {
  gemm<T, true>(pool_, a, b, c);
}

template <class T>
void CpuKernels<T>::scale_rows(const T* d, ConstView<T> x, View<T> y) {
  parallel_pieces(pool_, x.rows, rows_per_piece(x.cols), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const T* from = x.data + i * x.ld;
      T* to = y.data + i * y.ld;
      for (Index j = 0; j < x.cols; ++j) to[j] = d[i] * from[j];
    }
  });
}

template <class T>
void CpuKernels<T>::scale(const double* r, ConstView<double> x, const double* c, View<T> y) {
  parallel_pieces(pool_, y.rows, rows_per_piece(y.cols), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      for (Index j = 0; j < y.cols; ++j) {
        y.data[i * y.ld + j] = static_cast<T>(r[i] * x.data[i * x.ld + j] * c[j]);
      }
    }
  });
}

template <class T>
void CpuKernels<T>::gather_columns(const std::int32_t* index, ConstView<T> x, View<T> y) {
  parallel_pieces(pool_, y.rows, rows_per_piece(y.cols), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      for (Index j = 0; j < y.cols; ++j) {
        y.data[i * y.ld + j] = index[j] < 0 ? T(0) : x.data[i * x.ld + index[j]];
      }
    }
  });
}

template <class T>
void CpuKernels<T>::add_noise(T scale, std::uint64_t seed, std::uint64_t stream, const std::int32_t* mask,
                              View<T> x) {
  const std::uint64_t key = kernels::stream_key(seed, stream);
  parallel_pieces(pool_, x.rows, rows_per_piece(x.cols), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      T* row = x.data + i * x.ld;
      for (Index j = 0; j < x.cols; ++j) {
        if (mask[j] == 0) continue;
        row[j] += scale * static_cast<T>(kernels::noise(key, static_cast<std::uint64_t>(i * x.cols + j)));
      }
    }
  });
}

template class CpuKernels<float>;
template class CpuKernels<double>;

}  // namespace geolip::backend::cpu
