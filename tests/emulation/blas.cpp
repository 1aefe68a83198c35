// The functions of cuBLAS that GeoLIP calls, on the emulated device, by Eigen.
#include <emulation/device.hpp>

#include <cublas_v2.h>

#include <Eigen/Core>

#include <cstdint>

struct cublasContext {
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
};

namespace {

using geolip::emulation::enqueue;

template <class T>
using ColumnMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using Map = Eigen::Map<ColumnMajor<T>, Eigen::Unaligned, Eigen::OuterStride<>>;
template <class T>
using ConstMap = Eigen::Map<const ColumnMajor<T>, Eigen::Unaligned, Eigen::OuterStride<>>;

cublasStatus_t status_of(cudaError_t error) {
  return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

/// Work needs a stream and a workspace: without one cuBLAS allocates, which a captured stream cannot.
bool is_ready(cublasHandle_t handle) { return handle->stream != nullptr && handle->workspace_bytes > 0; }

template <class T>
cublasStatus_t gemm(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, std::int64_t m,
                    std::int64_t n, std::int64_t k, const T* alpha, const T* a, std::int64_t lda, const T* b,
                    std::int64_t ldb, const T* beta, T* c, std::int64_t ldc) {
  const bool plain_a = op_a == CUBLAS_OP_N;
  const bool plain_b = op_b == CUBLAS_OP_N;
  const auto least = [](std::int64_t rows) { return rows > 1 ? rows : std::int64_t{1}; };
  if (m < 0 || n < 0 || k < 0 || lda < least(plain_a ? m : k) || ldb < least(plain_b ? k : n) ||
      ldc < least(m)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (!is_ready(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  return status_of(enqueue(handle->stream, [=, alpha = *alpha, beta = *beta] {
    const ConstMap<T> left(a, plain_a ? m : k, plain_a ? k : m, Eigen::OuterStride<>(lda));
    const ConstMap<T> right(b, plain_b ? k : n, plain_b ? n : k, Eigen::OuterStride<>(ldb));
    Map<T> result(c, m, n, Eigen::OuterStride<>(ldc));
    if (beta == T(0)) {
      result.setZero();
    } else {
      result *= beta;
    }
    if (alpha == T(0)) return;
    if (plain_a && plain_b) result.noalias() += alpha * left * right;
    if (plain_a && !plain_b) result.noalias() += alpha * left * right.transpose();
    if (!plain_a && plain_b) result.noalias() += alpha * left.transpose() * right;
    if (!plain_a && !plain_b) result.noalias() += alpha * left.transpose() * right.transpose();
  }));
}

}  // namespace

extern "C" {

const char* cublasGetStatusString(cublasStatus_t /*status*/) { return "emulated device's status"; }

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = new cublasContext;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  *handle = {stream, nullptr, 0};  // which forgets the workspace, as cuBLAS does
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  handle->workspace = workspace;
  handle->workspace_bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetPointerMode(cublasHandle_t /*handle*/, cublasPointerMode_t mode) {
  return mode == CUBLAS_POINTER_MODE_HOST ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasSetAtomicsMode(cublasHandle_t /*handle*/, cublasAtomicsMode_t /*mode*/) {
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t /*handle*/, cublasMath_t /*mode*/) {
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSgemm_64(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                              std::int64_t m, std::int64_t n, std::int64_t k, const float* alpha,
                              const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                              const float* beta, float* c, std::int64_t ldc) {
  return gemm(handle, op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

cublasStatus_t cublasDgemm_64(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                              std::int64_t m, std::int64_t n, std::int64_t k, const double* alpha,
                              const double* a, std::int64_t lda, const double* b, std::int64_t ldb,
                              const double* beta, double* c, std::int64_t ldc) {
  return gemm(handle, op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

cublasStatus_t cublasDsyrk_64(cublasHandle_t handle, cublasFillMode_t uplo, cublasOperation_t op,
                              std::int64_t n, std::int64_t k, const double* alpha, const double* a,
                              std::int64_t lda, const double* beta, double* c, std::int64_t ldc) {
  const bool plain = op == CUBLAS_OP_N;
  if (n < 0 || k < 0 || lda < (plain ? n : k) || ldc < n) return CUBLAS_STATUS_INVALID_VALUE;
  if (!is_ready(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  return status_of(enqueue(handle->stream, [=, alpha = *alpha, beta = *beta] {
    const ConstMap<double> factor(a, plain ? n : k, plain ? k : n, Eigen::OuterStride<>(lda));
    ColumnMajor<double> product(n, n);
    if (plain) {
      product.noalias() = factor * factor.transpose();
    } else {
      product.noalias() = factor.transpose() * factor;
    }
    Map<double> result(c, n, n, Eigen::OuterStride<>(ldc));
    for (std::int64_t j = 0; j < n; ++j) {
      const std::int64_t begin = uplo == CUBLAS_FILL_MODE_UPPER ? 0 : j;
      const std::int64_t end = uplo == CUBLAS_FILL_MODE_UPPER ? j + 1 : n;
      for (std::int64_t i = begin; i < end; ++i) {
        result(i, j) = alpha * product(i, j) + (beta == 0.0 ? 0.0 : beta * result(i, j));
      }
    }
  }));
}

cublasStatus_t cublasDtrsm_64(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo,
                              cublasOperation_t op, cublasDiagType_t diagonal, std::int64_t m, std::int64_t n,
                              const double* alpha, const double* a, std::int64_t lda, double* b,
                              std::int64_t ldb) {
  // the one case that GeoLIP asks for
  if (side != CUBLAS_SIDE_LEFT || uplo != CUBLAS_FILL_MODE_UPPER || op != CUBLAS_OP_T ||
      diagonal != CUBLAS_DIAG_NON_UNIT || *alpha != 1.0) {
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  if (m < 0 || n < 0 || lda < m || ldb < m) return CUBLAS_STATUS_INVALID_VALUE;
  if (!is_ready(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  return status_of(enqueue(handle->stream, [=] {
    const ConstMap<double> factor(a, m, m, Eigen::OuterStride<>(lda));
    Map<double> right(b, m, n, Eigen::OuterStride<>(ldb));
    factor.triangularView<Eigen::Upper>().transpose().solveInPlace(right);
  }));
}

}  // extern "C"
