// The functions of cuSOLVER that GeoLIP calls, on the emulated device, by Eigen.
#include <emulation/device.hpp>

#include <backend/cuda/libraries.hpp>

#include <Eigen/Cholesky>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

struct cusolverDnContext {
  cudaStream_t stream = nullptr;
};
struct cusolverDnParams {};

namespace {

constexpr std::size_t host_bytes = 64;

std::size_t device_bytes(std::int64_t n) { return static_cast<std::size_t>(n) * sizeof(double); }

}  // namespace

extern "C" {

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle) {
  *handle = new cusolverDnContext;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle) {
  delete handle;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUSOLVER_STATUS_SUCCESS;
}

#if GEOLIP_CUSOLVER_HAS_DETERMINISTIC_MODE
cusolverStatus_t cusolverDnSetDeterministicMode(cusolverDnHandle_t /*handle*/,
                                                cusolverDeterministicMode_t mode) {
  return mode == CUSOLVER_DETERMINISTIC_RESULTS ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_NOT_SUPPORTED;
}
#endif

#if GEOLIP_CUSOLVER_HAS_MATH_MODE
cusolverStatus_t cusolverDnSetMathMode(cusolverDnHandle_t /*handle*/, cusolverMathMode_t mode) {
  return mode == CUSOLVER_DEFAULT_MATH ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_NOT_SUPPORTED;
}
#endif

cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t* parameters) {
  *parameters = new cusolverDnParams;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t parameters) {
  delete parameters;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXpotrf_bufferSize(cusolverDnHandle_t /*handle*/, cusolverDnParams_t /*parameters*/,
                                             cublasFillMode_t /*uplo*/, std::int64_t n, cudaDataType type,
                                             const void* /*a*/, std::int64_t lda, cudaDataType compute,
                                             std::size_t* on_device, std::size_t* on_host) {
  if (type != CUDA_R_64F || compute != CUDA_R_64F || lda < n) return CUSOLVER_STATUS_INVALID_VALUE;
  *on_device = device_bytes(n);
  *on_host = host_bytes;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t handle, cusolverDnParams_t /*parameters*/,
                                  cublasFillMode_t uplo, std::int64_t n, cudaDataType type, void* a,
                                  std::int64_t lda, cudaDataType compute, void* on_device,
                                  std::size_t bytes_on_device, void* on_host, std::size_t bytes_on_host,
                                  int* info) {
  if (uplo != CUBLAS_FILL_MODE_UPPER || type != CUDA_R_64F || compute != CUDA_R_64F || lda < n) {
    return CUSOLVER_STATUS_INVALID_VALUE;
  }
  if (bytes_on_device < device_bytes(n) || bytes_on_host < host_bytes)
    return CUSOLVER_STATUS_INVALID_WORKSPACE;
  const cudaError_t error = geolip::emulation::enqueue(handle->stream, [=] {
    // both workspaces must still be there
    std::memset(on_device, 0xff, device_bytes(n));
    std::memset(on_host, 0xff, host_bytes);
    using Matrix = Eigen::MatrixXd;
    Eigen::Map<Matrix, Eigen::Unaligned, Eigen::OuterStride<>> matrix(static_cast<double*>(a), n, n,
                                                                      Eigen::OuterStride<>(lda));
    int failed = 0;
    {
      Eigen::LLT<Eigen::Ref<Matrix, 0, Eigen::OuterStride<>>, Eigen::Upper> factor(matrix);
      if (factor.info() != Eigen::Success) failed = 1;
    }
    // the other triangle is nobody's afterwards
    matrix.triangularView<Eigen::StrictlyLower>().setConstant(std::numeric_limits<double>::quiet_NaN());
    *info = failed;
  });
  return error == cudaSuccess ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_EXECUTION_FAILED;
}

}  // extern "C"
