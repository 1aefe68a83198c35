#include <geolip/baselines.hpp>
#include <geolip/error.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <optional>
#include <random>

#include "baselines/eigen_view.hpp"
#include "baselines/objective_row.hpp"
#include "baselines/spectral_norm.hpp"

namespace geolip {
namespace {

using Eigen::MatrixXd;

/// Inputs that are taken through the network together, and the doubles that their Jacobians may fill.
constexpr Index batch_inputs = 256;
constexpr Index batch_doubles = 1 << 22;

/// One pass of a batch of inputs, one input a column, through the network.
struct Forward {
  MatrixXd& v;
  std::vector<MatrixXd>& derivatives;  ///< one matrix an activation layer

  void operator()(const Dense& dense) const {
    MatrixXd w = baselines::view(dense.weight) * v;
    if (!dense.bias.empty()) w.colwise() += Eigen::Map<const Eigen::VectorXd>(dense.bias.data(), w.rows());
    v = std::move(w);
  }
  void operator()(const Affine& affine) const {
    v.array().colwise() *= Eigen::Map<const Eigen::ArrayXd>(affine.scale.data(), v.rows());
    if (!affine.shift.empty())
      v.colwise() += Eigen::Map<const Eigen::VectorXd>(affine.shift.data(), v.rows());
  }
  void operator()(const Permutation& permutation) const {
    const MatrixXd before = v;
    for (Eigen::Index i = 0; i < v.rows(); ++i) {
      v.row(i) = before.row(permutation.source[static_cast<std::size_t>(i)]);
    }
  }
  void operator()(const Activation& activation) const {
    MatrixXd derivative(v.rows(), v.cols());
    for (Eigen::Index c = 0; c < v.cols(); ++c) {
      for (Eigen::Index i = 0; i < v.rows(); ++i) {
        derivative(i, c) = activation_derivative(activation, i, v(i, c));
        v(i, c) = activation_value(activation, i, v(i, c));
      }
    }
    derivatives.push_back(std::move(derivative));
  }
};

/// g <- (derivative of the layer)' g, one input a column.
struct Backward {
  MatrixXd& g;
  std::vector<MatrixXd>::const_reverse_iterator& derivative;  ///< of the next activation layer

  void operator()(const Dense& dense) const { g = baselines::view(dense.weight).transpose() * g; }
  void operator()(const Affine& affine) const {
    g.array().colwise() *= Eigen::Map<const Eigen::ArrayXd>(affine.scale.data(), g.rows());
  }
  void operator()(const Permutation& permutation) const {
    const MatrixXd before = g;
    for (Eigen::Index i = 0; i < g.rows(); ++i) {
      g.row(permutation.source[static_cast<std::size_t>(i)]) = before.row(i);
    }
  }
  void operator()(const Activation&) const { g.array() *= (derivative++)->array(); }
};

/// A network's derivatives at a batch of inputs.
class Batch {
 public:
  Batch(const Network& network, MatrixXd inputs) : network_(network), count_(inputs.cols()) {
    for (const Layer& layer : network.layers()) std::visit(Forward{inputs, derivatives_}, layer.op);
  }

  /// The gradients of <u, f>, one input a column.
  MatrixXd gradients(const Eigen::VectorXd& u) const {
    MatrixXd g = u.replicate(1, count_);
    auto derivative = derivatives_.crbegin();
    for (auto layer = network_.layers().rbegin(); layer != network_.layers().rend(); ++layer) {
      std::visit(Backward{g, derivative}, layer->op);
    }
    return g;
  }

  /// The largest dual norm of the gradient of <u, f>.
  double scalar(const Eigen::VectorXd& u, Norm norm) const {
    const MatrixXd g = gradients(u);
    double largest = 0.0;
    for (Eigen::Index c = 0; c < count_; ++c) {
      if (g.col(c).allFinite()) largest = std::max(largest, baselines::dual_norm(g.col(c), norm));
    }
    return largest;
  }

  /// The largest spectral norm of the Jacobian.
  double spectral() const {
    std::vector<MatrixXd> rows;  // row k of every Jacobian
    for (Index k = 0; k < network_.outputs(); ++k) {
      rows.push_back(gradients(Eigen::VectorXd::Unit(network_.outputs(), k)));
    }
    double largest = 0.0;
    MatrixXd jacobian(network_.inputs(), network_.outputs());
    for (Eigen::Index c = 0; c < count_; ++c) {
      for (Index k = 0; k < network_.outputs(); ++k)
        jacobian.col(k) = rows[static_cast<std::size_t>(k)].col(c);
      // Divided by its largest entry, the Gram matrix neither overflows nor underflows.
      const double scale = jacobian.cwiseAbs().maxCoeff();
      if (scale == 0.0 || !jacobian.allFinite()) continue;
      jacobian /= scale;
      if (const std::optional<double> eigenvalue = baselines::largest_gram_eigenvalue(jacobian)) {
        largest = std::max(largest, scale * std::sqrt(*eigenvalue));
      }
    }
    return largest;
  }

  double value(const Objective& objective, Norm norm) const {
    if (objective.kind != Objective::Kind::vector) {
      return scalar(baselines::objective_row(objective, network_.outputs()), norm);
    }
    if (norm == Norm::l2) return spectral();
    double largest = 0.0;
    for (Index k = 0; k < network_.outputs(); ++k) {
      largest = std::max(largest, scalar(Eigen::VectorXd::Unit(network_.outputs(), k), norm));
    }
    return largest;
  }

 private:
  const Network& network_;
  Eigen::Index count_;
  std::vector<MatrixXd> derivatives_;
};

/// How many inputs to take at once: fewer where the Jacobians of a batch would be large.
Index batch_size(const Network& network, Norm norm, const std::vector<Objective>& objectives) {
  const bool spectral =
      norm == Norm::l2 && std::any_of(objectives.begin(), objectives.end(),
                                      [](const auto& o) { return o.kind == Objective::Kind::vector; });
  if (!spectral) return batch_inputs;
  return std::clamp<Index>(batch_doubles / network.inputs() / network.outputs(), 1, batch_inputs);
}

}  // namespace

std::vector<double> gradient_bounds(const Network& network, Norm norm,
                                    const std::vector<Objective>& objectives, const Matrix& inputs) {
  if (inputs.cols != network.inputs()) {
    throw QueryError("inputs: they have " + std::to_string(inputs.cols) + " columns but the network takes " +
                     std::to_string(network.inputs()) + " coordinates");
  }
  for (const Objective& objective : objectives) {
    baselines::check_objective(objective, norm, network.outputs());
  }
  std::vector<double> bounds(objectives.size(), 0.0);
  const Index step = batch_size(network, norm, objectives);
  for (Index first = 0; first < inputs.rows; first += step) {
    const Index count = std::min(step, inputs.rows - first);
    const Batch batch(network, baselines::view(inputs).middleRows(first, count).transpose());
    for (std::size_t b = 0; b < objectives.size(); ++b) {
      bounds[b] = std::max(bounds[b], batch.value(objectives[b], norm));
    }
  }
  return bounds;
}

double gradient_bound(const Network& network, Norm norm, const Objective& objective, const Matrix& inputs) {
  return gradient_bounds(network, norm, {objective}, inputs).front();
}

Matrix random_inputs(Index count, Index dimension, std::uint64_t seed) {
  Matrix inputs(count, dimension);
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  for (double& x : inputs.data) x = normal(engine);
  return inputs;
}

}  // namespace geolip
