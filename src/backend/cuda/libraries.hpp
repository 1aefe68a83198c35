/// \file
/// cuBLAS and cuSOLVER, loaded when the first device is opened and not when the program starts: a program
/// with this backend also runs where there is no CUDA, and one that stays on the CPU has nothing of these
/// libraries' size. CUDA's own runtime is linked in; it looks for the driver by itself.
#pragma once

#include <cublas_v2.h>
#include <cusolverDn.h>

/// The functions that GeoLIP calls. (cuBLAS's headers make names with versions of some of them.)
#define GEOLIP_CUBLAS_FUNCTIONS(X) \
  X(cublasCreate)                  \
  X(cublasDestroy)                 \
  X(cublasDgemm_64)                \
  X(cublasDsyrk_64)                \
  X(cublasDtrsm_64)                \
  X(cublasGetStatusString)         \
  X(cublasSetAtomicsMode)          \
  X(cublasSetMathMode)             \
  X(cublasSetPointerMode)          \
  X(cublasSetStream)               \
  X(cublasSetWorkspace)            \
  X(cublasSgemm_64)
// cuSOLVER can be told how to compute from 11.5 (CUDA 12.2) and 12.0 (CUDA 13) on; before, it knows one way.
#define GEOLIP_CUSOLVER_HAS_DETERMINISTIC_MODE (CUSOLVER_VERSION >= 11500)
#define GEOLIP_CUSOLVER_HAS_MATH_MODE (CUSOLVER_VERSION >= 12000)
#if GEOLIP_CUSOLVER_HAS_MATH_MODE
#define GEOLIP_CUSOLVER_MODES(X) X(cusolverDnSetDeterministicMode) X(cusolverDnSetMathMode)
#elif GEOLIP_CUSOLVER_HAS_DETERMINISTIC_MODE
#define GEOLIP_CUSOLVER_MODES(X) X(cusolverDnSetDeterministicMode)
#else
#define GEOLIP_CUSOLVER_MODES(X)
#endif
#define GEOLIP_CUSOLVER_FUNCTIONS(X) \
  GEOLIP_CUSOLVER_MODES(X)           \
  X(cusolverDnCreate)                \
  X(cusolverDnCreateParams)          \
  X(cusolverDnDestroy)               \
  X(cusolverDnDestroyParams)         \
  X(cusolverDnSetStream)             \
  X(cusolverDnXpotrf)                \
  X(cusolverDnXpotrf_bufferSize)

namespace geolip::backend::cuda {

/// Loads both libraries, the first time that it is called. From any thread.
/// Throws QueryError, which names the library, if one is missing or lacks a function.
void load_libraries();

// In this namespace the functions' names are pointers to them, null until load_libraries() has returned.
#define GEOLIP_DECLARE(name) extern decltype(&::name) name;
GEOLIP_CUBLAS_FUNCTIONS(GEOLIP_DECLARE)
GEOLIP_CUSOLVER_FUNCTIONS(GEOLIP_DECLARE)
#undef GEOLIP_DECLARE

}  // namespace geolip::backend::cuda
