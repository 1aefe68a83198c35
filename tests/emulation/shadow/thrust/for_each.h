/// \file
/// What the kernels use of Thrust, on the emulated device.
#pragma once

#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system_error.h>

namespace thrust {

template <class T, class Operation>
void for_each_n(const cuda::Policy& policy, counting_iterator<T> first, T count, const Operation& operation) {
  const cudaError_t error = geolip::emulation::enqueue(policy.stream, [=] {
    // from the last to the first: no entry may count on another
    for (T i = count; i-- > 0;) operation(first.value + i);
  });
  if (error != cudaSuccess) throw system_error(error);
}

}  // namespace thrust
