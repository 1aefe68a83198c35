/// \file
/// NumPy's array format.
#pragma once

#include "checker/files/bytes.hpp"

#include <functional>

namespace geolip::checker {

struct NpyArray {
  Shape shape;
  std::vector<double> values;  ///< row after row
};

/// Reads an array of `size` bytes; `take` gives its bytes from the front, as many as it is asked for. Only
/// float16, float32 and float64 are read. Throws ReadError, too if the array's shape does not need exactly
/// `size` bytes.
NpyArray read_npy(std::size_t size, const std::function<std::vector<unsigned char>(std::size_t)>& take);

}  // namespace geolip::checker
