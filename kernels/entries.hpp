/// \file
/// Operations that treat every entry of a matrix by itself: what is done to entry (i, j).
#pragma once

#include <kernels/layout.hpp>

namespace geolip::kernels {

/// Y(i, j) = d_i X(i, j)
template <class T>
struct ScaleRows {
  const T* d;
  Matrix<const T> x;
  Matrix<T> y;
  GEOLIP_HD void operator()(Index i, Index j) const { *y.at(i, j) = d[i] * *x.at(i, j); }
};

/// Y(i, j) = X(i, index_j), 0 where index_j < 0
template <class From, class To>
struct GatherColumns {
  const std::int32_t* index;
  Matrix<const From> x;
  Matrix<To> y;
  GEOLIP_HD void operator()(Index i, Index j) const {
    *y.at(i, j) = index[j] < 0 ? To(0) : static_cast<To>(*x.at(i, index[j]));
  }
};

/// Y(i, j) = r_i X(i, j) c_j, rounded to T at the end
template <class T>
struct Scale {
  const double* r;
  Matrix<const double> x;
  const double* c;
  Matrix<T> y;
  GEOLIP_HD void operator()(Index i, Index j) const {
    *y.at(i, j) = static_cast<T>(r[i] * *x.at(i, j) * c[j]);
  }
};

/// Y = alpha X + beta Y; with beta 0, Y is only written, and with alpha 0, X is not read
template <class T>
struct Combine {
  T alpha;
  Matrix<const T> x;
  T beta;
  Matrix<T> y;
  GEOLIP_HD void operator()(Index i, Index j) const {
    const T old = beta == T(0) ? T(0) : beta * *y.at(i, j);
    *y.at(i, j) = alpha == T(0) ? old : alpha * *x.at(i, j) + old;
  }
};

/// Y(i, j) = sum over the entries k of row i of value_k X(column_k, j), in their order
template <class T>
struct MultiplySparse {
  const Index* offset;
  const Index* column;
  const T* value;
  Matrix<const T> x;
  Matrix<T> y;
  GEOLIP_HD void operator()(Index i, Index j) const {
    T sum = T(0);
    for (Index k = offset[i]; k < offset[i + 1]; ++k) sum += value[k] * *x.at(column[k], j);
    *y.at(i, j) = sum;
  }
};

/// X(i, j) += scale noise(key, i * cols + j) where mask_j != 0
template <class T>
struct AddNoise {
  T scale;
  std::uint64_t key;
  const std::int32_t* mask;
  Index cols;
  Matrix<T> x;
  GEOLIP_HD void operator()(Index i, Index j) const {
    if (mask[j] == 0) return;
    *x.at(i, j) += scale * static_cast<T>(noise(key, static_cast<std::uint64_t>(i * cols + j)));
  }
};

/// Y(i, j) = +1 or -1, the sign of <s_hat(i, columns of b), D(columns of b, k)> with b = j / starts and
/// k = j % starts
template <class T>
struct ProjectSigns {
  const std::int32_t* offset;
  Index starts;
  Matrix<const T> s_hat;
  Matrix<const T> d;
  Matrix<T> y;
  GEOLIP_HD void operator()(Index i, Index j) const {
    const Place problem = place_of(j, starts);
    T sum = T(0);
    for (Index c = offset[problem.row]; c < offset[problem.row + 1]; ++c) {
      sum += *s_hat.at(i, c) * *d.at(c, problem.col);
    }
    *y.at(i, j) = sum < T(0) ? T(-1) : T(1);
  }
};

/// X(0, j) = sum over slabs of partial(slab, j), in the slabs' order
template <class T>
struct AddSlabRows {
  Index slabs;
  Matrix<const T> partial;
  T* x;
  GEOLIP_HD void operator()(Index, Index j) const {
    T sum = T(0);
    for (Index slab = 0; slab < slabs; ++slab) sum += *partial.at(slab, j);
    x[j] = sum;
  }
};

}  // namespace geolip::kernels
