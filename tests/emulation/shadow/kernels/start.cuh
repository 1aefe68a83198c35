/// \file
/// Stands in for kernels/start.cuh where kernels are compiled for the emulated device: their words for
/// threads and barriers, and a start that puts them on an emulated stream.
#pragma once

#include <emulation/device.hpp>
#include <emulation/threads.hpp>

#include <cuda_runtime_api.h>

// Blocks run one after another on a thread of the host.
#undef __shared__
#define __shared__ static thread_local
#define __launch_bounds__(...)
#define threadIdx (::geolip::emulation::thread_index())
#define blockIdx (::geolip::emulation::block_index())

inline void __syncthreads() { ::geolip::emulation::synchronise_block(); }

template <class T>
T __shfl_xor_sync(unsigned mask, T x, int step) {
  return static_cast<T>(::geolip::emulation::exchange(mask, static_cast<double>(x), step));
}

namespace geolip::kernels {

template <class... Parameters, class... Arguments>
cudaError_t start(void (*kernel)(Parameters...), dim3 blocks, dim3 threads, cudaStream_t stream,
                  const Arguments&... arguments) {
  if (!emulation::is_launchable(blocks, threads)) return emulation::fail(cudaErrorInvalidConfiguration);
  return emulation::enqueue(stream,
                            [=] { emulation::run_grid(blocks, threads, [&] { kernel(arguments...); }); });
}

}  // namespace geolip::kernels
