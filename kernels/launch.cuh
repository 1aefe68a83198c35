/// \file
/// What all kernels share: groups of lanes, the size of a launch, and its start.
#pragma once

#include <kernels/layout.hpp>
#include <kernels/start.cuh>

#include <cuda_runtime_api.h>

namespace geolip::kernels {

constexpr int block_threads = 256;
// Resident blocks that the compiler must leave registers for: enough loads in flight to keep the memory busy,
// and registers enough that no kernel spills.
constexpr int resident_blocks = 3;

/// Lanes of one warp that work on one segment together. A group's lanes take every branch together; other
/// groups of the warp need not.
template <int n>
struct DeviceGroup {
  static_assert(n > 1 && n <= 32 && (n & (n - 1)) == 0);
  static constexpr int lanes = n;

  __device__ int lane() const { return static_cast<int>(threadIdx.x) & (n - 1); }

  /// The sum over the group, the same bits in every lane: each step adds the same two numbers in both lanes.
  template <class T>
  __device__ T sum(T x) const {
    const unsigned group = (static_cast<int>(threadIdx.x) & 31) / n;
    const unsigned mask = (0xffffffffU >> (32 - n)) << (group * n);
    for (int step = n / 2; step > 0; step /= 2) x += __shfl_xor_sync(mask, x, step);
    return x;
  }
};

template <>
struct DeviceGroup<1> {
  static constexpr int lanes = 1;
  __device__ int lane() const { return 0; }
  template <class T>
  __device__ T sum(T x) const {
    return x;
  }
};

/// Number of this thread's group in the grid.
template <int lanes>
__device__ inline Index group_number() {
  return (static_cast<Index>(blockIdx.x) * block_threads + threadIdx.x) / lanes;
}

/// Blocks for `groups` groups of `lanes` lanes.
inline unsigned blocks_for(Index groups, int lanes) {
  return static_cast<unsigned>((groups * lanes + block_threads - 1) / block_threads);
}

}  // namespace geolip::kernels
