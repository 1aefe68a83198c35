/// \file
/// Launch of the operations on single entries (entries.hpp, window.hpp).
#pragma once

#include <kernels/entries.hpp>
#include <kernels/window.hpp>

#include <cuda_runtime_api.h>

namespace geolip::kernels {

/// operation(i, j) for every entry of a rows x cols matrix. Does not synchronise. Instantiated for every
/// operation of entries.hpp and window.hpp.
template <class Operation>
cudaError_t for_entries(Index rows, Index cols, const Operation& operation, cudaStream_t stream);

}  // namespace geolip::kernels
