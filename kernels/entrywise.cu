#include <kernels/entrywise.hpp>

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system_error.h>

namespace geolip::kernels {
namespace {

/// Entry number `at`, row after row.
template <class Operation>
struct AtPlace {
  Index cols;
  Operation operation;

  __device__ void operator()(Index at) const {
    const Place place = place_of(at, cols);
    operation(place.row, place.col);
  }
};

}  // namespace

template <class Operation>
cudaError_t for_entries(Index rows, Index cols, const Operation& operation, cudaStream_t stream) {
  if (rows <= 0 || cols <= 0) return cudaSuccess;
  try {
    thrust::for_each_n(thrust::cuda::par_nosync.on(stream), thrust::counting_iterator<Index>(0), rows * cols,
                       AtPlace<Operation>{cols, operation});
  } catch (const thrust::system_error& error) {
    return static_cast<cudaError_t>(error.code().value());
  }
  return cudaGetLastError();
}

#define GEOLIP_INSTANTIATE(Operation) \
  template cudaError_t for_entries(Index, Index, const Operation&, cudaStream_t);
GEOLIP_INSTANTIATE(ScaleRows<float>)
GEOLIP_INSTANTIATE(ScaleRows<double>)
template cudaError_t for_entries(Index, Index, const GatherColumns<float, float>&, cudaStream_t);
template cudaError_t for_entries(Index, Index, const GatherColumns<double, double>&, cudaStream_t);
template cudaError_t for_entries(Index, Index, const GatherColumns<float, double>&, cudaStream_t);
GEOLIP_INSTANTIATE(Scale<float>)
GEOLIP_INSTANTIATE(Scale<double>)
GEOLIP_INSTANTIATE(Combine<float>)
GEOLIP_INSTANTIATE(Combine<double>)
GEOLIP_INSTANTIATE(MultiplySparse<float>)
GEOLIP_INSTANTIATE(MultiplySparse<double>)
template cudaError_t for_entries(Index, Index, const Unfold<float, 1>&, cudaStream_t);
template cudaError_t for_entries(Index, Index, const Unfold<float, 4>&, cudaStream_t);
template cudaError_t for_entries(Index, Index, const Unfold<double, 1>&, cudaStream_t);
template cudaError_t for_entries(Index, Index, const Unfold<double, 2>&, cudaStream_t);
template cudaError_t for_entries(Index, Index, const Fold<float, 1>&, cudaStream_t);
template cudaError_t for_entries(Index, Index, const Fold<float, 4>&, cudaStream_t);
template cudaError_t for_entries(Index, Index, const Fold<double, 1>&, cudaStream_t);
template cudaError_t for_entries(Index, Index, const Fold<double, 2>&, cudaStream_t);
GEOLIP_INSTANTIATE(AddNoise<float>)
GEOLIP_INSTANTIATE(AddNoise<double>)
GEOLIP_INSTANTIATE(ProjectSigns<float>)
GEOLIP_INSTANTIATE(ProjectSigns<double>)
GEOLIP_INSTANTIATE(AddSlabRows<float>)
GEOLIP_INSTANTIATE(AddSlabRows<double>)
#undef GEOLIP_INSTANTIATE

}  // namespace geolip::kernels
