/// \file
/// Owners of CUDA's handles.
#pragma once

#include <backend/cuda/check.hpp>

#include <memory>
#include <type_traits>

namespace geolip::backend::cuda {

inline cublasStatus_t destroy_blas(cublasHandle_t blas) { return cublasDestroy(blas); }
inline cusolverStatus_t destroy_solver(cusolverDnHandle_t solver) { return cusolverDnDestroy(solver); }
inline cusolverStatus_t destroy_parameters(cusolverDnParams_t parameters) {
  return cusolverDnDestroyParams(parameters);
}

/// Destroys a handle with the library's own function. Its status has nowhere to go.
template <auto destroy>
struct Destroy {
  template <class Handle>
  void operator()(Handle handle) const noexcept {
    static_cast<void>(destroy(handle));
  }
};

/// A handle (all of CUDA's are pointers), destroyed at the end. Move-only.
template <class Handle, auto destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy<destroy>>;

using Stream = Owned<cudaStream_t, cudaStreamDestroy>;
using Event = Owned<cudaEvent_t, cudaEventDestroy>;
using Graph = Owned<cudaGraph_t, cudaGraphDestroy>;
using GraphExec = Owned<cudaGraphExec_t, cudaGraphExecDestroy>;
using MemoryPool = Owned<cudaMemPool_t, cudaMemPoolDestroy>;
using BlasHandle = Owned<cublasHandle_t, destroy_blas>;
using SolverHandle = Owned<cusolverDnHandle_t, destroy_solver>;
using SolverParameters = Owned<cusolverDnParams_t, destroy_parameters>;
/// Memory of the host that the device fetches by itself, from cudaHostAlloc.
using PinnedMemory = std::unique_ptr<unsigned char, Destroy<cudaFreeHost>>;

}  // namespace geolip::backend::cuda
