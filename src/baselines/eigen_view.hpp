/// \file
/// geolip::Matrix seen by Eigen.
#pragma once

#include <geolip/network.hpp>

#include <Eigen/Core>

namespace geolip::baselines {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Eigen::Map<const RowMajor> view(const Matrix& m) { return {m.data.data(), m.rows, m.cols}; }

}  // namespace geolip::baselines
