/// \file
/// A network made ready for the solver's parts, and the same network as dense matrices.
#pragma once

#include <ascent/ascent.hpp>
#include <backend/backend.hpp>
#include <operators/linear_map.hpp>

#include <Eigen/Core>

#include <memory>
#include <vector>

namespace geolip::test {

/// The network, dense and activation layers in turn, must outlive it.
struct Prepared {
  std::unique_ptr<backend::Backend> backend = backend::make_cpu_backend(1);
  problem::Chain chain;
  std::vector<problem::LayerSlopes> slopes;
  problem::Scaling scaling;

  explicit Prepared(const Network& network, const std::vector<const SlopeOverride*>& overrides = {})
      : chain(problem::make_chain(network)),
        slopes(problem::make_slopes(chain, overrides)),
        scaling(problem::unit_scaling(chain)) {}

  /// Neurons of every layer.
  std::vector<Index> rows() const {
    std::vector<Index> all;
    for (Index k = 0; k < chain.depth(); ++k) all.push_back(chain.neurons(k));
    return all;
  }

  template <class T>
  ascent::Model<T> model() const {
    return {*backend, chain, slopes, scaling};
  }
};

/// Weights of the dense layers, first to last.
inline std::vector<Eigen::MatrixXd> dense_weights(const Network& network) {
  std::vector<Eigen::MatrixXd> weights;
  for (const Layer& layer : network.layers()) {
    if (const auto* dense = std::get_if<Dense>(&layer.op)) {
      const Matrix& w = dense->weight;
      weights.emplace_back(
          Eigen::Map<const Eigen::Matrix<double, -1, -1, Eigen::RowMajor>>(w.data.data(), w.rows, w.cols));
    }
  }
  return weights;
}

inline Eigen::VectorXd centres(const problem::LayerSlopes& slopes, Index set = 0) {
  Eigen::VectorXd c(slopes.neurons);
  for (Index i = 0; i < slopes.neurons; ++i) c[i] = slopes.centre(i, set);
  return c;
}

inline Eigen::VectorXd half_widths(const problem::LayerSlopes& slopes, Index set = 0) {
  Eigen::VectorXd h(slopes.neurons);
  for (Index i = 0; i < slopes.neurons; ++i) h[i] = slopes.half_width(i, set);
  return h;
}

inline Eigen::VectorXd to_eigen(const std::vector<double>& v) {
  return Eigen::Map<const Eigen::VectorXd>(v.data(), static_cast<Index>(v.size()));
}

inline problem::Problem row_problem(const std::vector<double>& row, problem::Ball ball = {}) {
  problem::Problem problem;
  problem.ball = std::move(ball);
  problem.row = row;
  return problem;
}

inline problem::Problem vector_problem() {
  problem::Problem problem;
  problem.vector = true;
  return problem;
}

}  // namespace geolip::test
