/// \file
/// How a kernel is started. Tests put another header in this one's place, which runs kernels on the host
/// (tests/emulation).
#pragma once

#include <cuda_runtime_api.h>

namespace geolip::kernels {

/// Starts `kernel` on a stream; the error if it could not be started.
template <class... Parameters, class... Arguments>
cudaError_t start(void (*kernel)(Parameters...), dim3 blocks, dim3 threads, cudaStream_t stream,
                  const Arguments&... arguments) {
  kernel<<<blocks, threads, 0, stream>>>(arguments...);
  return cudaGetLastError();
}

}  // namespace geolip::kernels
