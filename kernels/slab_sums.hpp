/// \file
/// Sums over the rows of a matrix, problem by problem, in two stages of fixed order: a group of lanes adds up
/// one slab of rows for one problem, then another adds the slabs. Where the slabs end depends on the number
/// of rows alone. One slab is both stages in one.
#pragma once

#include <kernels/ball_math.hpp>
#include <kernels/layout.hpp>

namespace geolip::kernels {

constexpr Index least_slab_rows = 16;
constexpr Index most_slabs = 256;

/// Rows of one slab.
GEOLIP_HD inline Index slab_rows(Index rows) {
  const Index needed = (rows + most_slabs - 1) / most_slabs;
  return needed > least_slab_rows ? needed : least_slab_rows;
}
GEOLIP_HD inline Index slab_count(Index rows) { return (rows + slab_rows(rows) - 1) / slab_rows(rows); }

/// For slab and problem number `at`: the sum of term(i, b, j, k) over the slab's rows i and the problem's
/// columns j, the k-th of its own. The same in every lane.
template <class Group, class Term>
GEOLIP_HD BallSums slab_sum(Group group, const Segments& segments, Index at, const Term& term) {
  const Place place = place_of(at, segments.problems);
  const Index b = place.col;
  const Index height = slab_rows(segments.rows);
  const Index begin = place.row * height;
  const Index end = begin + height < segments.rows ? begin + height : segments.rows;
  const Index first = segments.offset[b];
  const Index length = segments.offset[b + 1] - first;
  BallSums sums;
  for (Index i = begin; i < end; ++i) {
    for (Index k = group.lane(); k < length; k += Group::lanes) sums.add(term(i, b, first + k, k));
  }
  sums.square = group.sum(sums.square);
  sums.product = group.sum(sums.product);
  return sums;
}

/// First stage: partial[at] = slab_sum(at)
template <class Group, class Term>
GEOLIP_HD void sum_slab(Group group, const Segments& segments, Index at, const Term& term,
                        BallSums* partial) {
  const BallSums sums = slab_sum(group, segments, at, term);
  if (group.lane() == 0) partial[at] = sums;
}

/// Both stages where there is one slab, for problem b.
template <class Group, class Term, class Finish>
GEOLIP_HD void sum_only_slab(Group group, const Segments& segments, Index b, const Term& term,
                             const Finish& finish) {
  const BallSums sums = slab_sum(group, segments, b, term);
  if (group.lane() == 0) finish(b, sums);
}

/// Second stage, for problem b: finish(b, sum of its slabs), called by one lane.
template <class Group, class Finish>
GEOLIP_HD void add_slabs(Group group, const Segments& segments, Index b, const BallSums* partial,
                         const Finish& finish) {
  BallSums sums;
  const Index slabs = slab_count(segments.rows);
  for (Index slab = group.lane(); slab < slabs; slab += Group::lanes) {
    sums.add(partial[slab * segments.problems + b]);
  }
  sums.square = group.sum(sums.square);
  sums.product = group.sum(sums.product);
  if (group.lane() == 0) finish(b, sums);
}

/// G_ij^2 and G_ij S_ij
template <class T>
struct BallTerm {
  Matrix<const T> g;
  Matrix<const T> s;

  GEOLIP_HD BallSums operator()(Index i, Index, Index j, Index) const {
    const auto x = static_cast<double>(*g.at(i, j));
    return {x * x, x * static_cast<double>(*s.at(i, j))};
  }
};

/// The norm |G|, and the weights of the update.
template <class T>
struct BallFinish {
  const Momentum* momentum;
  T* norm;
  BallWeights<T>* weights;

  GEOLIP_HD void operator()(Index b, const BallSums& sums) const {
    norm[b] = static_cast<T>(std::sqrt(sums.square));
    weights[b] = ball_weights<T>(sums, momentum[b].beta);
  }
};

/// A starting point is scaled alone.
template <class T>
struct NormaliseBallFinish {
  BallWeights<T>* weights;

  GEOLIP_HD void operator()(Index b, const BallSums& sums) const { weights[b] = ball_weights<T>(sums, 0.0); }
};

/// <e, sum_i u_ib Y_i> or |Y|^2, and its gradient.
template <class T>
struct ObjectiveTerm {
  Matrix<const double> u;
  const std::int32_t* vector;
  Matrix<const T> y;
  Matrix<T> g;

  GEOLIP_HD BallSums operator()(Index i, Index b, Index j, Index k) const {
    if (vector[b] != 0) {
      const T x = *y.at(i, j);
      *g.at(i, j) = T(2) * x;
      return {static_cast<double>(x) * static_cast<double>(x), 0.0};
    }
    if (k != 0) {
      *g.at(i, j) = T(0);
      return {};
    }
    const double coefficient = *u.at(i, b);
    *g.at(i, j) = static_cast<T>(coefficient);
    return {coefficient * static_cast<double>(*y.at(i, j)), 0.0};
  }
};

struct ObjectiveFinish {
  double* value;
  History history;

  GEOLIP_HD void operator()(Index b, const BallSums& sums) const {
    value[b] = sums.square;
    history.update(b, sums.square);
  }
};

/// First stage of X(0, :) = sum_i a_ib W(i, :), for slab and problem number `at`: each column its own sum, in
/// partial[slab * total + column].
template <class T, class Group>
GEOLIP_HD void collect_slab(Group group, const Segments& segments, Index at, Matrix<const T> a,
                            Matrix<const T> w, T* partial) {
  const Place place = place_of(at, segments.problems);
  const Index b = place.col;
  const Index height = slab_rows(segments.rows);
  const Index begin = place.row * height;
  const Index end = begin + height < segments.rows ? begin + height : segments.rows;
  for (Index j = segments.offset[b] + group.lane(); j < segments.offset[b + 1]; j += Group::lanes) {
    T sum = T(0);
    for (Index i = begin; i < end; ++i) sum += *a.at(i, b) * *w.at(i, j);
    partial[place.row * segments.total + j] = sum;
  }
}

}  // namespace geolip::kernels
