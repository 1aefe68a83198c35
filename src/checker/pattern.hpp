/// \file
/// Which blocks of the form and of its Cholesky factor may hold numbers, and what factoring it takes.
#pragma once

#include <checker/network.hpp>

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

}  // namespace geolip::checker
