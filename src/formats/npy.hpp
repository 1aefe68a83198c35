/// \file
/// NumPy's array format.
#pragma once

#include <formats/reader.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace geolip::formats {

/// What the header of a .npy file says.
struct NpyHeader {
  std::size_t size = 0;      ///< bytes before the data
  std::size_t itemsize = 0;  ///< 2, 4 or 8: float16, float32, float64 or int64
  bool swapped = false;      ///< the data's byte order is not this machine's
  bool fortran = false;      ///< the first index runs fastest
  std::vector<Index> shape;
  Index count = 0;  ///< product of the shape
};

/// Bytes that are enough to learn the size of a header.
constexpr std::size_t npy_prefix = 12;
/// Size of the header whose first npy_prefix bytes these are; throws NetworkError if this is no .npy file.
std::size_t npy_header_size(Bytes prefix);
/// Reads a header of npy_header_size bytes, for numbers of a kind: 'f' floats, 'i' int64. Throws NetworkError
/// if it is malformed or its type is another.
NpyHeader parse_npy_header(Bytes header, char kind = 'f');
/// The array's numbers in C order; `data` must hold count * itemsize bytes.
std::vector<double> npy_numbers(const NpyHeader& header, Bytes data);

}  // namespace geolip::formats
