/// \file
/// An emulated CUDA device: memory, streams and captured graphs on the host, behind CUDA's own functions.
///
/// It runs the code of the CUDA backend and of the kernels where there is no GPU, and is stricter than one:
/// work on a stream waits until something synchronises with it; memory has never been written before, is
/// never handed out twice, and faults after its release and beyond its end; what a stream cannot do while it
/// is captured is refused. It says nothing about speed, and nothing about what only the compiler for the
/// device or NVIDIA's libraries decide.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>

namespace geolip::emulation {

/// Puts work at the end of a stream, or into the graph that is captured from it.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work);

/// Remembers the error for cudaGetLastError and gives it back.
cudaError_t fail(cudaError_t error);

/// Whether a device takes a launch of this size.
bool is_launchable(dim3 blocks, dim3 threads);

}  // namespace geolip::emulation
