#include <kernels/columns.hpp>
#include <kernels/entrywise.hpp>
#include <kernels/launch.cuh>

namespace geolip::kernels {
namespace {

template <int lanes, class Term>
__global__ void __launch_bounds__(block_threads, resident_blocks)
    slab_kernel(Segments segments, Index groups, Term term, BallSums* partial) {
  const Index at = group_number<lanes>();
  if (at < groups) sum_slab(DeviceGroup<lanes>(), segments, at, term, partial);
}

template <int lanes, class Term, class Finish>
__global__ void __launch_bounds__(block_threads, resident_blocks)
    only_slab_kernel(Segments segments, Term term, Finish finish) {
  const Index b = group_number<lanes>();
  if (b < segments.problems) sum_only_slab(DeviceGroup<lanes>(), segments, b, term, finish);
}

template <class Finish>
__global__ void __launch_bounds__(block_threads, resident_blocks)
    finish_kernel(Segments segments, const BallSums* partial, Finish finish) {
  const Index b = group_number<32>();
  if (b < segments.problems) add_slabs(DeviceGroup<32>(), segments, b, partial, finish);
}

template <class T, int lanes>
__global__ void __launch_bounds__(block_threads, resident_blocks)
    collect_kernel(Segments segments, Index groups, Matrix<const T> a, Matrix<const T> w, T* partial) {
  const Index at = group_number<lanes>();
  if (at < groups) collect_slab(DeviceGroup<lanes>(), segments, at, a, w, partial);
}

/// Lanes that read a row side by side: by the mean rank.
int lanes_for(const Segments& segments) {
  const Index mean = (segments.total + segments.problems - 1) / segments.problems;
  if (mean == 1) return 1;
  return mean <= 8 ? 8 : 32;
}

/// The kernel with so many lanes of three.
template <class Kernel>
Kernel choose(int lanes, Kernel one, Kernel eight, Kernel warp) {
  if (lanes == 1) return one;
  return lanes == 8 ? eight : warp;
}

template <class Term, class Finish>
cudaError_t launch(const Segments& segments, const Term& term, const Finish& finish, BallSums* partial,
                   cudaStream_t stream) {
  if (segments.problems == 0) return cudaSuccess;
  const Index slabs = slab_count(segments.rows);
  const Index groups = slabs * segments.problems;
  const int lanes = lanes_for(segments);
  if (slabs == 1) {
    const auto kernel = choose(lanes, &only_slab_kernel<1, Term, Finish>, &only_slab_kernel<8, Term, Finish>,
                               &only_slab_kernel<32, Term, Finish>);
    return start(kernel, blocks_for(groups, lanes), block_threads, stream, segments, term, finish);
  }
  if (groups > 0) {
    const auto kernel = choose(lanes, &slab_kernel<1, Term>, &slab_kernel<8, Term>, &slab_kernel<32, Term>);
    const cudaError_t error =
        start(kernel, blocks_for(groups, lanes), block_threads, stream, segments, groups, term, partial);
    if (error != cudaSuccess) return error;
  }
  return start(&finish_kernel<Finish>, blocks_for(segments.problems, 32), block_threads, stream, segments,
               partial, finish);
}

}  // namespace

template <class T>
cudaError_t ball_sums(const Segments& segments, const BallTerm<T>& term, const BallFinish<T>& finish,
                      BallSums* partial, cudaStream_t stream) {
  return launch(segments, term, finish, partial, stream);
}

template <class T>
cudaError_t normalise_ball_sums(const Segments& segments, const BallTerm<T>& term,
                                const NormaliseBallFinish<T>& finish, BallSums* partial,
                                cudaStream_t stream) {
  return launch(segments, term, finish, partial, stream);
}

template <class T>
cudaError_t objective(const Segments& segments, const ObjectiveTerm<T>& term, const ObjectiveFinish& finish,
                      BallSums* partial, cudaStream_t stream) {
  return launch(segments, term, finish, partial, stream);
}

template <class T>
cudaError_t collect_columns(const Segments& segments, Matrix<const T> a, Matrix<const T> w, T* partial, T* x,
                            cudaStream_t stream) {
  const Index slabs = slab_count(segments.rows);
  const Index groups = slabs * segments.problems;
  if (groups > 0) {
    const int lanes = lanes_for(segments);
    const auto kernel = choose(lanes, &collect_kernel<T, 1>, &collect_kernel<T, 8>, &collect_kernel<T, 32>);
    const cudaError_t error =
        start(kernel, blocks_for(groups, lanes), block_threads, stream, segments, groups, a, w, partial);
    if (error != cudaSuccess) return error;
  }
  return for_entries(1, segments.total, AddSlabRows<T>{slabs, {partial, segments.total}, x}, stream);
}

#define GEOLIP_INSTANTIATE(T)                                                                          \
  template cudaError_t ball_sums(const Segments&, const BallTerm<T>&, const BallFinish<T>&, BallSums*, \
                                 cudaStream_t);                                                        \
  template cudaError_t normalise_ball_sums(const Segments&, const BallTerm<T>&,                        \
                                           const NormaliseBallFinish<T>&, BallSums*, cudaStream_t);    \
  template cudaError_t objective(const Segments&, const ObjectiveTerm<T>&, const ObjectiveFinish&,     \
                                 BallSums*, cudaStream_t);                                             \
  template cudaError_t collect_columns(const Segments&, Matrix<const T>, Matrix<const T>, T*, T*,      \
                                       cudaStream_t);
GEOLIP_INSTANTIATE(float)
GEOLIP_INSTANTIATE(double)
#undef GEOLIP_INSTANTIATE

}  // namespace geolip::kernels
