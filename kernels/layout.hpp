/// \file
/// What the kernels are told of their data: pointers, sizes and leading dimensions, all in device memory.
/// Plain C++17, so that nvcc needs no other header of the project.
#pragma once

#include <kernels/row_math.hpp>

#include <cstdint>

namespace geolip::kernels {

using Index = std::int64_t;

/// A row-major matrix: entry (i, j) at data[i * ld + j].
template <class T>
struct Matrix {
  T* data;
  Index ld;

  GEOLIP_HD T* at(Index i, Index j) const { return data + i * ld + j; }
};

/// Rows whose columns belong to problems: problem b owns columns offset[b] .. offset[b + 1] - 1, its segment
/// of each row.
struct Segments {
  Index rows;
  Index problems;
  Index total;                 ///< columns of all problems
  const std::int32_t* offset;  ///< problems + 1 entries
};

/// Centres c and half widths h of slopes: entry (i, s) at index i * sets + s; problem b uses set set[b].
template <class T>
struct SlopeTable {
  const T* c;
  const T* h;
  Index sets;
  const std::int32_t* set;
};

/// One block of unit vectors: s, the extrapolated s_hat, and the norms |G|.
template <class T>
struct UnitRows {
  Matrix<T> s;
  Matrix<T> s_hat;
  Matrix<T> norm;
};

/// Row and column of a matrix entry.
struct Place {
  Index row;
  Index col;
};

/// The place of entry `at` among rows of `cols` entries. A division of 64-bit numbers costs a GPU many times
/// one of 32-bit numbers, which nearly every matrix can do with.
GEOLIP_HD inline Place place_of(Index at, Index cols) {
  if (((at | cols) >> 32) == 0) {
    const auto small = static_cast<std::uint32_t>(at);
    const auto width = static_cast<std::uint32_t>(cols);
    const std::uint32_t row = small / width;
    return {static_cast<Index>(row), static_cast<Index>(small - row * width)};
  }
  const Index row = at / cols;
  return {row, at - row * cols};
}

}  // namespace geolip::kernels
