#include <kernels/launch.cuh>
#include <kernels/tiles.hpp>

namespace geolip::kernels {
namespace {

constexpr int tile = 32;
constexpr int tile_rows = 8;  // rows of a tile that a block moves at once

/// One column more than needed, so that a column of the tile meets all banks.
struct Tile {
  double x[tile][tile + 1];
};

/// Reads the tile of `a` whose first entry is (row, col); entries beyond rows x cols are not touched.
__device__ void read_tile(Matrix<const double> a, Index row, Index col, Index rows, Index cols, Tile& to) {
  const int j = static_cast<int>(threadIdx.x);
  for (int i = static_cast<int>(threadIdx.y); i < tile; i += tile_rows) {
    if (row + i < rows && col + j < cols) to.x[i][j] = *a.at(row + i, col + j);
  }
}

__global__ void __launch_bounds__(tile* tile_rows)
    transpose_kernel(Index rows, Index cols, Matrix<const double> a, const double* d, Matrix<double> y) {
  __shared__ Tile shared;
  const Index row = static_cast<Index>(blockIdx.y) * tile;
  const Index col = static_cast<Index>(blockIdx.x) * tile;
  read_tile(a, col, row, cols, rows, shared);
  __syncthreads();
  const int j = static_cast<int>(threadIdx.x);
  if (col + j >= cols) return;
  const double scale = d == nullptr ? 1.0 : d[col + j];
  for (int i = static_cast<int>(threadIdx.y); i < tile && row + i < rows; i += tile_rows) {
    *y.at(row + i, col + j) = scale * shared.x[j][i];
  }
}

// Blocks write above the diagonal what they read below it, so that no two touch the same entry; the diagonal
// tiles are read whole before they are written.
__global__ void __launch_bounds__(tile* tile_rows) symmetrise_kernel(Index n, Matrix<double> a) {
  __shared__ Tile shared;
  if (blockIdx.x < blockIdx.y) return;
  const Index row = static_cast<Index>(blockIdx.y) * tile;
  const Index col = static_cast<Index>(blockIdx.x) * tile;
  read_tile({a.data, a.ld}, col, row, n, n, shared);
  __syncthreads();
  const int j = static_cast<int>(threadIdx.x);
  for (int i = static_cast<int>(threadIdx.y); i < tile; i += tile_rows) {
    if (row + i < col + j && col + j < n) *a.at(row + i, col + j) = shared.x[j][i];
  }
}

__global__ void __launch_bounds__(block_threads, resident_blocks)
    row_squares_kernel(Index rows, Index cols, Matrix<const double> x, double* square) {
  const DeviceGroup<32> warp;
  const Index i = group_number<32>();
  if (i >= rows) return;
  double sum = 0.0;
  for (Index j = warp.lane(); j < cols; j += 32) sum += *x.at(i, j) * *x.at(i, j);
  sum = warp.sum(sum);
  if (warp.lane() == 0) square[i] = sum;
}

unsigned tiles(Index n) { return static_cast<unsigned>((n + tile - 1) / tile); }

}  // namespace

cudaError_t transpose(Index rows, Index cols, Matrix<const double> a, const double* d, Matrix<double> y,
                      cudaStream_t stream) {
  if (rows == 0 || cols == 0) return cudaSuccess;
  return start(&transpose_kernel, dim3(tiles(cols), tiles(rows)), dim3(tile, tile_rows), stream, rows, cols,
               a, d, y);
}

cudaError_t symmetrise(Index n, Matrix<double> a, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  return start(&symmetrise_kernel, dim3(tiles(n), tiles(n)), dim3(tile, tile_rows), stream, n, a);
}

cudaError_t row_squares(Index rows, Index cols, Matrix<const double> x, double* square, cudaStream_t stream) {
  if (rows == 0) return cudaSuccess;
  return start(&row_squares_kernel, blocks_for(rows, 32), block_threads, stream, rows, cols, x, square);
}

}  // namespace geolip::kernels
