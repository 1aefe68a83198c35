/// \file
/// Several entries that one instruction moves.
#pragma once

#include <kernels/layout.hpp>

namespace geolip::kernels {

/// n neighbouring entries, on a border of their size.
template <class T, int n>
struct alignas(n * sizeof(T)) Piece {
  static constexpr int size = n;
  T x[n];
};

/// What a lane moves in one instruction: 16 bytes.
template <class T>
using Pack = Piece<T, 16 / static_cast<int>(sizeof(T))>;

template <class T>
GEOLIP_HD inline bool is_aligned(const T* p) {
  return (reinterpret_cast<std::uintptr_t>(p) & (alignof(Pack<T>) - 1)) == 0;
}

template <int n, class T>
GEOLIP_HD inline Piece<T, n> load_piece(const T* p) {
  return *reinterpret_cast<const Piece<T, n>*>(p);
}
template <class T, int n>
GEOLIP_HD inline void store_piece(T* p, const Piece<T, n>& piece) {
  *reinterpret_cast<Piece<T, n>*>(p) = piece;
}

/// Whether every row of the matrix, of `cols` entries, is made of packs.
template <class T>
inline bool is_packed(Matrix<T> m, Index cols) {
  constexpr Index size = Pack<T>::size;
  return is_aligned(m.data) && m.ld % size == 0 && cols % size == 0;
}

}  // namespace geolip::kernels
