/// \file
/// A grid of device threads on one thread of the host: those of a block take turns.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>

namespace geolip::emulation {

/// Calls `thread` once for each thread of the grid, with threadIdx and blockIdx set. Blocks run from the last
/// to the first, since no kernel may count on their order. A block whose threads wait for each other in vain
/// ends the program, with a sentence.
void run_grid(dim3 blocks, dim3 threads, const std::function<void()>& thread);

/// Waits until all threads of the block that have not ended are here.
void synchronise_block();
/// Exchanges x within the lanes of `mask` of a warp: the value that the lane across has. Every lane of the
/// mask has to call it.
double exchange(unsigned mask, double x, int step);

/// The present thread's place.
const uint3& thread_index();
const uint3& block_index();

}  // namespace geolip::emulation
