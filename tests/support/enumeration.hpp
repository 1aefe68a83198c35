/// \file
/// The FGL by trying every activation pattern: the definition itself, for tiny networks.
#pragma once

#include <geolip/network.hpp>
#include <geolip/query.hpp>

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>

namespace geolip::test {

/// Largest dual norm over all corner patterns. row empty: spectral norm of the Jacobian (l2) or the largest
/// row (linf).
inline double enumerate_fgl(const Network& network, Norm norm, const std::vector<double>& row) {
  using Eigen::MatrixXd;
  std::vector<std::pair<std::size_t, Index>> free_neurons;
  Index width = network.inputs();
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    if (const auto* d = std::get_if<Dense>(&network.layers()[l].op)) width = d->weight.rows;
    if (const auto* a = std::get_if<Activation>(&network.layers()[l].op)) {
      for (Index i = 0; i < width; ++i) {
        const SlopeInterval s = slope_interval(*a, i);
        if (s.lower < s.upper) free_neurons.emplace_back(l, i);
      }
    }
  }
  double best = 0.0;
  for (std::uint64_t pattern = 0; pattern < (std::uint64_t{1} << free_neurons.size()); ++pattern) {
    MatrixXd jacobian = MatrixXd::Identity(network.inputs(), network.inputs());
    for (std::size_t l = 0; l < network.layers().size(); ++l) {
      const auto& op = network.layers()[l].op;
      if (const auto* d = std::get_if<Dense>(&op)) {
        const Eigen::Map<const Eigen::Matrix<double, -1, -1, Eigen::RowMajor>> w(
            d->weight.data.data(), d->weight.rows, d->weight.cols);
        jacobian = (w * jacobian).eval();
      } else if (const auto* affine = std::get_if<Affine>(&op)) {
        for (Index i = 0; i < jacobian.rows(); ++i)
          jacobian.row(i) *= affine->scale[static_cast<std::size_t>(i)];
      } else if (const auto* p = std::get_if<Permutation>(&op)) {
        const MatrixXd before = jacobian;
        for (Index i = 0; i < jacobian.rows(); ++i)
          jacobian.row(i) = before.row(p->source[static_cast<std::size_t>(i)]);
      } else {
        const auto& a = std::get<Activation>(op);
        for (Index i = 0; i < jacobian.rows(); ++i) {
          const SlopeInterval s = slope_interval(a, i);
          const auto at =
              std::find(free_neurons.begin(), free_neurons.end(), std::pair<std::size_t, Index>{l, i});
          const bool high = at != free_neurons.end() &&
                            ((pattern >> static_cast<unsigned>(at - free_neurons.begin())) & 1U) != 0;
          jacobian.row(i) *= high ? s.upper : s.lower;
        }
      }
    }
    double value = 0.0;
    if (!row.empty()) {
      const Eigen::RowVectorXd g =
          Eigen::Map<const Eigen::RowVectorXd>(row.data(), static_cast<Index>(row.size())) * jacobian;
      value = norm == Norm::linf ? g.cwiseAbs().sum() : norm == Norm::l2 ? g.norm() : g.cwiseAbs().maxCoeff();
    } else if (norm == Norm::l2) {
      value = jacobian.bdcSvd().singularValues()[0];
    } else {
      value = jacobian.cwiseAbs().rowwise().sum().maxCoeff();
    }
    best = std::max(best, value);
  }
  return best;
}

}  // namespace geolip::test
