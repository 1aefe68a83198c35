/// \file
/// Every call of CUDA, cuBLAS and cuSOLVER is checked; a failure is thrown with the function's name, file and
/// line.
#pragma once

#include <backend/cuda/libraries.hpp>
#include <geolip/error.hpp>

#include <cuda_runtime_api.h>

#include <cstddef>
#include <new>
#include <string>
#include <utility>

namespace geolip::backend::cuda {

/// The device, or a library on it, reported an error.
class CudaError : public NumericalError {
 public:
  using NumericalError::NumericalError;
};

/// The device's memory does not suffice.
class OutOfDeviceMemory : public std::bad_alloc {
 public:
  OutOfDeviceMemory(const std::string& device, std::size_t bytes, std::size_t free);
  explicit OutOfDeviceMemory(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

/// Throws unless the status is success: OutOfDeviceMemory where memory is what was missing, else CudaError.
/// `call` is the text of the call.
void check(cudaError_t status, const char* call, const char* file, int line);
void check(cublasStatus_t status, const char* call, const char* file, int line);
void check(cusolverStatus_t status, const char* call, const char* file, int line);

}  // namespace geolip::backend::cuda

/// Checks one call. A macro, since only that sees the call's text and place.
#define GEOLIP_CUDA_CHECK(call) ::geolip::backend::cuda::check((call), #call, __FILE__, __LINE__)
