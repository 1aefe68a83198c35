/// \file
/// What the kernels use of Thrust, on the emulated device.
#pragma once

#include <emulation/device.hpp>

namespace thrust::cuda {

struct Policy {
  cudaStream_t stream = nullptr;
  Policy on(cudaStream_t to) const { return {to}; }
};
inline constexpr Policy par_nosync;

}  // namespace thrust::cuda
