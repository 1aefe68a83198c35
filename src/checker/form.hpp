/// \file
/// The quadratic form M of a proof, scaled, less what all rounding errors together can be.
#pragma once

#include <checker/reduced.hpp>

#include <optional>
#include <vector>

namespace geolip::checker {

/// What the form is made of, by blocks of variables (Reduced).
struct Blocks {
  std::vector<Index> size;
  std::vector<std::vector<bool>> linked;  ///< linked[k][j], j < k: whether T_kj is there
  std::vector<bool> curved;               ///< whether some neuron of layer k has a nonzero lo * hi
  bool inputs_apart = false;              ///< l_1: each input is a problem of its own, without the others
};

/// The block structure of M = L L' in an order of elimination: positions count in that order.
struct Pattern {
  std::vector<Index> block;                ///< the block at each position
  std::vector<Index> position;             ///< its inverse
  std::vector<Index> size;                 ///< by position
  std::vector<std::vector<bool>> present;  ///< present[i][j], j <= i: the block in rows i and columns j
  std::vector<bool> diagonal;              ///< whether the block (i, i) is a diagonal matrix
  double flops = 0.0;
  double entries = 0.0;  ///< doubles that the factor takes

  Index count() const { return static_cast<Index>(block.size()); }
};

/// From the inputs up or from the objective down, whichever takes less work. l_1 needs the inputs last.
Pattern make_pattern(const Blocks& blocks);

/// sum_J phi(p) n_J over the blocks J of row I, (M27): what bounds the backward error of Cholesky's method in
/// that row, relative to the form's diagonal.
double backward_error(const Pattern& pattern, Index row);

/// Lower triangle of a symmetric matrix in blocks, by positions of a Pattern.
struct BlockMatrix {
  /// blocks[i][j], j <= i: row-major, size_i x size_j; a diagonal block is its diagonal; absent blocks are
  /// empty.
  std::vector<std::vector<std::vector<double>>> blocks;
};

Blocks blocks_of(const Reduced& reduced, const ClaimedNetwork& claimed, const Claim& claim);

struct Form {
  BlockMatrix matrix;
  double slack = 0.0;  ///< the largest share of a diagonal entry that was subtracted from it
};

/// A matrix A of doubles such that M, scaled by powers of two, is at least A plus the backward error of
/// Cholesky's method on A: if the method runs to completion on A then M >= 0 (M26). Throws Refusal if a
/// multiplier that is read is not above 0.
Form make_form(const Reduced& reduced, const ClaimedNetwork& claimed, const Proof& proof,
               const Pattern& pattern, int threads);

/// Runs Cholesky's method on A, whose place the factor takes. The position of the block whose pivot was not
/// positive, or nothing if the method ran to completion. For l_1 (Blocks::inputs_apart) the last block's rows
/// are matrices of their own, that share all others.
std::optional<Index> breakdown(const Pattern& pattern, BlockMatrix& a, int threads);

}  // namespace geolip::checker
