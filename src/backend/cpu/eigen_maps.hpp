/// \file
/// Views as Eigen matrices.
#pragma once

#include <backend/view.hpp>

#include <Eigen/Core>

namespace geolip::backend::cpu {

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
using MatrixMap = Eigen::Map<RowMajor<T>, Eigen::Unaligned, Eigen::OuterStride<>>;

template <class T>
using ConstMatrixMap = Eigen::Map<const RowMajor<T>, Eigen::Unaligned, Eigen::OuterStride<>>;

template <class T>
MatrixMap<T> map(View<T> v) {
  return {v.data, v.rows, v.cols, Eigen::OuterStride<>(v.ld)};
}

template <class T>
ConstMatrixMap<T> map(View<const T> v) {
  return {v.data, v.rows, v.cols, Eigen::OuterStride<>(v.ld)};
}

/// Rows [row, row + rows) and columns [col, col + cols) of a view.
template <class T>
View<T> block(View<T> v, Index row, Index col, Index rows, Index cols) {
  return {v.data + row * v.ld + col, rows, cols, v.ld};
}

}  // namespace geolip::backend::cpu
