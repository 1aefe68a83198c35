/// \file
/// Row-major matrices in the memory of a backend.
#pragma once

#include <geolip/network.hpp>

#include <type_traits>

namespace geolip::backend {

/// A row-major block: entry (i, j) is data[i * ld + j]. The memory belongs to a backend; algorithms never
/// dereference `data`.
template <class T>
struct View {
  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index ld = 0;

  View() = default;
  View(T* data_, Index rows_, Index cols_, Index ld_) : data(data_), rows(rows_), cols(cols_), ld(ld_) {}
  View(T* data_, Index rows_, Index cols_) : View(data_, rows_, cols_, cols_) {}

  /// A view of constants is made from a view of variables.
  template <class U>
  requires(std::is_same_v<const U, T> && !std::is_same_v<U, T>) View(const View<U>& other)
      : View(other.data, other.rows, other.cols, other.ld) {}
};

template <class T>
using ConstView = View<const T>;

/// The diagonal of a square matrix, as a column.
template <class T>
View<T> diagonal_of(View<T> a) {
  return {a.data, a.rows, 1, a.ld + 1};
}

}  // namespace geolip::backend
