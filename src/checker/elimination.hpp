/// \file
/// Cholesky's method on a matrix in blocks.
#pragma once

#include <checker/pattern.hpp>

#include <optional>

namespace geolip::checker {

/// Lower triangle of a symmetric matrix in blocks, by positions of a Pattern.
struct BlockMatrix {
  /// blocks[i][j], j <= i: row-major, size_i x size_j; a diagonal block is its diagonal; absent blocks are
  /// empty.
  std::vector<std::vector<std::vector<double>>> blocks;
};

/// Runs Cholesky's method on A, whose place the factor takes. The position of the block whose pivot was not
/// positive, or nothing if the method ran to completion. For l_1 (Blocks::inputs_apart) the last block's rows
/// are matrices of their own, that share all others.
std::optional<Index> breakdown(const Pattern& pattern, BlockMatrix& a, int threads);

}  // namespace geolip::checker
