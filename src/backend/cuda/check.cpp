#include <backend/cuda/check.hpp>

#include <string_view>

namespace geolip::backend::cuda {
namespace {

/// cuSOLVER has no function for this.
const char* text_of(cusolverStatus_t status) {
  switch (status) {
    case CUSOLVER_STATUS_SUCCESS:
      return "success";
    case CUSOLVER_STATUS_NOT_INITIALIZED:
      return "not initialised";
    case CUSOLVER_STATUS_ALLOC_FAILED:
      return "allocation failed";
    case CUSOLVER_STATUS_INVALID_VALUE:
      return "invalid value";
    case CUSOLVER_STATUS_ARCH_MISMATCH:
      return "the device lacks a feature";
    case CUSOLVER_STATUS_MAPPING_ERROR:
      return "mapping error";
    case CUSOLVER_STATUS_EXECUTION_FAILED:
      return "execution failed";
    case CUSOLVER_STATUS_INTERNAL_ERROR:
      return "internal error";
    case CUSOLVER_STATUS_MATRIX_TYPE_NOT_SUPPORTED:
      return "matrix type not supported";
    case CUSOLVER_STATUS_NOT_SUPPORTED:
      return "not supported";
    case CUSOLVER_STATUS_ZERO_PIVOT:
      return "zero pivot";
    case CUSOLVER_STATUS_INVALID_LICENSE:
      return "invalid licence";
    case CUSOLVER_STATUS_INVALID_WORKSPACE:
      return "invalid workspace";
    default:
      return "unknown error";
  }
}

[[noreturn]] void fail(const char* library, int status, const char* text, bool of_memory,
                       std::string_view call, std::string_view file, int line) {
  const std::string_view name = call.substr(0, call.find('('));
  const std::string_view base = file.substr(file.find_last_of('/') + 1);
  const std::string message = std::string(library) + ": " + std::string(name) + " failed with '" + text +
                              "' (" + std::to_string(status) + ") at " + std::string(base) + ":" +
                              std::to_string(line);
  if (of_memory) throw OutOfDeviceMemory(message);
  throw CudaError(message);
}

}  // namespace

OutOfDeviceMemory::OutOfDeviceMemory(const std::string& device, std::size_t bytes, std::size_t free)
    : message_(device + ": " + std::to_string(bytes) + " bytes of memory were asked for, and " +
               std::to_string(free) + " are free") {}

void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  const bool of_memory = status == cudaErrorMemoryAllocation;
  if (of_memory) static_cast<void>(cudaGetLastError());  // which the next launch would otherwise report
  fail("CUDA", status, cudaGetErrorString(status), of_memory, call, file, line);
}

void check(cublasStatus_t status, const char* call, const char* file, int line) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    fail("cuBLAS", status, cublasGetStatusString(status), status == CUBLAS_STATUS_ALLOC_FAILED, call, file,
         line);
  }
}

void check(cusolverStatus_t status, const char* call, const char* file, int line) {
  if (status != CUSOLVER_STATUS_SUCCESS) {
    fail("cuSOLVER", status, text_of(status), status == CUSOLVER_STATUS_ALLOC_FAILED, call, file, line);
  }
}

}  // namespace geolip::backend::cuda
