/// \file
/// Launches of the kernels that move a matrix by square tiles through shared memory, and of row sums. Every
/// function returns what cudaGetLastError() says of its launch; none synchronises.
#pragma once

#include <kernels/layout.hpp>

#include <cuda_runtime_api.h>

namespace geolip::kernels {

/// Y(i, j) = d_j A(j, i); all d_j are 1 where d is null. Y is rows x cols.
cudaError_t transpose(Index rows, Index cols, Matrix<const double> a, const double* d, Matrix<double> y,
                      cudaStream_t stream);
/// Copies the lower triangle of an n x n matrix to the upper.
cudaError_t symmetrise(Index n, Matrix<double> a, cudaStream_t stream);
/// square[i] = |X(i, :)|^2
cudaError_t row_squares(Index rows, Index cols, Matrix<const double> x, double* square, cudaStream_t stream);

}  // namespace geolip::kernels
