/// \file
/// Sparse matrices, row by row.
#pragma once

#include "checker/network.hpp"

namespace geolip::checker::onnx {

/// Rows of a sparse matrix under way.
struct Rows {
  Sparse sparse;

  explicit Rows(Index cols) { sparse.cols = cols; }
  void put(Index column, double value) {
    if (value == 0.0) return;
    sparse.column.push_back(column);
    sparse.value.push_back(value);
  }
  void close() { sparse.offset.push_back(static_cast<Index>(sparse.column.size())); }
};

}  // namespace geolip::checker::onnx
