#include <backend/cuda/arguments.hpp>
#include <backend/cuda/cuda_kernels.hpp>

#include <kernels/columns.hpp>
#include <kernels/entrywise.hpp>
#include <kernels/rows.hpp>

namespace geolip::backend::cuda {
namespace {

// A row-major matrix is its transpose to cuBLAS, so C = op(A) B is asked for as C' = B' op(A)'.
cublasStatus_t gemm(cublasHandle_t blas, cublasOperation_t op_a, Index inner, ConstView<float> a,
                    ConstView<float> b, View<float> c) {
  const float one = 1.0F;
  const float zero = 0.0F;
  return cublasSgemm_64(blas, CUBLAS_OP_N, op_a, c.cols, c.rows, inner, &one, b.data, b.ld, a.data, a.ld,
                        &zero, c.data, c.ld);
}
cublasStatus_t gemm(cublasHandle_t blas, cublasOperation_t op_a, Index inner, ConstView<double> a,
                    ConstView<double> b, View<double> c) {
  const double one = 1.0;
  const double zero = 0.0;
  return cublasDgemm_64(blas, CUBLAS_OP_N, op_a, c.cols, c.rows, inner, &one, b.data, b.ld, a.data, a.ld,
                        &zero, c.data, c.ld);
}

}  // namespace

template <class T>
void CudaKernels<T>::multiply(ConstView<T> a, ConstView<T> b, View<T> c) {
  GEOLIP_CUDA_CHECK(gemm(context_.blas(), CUBLAS_OP_N, a.cols, a, b, c));
}

template <class T>
void CudaKernels<T>::multiply_transposed(ConstView<T> a, ConstView<T> b, View<T> c) {
  GEOLIP_CUDA_CHECK(gemm(context_.blas(), CUBLAS_OP_T, a.rows, a, b, c));
}

template <class T>
void CudaKernels<T>::scale_rows(const T* d, ConstView<T> x, View<T> y) {
  GEOLIP_CUDA_CHECK(kernels::for_entries(x.rows, x.cols, kernels::ScaleRows<T>{d, matrix(x), matrix(y)},
                                         context_.stream()));
}

template <class T>
void CudaKernels<T>::scale(const double* r, ConstView<double> x, const double* c, View<T> y) {
  GEOLIP_CUDA_CHECK(
      kernels::for_entries(y.rows, y.cols, kernels::Scale<T>{r, matrix(x), c, matrix(y)}, context_.stream()));
}

template <class T>
void CudaKernels<T>::combine(T alpha, ConstView<T> x, T beta, View<T> y) {
  GEOLIP_CUDA_CHECK(kernels::for_entries(
      y.rows, y.cols, kernels::Combine<T>{alpha, matrix(x), beta, matrix(y)}, context_.stream()));
}

template <class T>
void CudaKernels<T>::multiply_sparse(const SparseRows<T>& a, ConstView<T> x, View<T> y) {
  GEOLIP_CUDA_CHECK(kernels::for_entries(
      y.rows, y.cols, kernels::MultiplySparse<T>{a.offset, a.column, a.value, matrix(x), matrix(y)},
      context_.stream()));
}

template <class T>
template <int n>
void CudaKernels<T>::unfold_pieces(const kernels::Window& window, Index first, Index count, ConstView<T> x,
                                   View<T> u) {
  GEOLIP_CUDA_CHECK(kernels::for_entries(
      window.channels * count, x.cols / n,
      kernels::Unfold<T, n>{window, first, count, x.cols, matrix(x), matrix(u)}, context_.stream()));
}

template <class T>
void CudaKernels<T>::unfold(const kernels::Window& window, Index first, Index count, ConstView<T> x,
                            View<T> u) {
  if (kernels::is_packed(matrix(x), x.cols) && kernels::is_packed(matrix(u), u.cols)) {
    unfold_pieces<kernels::Pack<T>::size>(window, first, count, x, u);
  } else {
    unfold_pieces<1>(window, first, count, x, u);
  }
}

template <class T>
template <int n>
void CudaKernels<T>::fold_pieces(const kernels::Window& window, Index first, Index count, ConstView<T> u,
                                 bool add, View<T> x) {
  // lines of the image that these positions do not meet only matter the first time
  kernels::Lines lines{0, window.down.image - 1};
  if (add) lines = kernels::lines_met(window, first, count);
  const Index number = lines.last - lines.first + 1;
  GEOLIP_CUDA_CHECK(kernels::for_entries(
      window.channels * number * window.along.image, x.cols / n,
      kernels::Fold<T, n>{window, first, count, lines.first, number, x.cols, add, matrix(u), matrix(x)},
      context_.stream()));
}

template <class T>
void CudaKernels<T>::fold(const kernels::Window& window, Index first, Index count, ConstView<T> u, bool add,
                          View<T> x) {
  if (kernels::is_packed(matrix(x), x.cols) && kernels::is_packed(matrix(u), u.cols)) {
    fold_pieces<kernels::Pack<T>::size>(window, first, count, u, add, x);
  } else {
    fold_pieces<1>(window, first, count, u, add, x);
  }
}

template <class T>
void CudaKernels<T>::gather_columns(const std::int32_t* index, ConstView<T> x, View<T> y) {
  GEOLIP_CUDA_CHECK(kernels::for_entries(
      y.rows, y.cols, kernels::GatherColumns<T, T>{index, matrix(x), matrix(y)}, context_.stream()));
}

template <class T>
void CudaKernels<T>::add_noise(T scale, std::uint64_t seed, std::uint64_t stream, const std::int32_t* mask,
                               View<T> x) {
  GEOLIP_CUDA_CHECK(kernels::for_entries(
      x.rows, x.cols, kernels::AddNoise<T>{scale, kernels::stream_key(seed, stream), mask, x.cols, matrix(x)},
      context_.stream()));
}

template <class T>
void CudaKernels<T>::forward_rows(const Columns& columns, const Slopes<T>& slopes, ConstView<T> w,
                                  ConstView<T> s_hat, View<T> rho, View<T> v) {
  GEOLIP_CUDA_CHECK(kernels::forward_rows(
      segments(columns, w.rows),
      kernels::ForwardRows<T>{slope_table(columns, slopes), matrix(w), matrix(s_hat), matrix(rho), matrix(v)},
      context_.stream()));
}

template <class T>
void CudaKernels<T>::backward_rows(const Columns& columns, const Slopes<T>& slopes,
                                   const kernels::Momentum* momentum, ConstView<T> w, ConstView<T> rho,
                                   const RowState<T>& state, View<T> g) {
  GEOLIP_CUDA_CHECK(
      kernels::backward_rows(segments(columns, g.rows),
                             kernels::BackwardRows<T>{slope_table(columns, slopes), momentum, matrix(w),
                                                      matrix(rho), unit_rows(state), matrix(g)},
                             context_.stream()));
}

template <class T>
void CudaKernels<T>::input_rows(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                                const RowState<T>& state) {
  GEOLIP_CUDA_CHECK(kernels::input_rows(segments(columns, g.rows),
                                        kernels::InputRows<T>{momentum, matrix(g), unit_rows(state)},
                                        context_.stream()));
}

template <class T>
void CudaKernels<T>::input_ball(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                                const RowState<T>& state) {
  const kernels::Segments layout = segments(columns, g.rows);
  auto* partial = partial_.take<kernels::BallSums>(
      static_cast<std::size_t>(kernels::slab_count(g.rows) * columns.problems));
  auto* weights = weights_.take<kernels::BallWeights<T>>(static_cast<std::size_t>(columns.problems));
  GEOLIP_CUDA_CHECK(kernels::ball_sums(layout, kernels::BallTerm<T>{matrix(g), matrix(ConstView<T>(state.s))},
                                       kernels::BallFinish<T>{momentum, state.g.data, weights}, partial,
                                       context_.stream()));
  GEOLIP_CUDA_CHECK(kernels::ball_rows(layout, kernels::BallRows<T>{weights, matrix(g), unit_rows(state)},
                                       context_.stream()));
}

template <class T>
void CudaKernels<T>::normalise_rows(const Columns& columns, const RowState<T>& state) {
  GEOLIP_CUDA_CHECK(kernels::normalise_rows(segments(columns, state.s.rows),
                                            kernels::NormaliseRows<T>{unit_rows(state)}, context_.stream()));
}

template <class T>
void CudaKernels<T>::normalise_ball(const Columns& columns, const RowState<T>& state) {
  const kernels::Segments layout = segments(columns, state.s.rows);
  auto* partial = partial_.take<kernels::BallSums>(
      static_cast<std::size_t>(kernels::slab_count(state.s.rows) * columns.problems));
  auto* weights = weights_.take<kernels::BallWeights<T>>(static_cast<std::size_t>(columns.problems));
  const kernels::Matrix<const T> x = matrix(ConstView<T>(state.s_hat));
  GEOLIP_CUDA_CHECK(kernels::normalise_ball_sums(layout, kernels::BallTerm<T>{x, x},
                                                 kernels::NormaliseBallFinish<T>{weights}, partial,
                                                 context_.stream()));
  GEOLIP_CUDA_CHECK(kernels::normalise_ball_rows(
      layout, kernels::NormaliseBallRows<T>{weights, unit_rows(state)}, context_.stream()));
}

template <class T>
void CudaKernels<T>::objective(const Columns& columns, ConstView<double> u, const std::int32_t* vector,
                               ConstView<T> y, View<T> g, double* value, const kernels::History& history) {
  auto* partial = partial_.take<kernels::BallSums>(
      static_cast<std::size_t>(kernels::slab_count(y.rows) * columns.problems));
  GEOLIP_CUDA_CHECK(kernels::objective(segments(columns, y.rows),
                                       kernels::ObjectiveTerm<T>{matrix(u), vector, matrix(y), matrix(g)},
                                       kernels::ObjectiveFinish{value, history}, partial, context_.stream()));
}

template <class T>
void CudaKernels<T>::spread_column(const Columns& columns, ConstView<T> a, ConstView<T> x, View<T> w) {
  GEOLIP_CUDA_CHECK(kernels::spread_rows(
      segments(columns, w.rows), kernels::SpreadRows<T>{matrix(a), matrix(x), matrix(w)}, context_.stream()));
}

template <class T>
void CudaKernels<T>::collect_column(const Columns& columns, ConstView<T> a, ConstView<T> w, View<T> x) {
  T* partial = partial_.take<T>(static_cast<std::size_t>(kernels::slab_count(w.rows) * columns.total));
  GEOLIP_CUDA_CHECK(kernels::collect_columns(segments(columns, w.rows), matrix(a), matrix(w), partial, x.data,
                                             context_.stream()));
}

template <class T>
void CudaKernels<T>::project_signs(const Columns& columns, ConstView<T> s_hat, ConstView<T> d, View<T> y) {
  GEOLIP_CUDA_CHECK(kernels::for_entries(
      y.rows, columns.problems * d.cols,
      kernels::ProjectSigns<T>{columns.offset, d.cols, matrix(s_hat), matrix(d), matrix(y)},
      context_.stream()));
}

template class CudaKernels<float>;
template class CudaKernels<double>;

}  // namespace geolip::backend::cuda
