#include <kernels/launch.cuh>
#include <kernels/rows.hpp>

namespace geolip::kernels {
namespace {

template <class T, int lanes, class Body>
__global__ void __launch_bounds__(block_threads, resident_blocks)
    segment_kernel(Segments segments, Body body) {
  const Index at = group_number<lanes>();
  if (at < segments.rows * segments.problems) run_segment<T>(DeviceGroup<lanes>(), segments, at, body);
}

template <class T, class Body>
__global__ void __launch_bounds__(block_threads, resident_blocks)
    single_kernel(Segments segments, Body body) {
  const Index at = group_number<1>();
  if (at < segments.rows * segments.problems) run_single<T>(segments, at, body);
}

/// Lanes by the mean rank: enough that the mean segment is held in registers, few enough that most have work.
template <class T, class Body>
cudaError_t launch(const Segments& segments, const Body& body, cudaStream_t stream) {
  const Index groups = segments.rows * segments.problems;
  if (groups == 0) return cudaSuccess;
  constexpr Index pack = Pack<T>::size;
  const Index mean = (segments.total + segments.problems - 1) / segments.problems;
  // Every problem has a column, so that as many columns as problems means rank one throughout.
  if (segments.total == segments.problems) {
    return start(&single_kernel<T, Body>, blocks_for(groups, 1), block_threads, stream, segments, body);
  }
  if (mean <= pack) {
    return start(&segment_kernel<T, 1, Body>, blocks_for(groups, 1), block_threads, stream, segments, body);
  }
  if (mean <= 4 * pack) {
    return start(&segment_kernel<T, 4, Body>, blocks_for(groups, 4), block_threads, stream, segments, body);
  }
  if (mean <= 16 * pack) {
    return start(&segment_kernel<T, 8, Body>, blocks_for(groups, 8), block_threads, stream, segments, body);
  }
  return start(&segment_kernel<T, 32, Body>, blocks_for(groups, 32), block_threads, stream, segments, body);
}

}  // namespace

template <class T>
cudaError_t forward_rows(const Segments& segments, const ForwardRows<T>& body, cudaStream_t stream) {
  return launch<T>(segments, body, stream);
}

template <class T>
cudaError_t backward_rows(const Segments& segments, const BackwardRows<T>& body, cudaStream_t stream) {
  return launch<T>(segments, body, stream);
}

template <class T>
cudaError_t input_rows(const Segments& segments, const InputRows<T>& body, cudaStream_t stream) {
  return launch<T>(segments, body, stream);
}

template <class T>
cudaError_t normalise_rows(const Segments& segments, const NormaliseRows<T>& body, cudaStream_t stream) {
  return launch<T>(segments, body, stream);
}

template <class T>
cudaError_t ball_rows(const Segments& segments, const BallRows<T>& body, cudaStream_t stream) {
  return launch<T>(segments, body, stream);
}

template <class T>
cudaError_t normalise_ball_rows(const Segments& segments, const NormaliseBallRows<T>& body,
                                cudaStream_t stream) {
  return launch<T>(segments, body, stream);
}

template <class T>
cudaError_t spread_rows(const Segments& segments, const SpreadRows<T>& body, cudaStream_t stream) {
  return launch<T>(segments, body, stream);
}

cudaError_t check_device_code() {
  cudaFuncAttributes attributes;
  return cudaFuncGetAttributes(&attributes,
                               reinterpret_cast<const void*>(&single_kernel<float, ForwardRows<float>>));
}

#define GEOLIP_INSTANTIATE(T)                                                                           \
  template cudaError_t forward_rows(const Segments&, const ForwardRows<T>&, cudaStream_t);              \
  template cudaError_t backward_rows(const Segments&, const BackwardRows<T>&, cudaStream_t);            \
  template cudaError_t input_rows(const Segments&, const InputRows<T>&, cudaStream_t);                  \
  template cudaError_t normalise_rows(const Segments&, const NormaliseRows<T>&, cudaStream_t);          \
  template cudaError_t ball_rows(const Segments&, const BallRows<T>&, cudaStream_t);                    \
  template cudaError_t normalise_ball_rows(const Segments&, const NormaliseBallRows<T>&, cudaStream_t); \
  template cudaError_t spread_rows(const Segments&, const SpreadRows<T>&, cudaStream_t);
GEOLIP_INSTANTIATE(float)
GEOLIP_INSTANTIATE(double)
#undef GEOLIP_INSTANTIATE

}  // namespace geolip::kernels
