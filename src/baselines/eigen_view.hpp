/// \file
/// geolip::Matrix seen by Eigen, and norms of gradients.
#pragma once

#include <geolip/query.hpp>

#include <Eigen/Core>

namespace geolip::baselines {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Eigen::Map<const RowMajor> view(const Matrix& m) { return {m.data.data(), m.rows, m.cols}; }

/// The dual norm of g: 1-norm for linf, 2-norm for l2, largest entry for l1. Plain arithmetic, not directed.
inline double dual_norm(const Eigen::Ref<const Eigen::VectorXd>& g, Norm norm) {
  switch (norm) {
    case Norm::linf:
      return g.lpNorm<1>();
    case Norm::l2:
      return g.stableNorm();
    case Norm::l1:
      return g.lpNorm<Eigen::Infinity>();
  }
  return 0.0;
}

}  // namespace geolip::baselines
