/// \file
/// A batch of problems for the tests of a sweep's kernels.
#pragma once

#include <network/at.hpp>
#include <support/backends.hpp>
#include <support/device_matrix.hpp>

#include <vector>

namespace geolip::test {

using backend::Backend;
using Eigen::MatrixXd;
using kernels::Momentum;

// Longest row of a problem below; a sum of r terms is off by at most r units, norms and quotients add a few.
inline constexpr double units = 33 + 16;

/// A batch of problems of uneven rank, two slope sets, and zero rows where they hurt.
template <class T>
struct Batch {
  static constexpr Index n = 300;
  static constexpr Index zero_w = 7;
  static constexpr Index zero_g = 11;

  Random random{42};
  DeviceColumns columns;
  RowMajor<T> c;
  RowMajor<T> h;
  RowMajor<T> w;
  RowMajor<T> g;
  RowMajor<T> s;
  std::vector<Momentum> momentum;

  explicit Batch(Backend& backend) : columns(backend, {1, 5, 16, 33}, {0, 1, 1, 0}) {
    c = random_values<T>(random, n, 2);
    h = random_values<T>(random, n, 2).cwiseAbs();
    w = random_values<T>(random, n, columns.total());
    g = random_values<T>(random, n, columns.total());
    s = random_values<T>(random, n, columns.total());
    w.row(zero_w).setZero();
    g.row(zero_g).setZero();
    for (Index b = 0; b < problems(); ++b) {
      for (Index i = 0; i < n; ++i) own(s, b).row(i).normalize();
      momentum.push_back({1.0, 3.0, b == 0 ? 0.0 : 0.25 * static_cast<double>(b)});
    }
  }

  Index problems() const { return columns.problems(); }
  Index set(Index b) const { return b == 1 || b == 2 ? 1 : 0; }
  template <class M>
  auto own(M& m, Index b) const {
    return m.middleCols(columns.first(b), columns.rank(b));
  }
  double beta(Index b) const { return at(momentum, b).beta; }
};

/// s = g / |g| and its extrapolation, row by row; a zero row keeps what it had.
inline void renew(const MatrixXd& g, double beta, MatrixXd& s, MatrixXd& s_hat) {
  for (Index i = 0; i < g.rows(); ++i) {
    if (g.row(i).norm() == 0.0) continue;
    const MatrixXd now = g.row(i).normalized();
    s_hat.row(i) = (now + beta * (now - s.row(i))).normalized();
    s.row(i) = now;
  }
}

}  // namespace geolip::test
