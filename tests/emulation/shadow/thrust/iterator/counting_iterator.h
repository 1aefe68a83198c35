/// \file
/// What the kernels use of Thrust, on the emulated device.
#pragma once

namespace thrust {

template <class T>
struct counting_iterator {
  explicit counting_iterator(T at) : value(at) {}
  T value;
};

}  // namespace thrust
