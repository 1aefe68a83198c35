/// \file
/// What the kernels use of Thrust, on the emulated device.
#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>

namespace thrust {

struct error_code {
  cudaError_t code;
  int value() const { return code; }
};

class system_error : public std::runtime_error {
 public:
  explicit system_error(cudaError_t code) : std::runtime_error("CUDA"), code_{code} {}
  error_code code() const { return code_; }

 private:
  error_code code_;
};

}  // namespace thrust
