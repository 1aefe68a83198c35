/// \file
/// Loops over one row's problems, r columns each, that the compiler can vectorise. Included by the files that
/// GEOLIP_MULTIVERSION compiles for several instruction sets.
#pragma once

#include <backend/backend.hpp>
#include <backend/columns.hpp>
#include <backend/view.hpp>
#include <kernels/row_math.hpp>

#include <cmath>

namespace geolip::backend::cpu {

// `restrict` and the simd pragmas let the compiler vectorise. R is r where it is known at compile time (the
// usual ranks, for which a row is a few registers), 0 otherwise.

template <int R>
inline Index rank_of(Index r) {
  return R > 0 ? R : r;
}

template <class T, int R>
inline T dot(Index rank, const T* __restrict a, const T* __restrict b) {
  const Index r = rank_of<R>(rank);
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (Index j = 0; j < r; ++j) sum += a[j] * b[j];
  return sum;
}

/// s = g / norm; s_hat = normalised extrapolation of s from its old value. A zero row keeps its old
/// direction.
template <class T, int R>
inline void renew_unit_row(Index rank, T beta, T norm, const T* __restrict g, T* __restrict s,
                           T* __restrict s_hat) {
  if (!(norm > kernels::tiny<T>())) return;
  const Index r = rank_of<R>(rank);
  const T inverse = T(1) / norm;
  T square = 0;
#pragma omp simd reduction(+ : square)
  for (Index j = 0; j < r; ++j) {
    const T now = g[j] * inverse;
    const T e = kernels::extrapolate_entry(beta, now, s[j]);
    s[j] = now;
    s_hat[j] = e;
    square += e * e;
  }
  const T scale = beta == T(0) ? T(1) : T(1) / std::sqrt(square);
#pragma omp simd
  for (Index j = 0; j < r; ++j) s_hat[j] *= scale;
}

/// Calls segment.template operator()<R>(i, b, first, r) for every row i of a piece and every problem b.
template <class Segment>
inline void for_segments(const Columns& columns, Index begin, Index end, const Segment& segment) {
  for (Index i = begin; i < end; ++i) {
    for (Index b = 0; b < columns.problems; ++b) {
      const Index first = columns.offset[b];
      const Index r = columns.offset[b + 1] - first;
      if (r == 1) {
        segment.template operator()<1>(i, b, first, r);
      } else if (r == 16) {
        segment.template operator()<16>(i, b, first, r);
      } else if (r == 32) {
        segment.template operator()<32>(i, b, first, r);
      } else {
        segment.template operator()<0>(i, b, first, r);
      }
    }
  }
}

/// Whether rank-one problems keep one matrix for s and s_hat (RowState).
template <class T>
bool is_plain(const RowState<T>& state) {
  return state.s.data == state.s_hat.data;
}

/// Whether every problem has one column: then a row's problems are one loop.
inline bool is_rank_one(const Columns& columns) { return columns.total == columns.problems; }

}  // namespace geolip::backend::cpu
