/// \file
/// What the operations of a sweep take and keep, in a backend's memory.
#pragma once

#include <backend/view.hpp>

#include <cstdint>

namespace geolip::backend {

/// Problem b owns columns offset[b] .. offset[b + 1] - 1 of every matrix of a state. The arrays lie in the
/// backend's memory.
struct Columns {
  Index problems = 0;                    ///< number of problems
  Index total = 0;                       ///< number of columns of all problems
  const std::int32_t* offset = nullptr;  ///< problems + 1 entries
  const std::int32_t* slope = nullptr;   ///< problems entries: which column of Slopes belongs to the problem
};

/// Centres c and half widths h of the slope intervals of one layer: entry (i, s) at index i * sets + s, for
/// neuron i and slope set s. Backend memory.
template <class T>
struct Slopes {
  const T* c = nullptr;
  const T* h = nullptr;
  Index sets = 1;
};

/// What a sweep keeps of one block of unit vectors (a layer's s, or the input X).
///
/// Where all problems have rank one, a row's unit vectors are signs, which no extrapolation changes: then `s`
/// may be `s_hat` itself, and `g` empty if the norms are not wanted. For the input ball the former means that
/// nothing is extrapolated; its norms are kept in any case.
template <class T>
struct RowState {
  View<T> s;          ///< n x columns: last block maximiser
  View<T> s_hat;      ///< n x columns: extrapolated point that the forward pass uses
  View<T> g;          ///< n x problems (ball: 1 x problems): norms |G|
  bool ball = false;  ///< the input of l_2: all rows of a problem are one unit vector, else each is one
};

/// A sparse matrix by its rows: row i has the entries offset[i] .. offset[i + 1] - 1.
template <class T>
struct SparseRows {
  const Index* offset = nullptr;
  const Index* column = nullptr;
  const T* value = nullptr;
  Index entries = 0;
};

}  // namespace geolip::backend
