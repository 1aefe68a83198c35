#include "baselines/enumeration.hpp"

#include <Eigen/SVD>
#include <algorithm>
#include <stdexcept>

namespace geolip::testing {
namespace {

using Eigen::MatrixXd;

/// The slope interval of every neuron, layer after layer.
std::vector<SlopeInterval> all_slopes(const Network& network, const Objective& objective) {
  std::vector<SlopeInterval> slopes;
  Index width = network.inputs();
  std::size_t layer_number = 0;
  for (const Layer& layer : network.layers()) {
    if (const auto* dense = std::get_if<Dense>(&layer.op)) width = dense->weight.rows;
    if (const auto* activation = std::get_if<Activation>(&layer.op)) {
      for (Index i = 0; i < width; ++i) {
        slopes.push_back(objective.slopes
                             ? objective.slopes->layers[layer_number][static_cast<std::size_t>(i)]
                             : slope_interval(*activation, i));
      }
      ++layer_number;
    }
  }
  return slopes;
}

/// The Jacobian with the slopes of one pattern: bit n chooses the upper end for neuron n.
MatrixXd jacobian(const Network& network, const std::vector<SlopeInterval>& slopes, unsigned pattern) {
  MatrixXd j = MatrixXd::Identity(network.inputs(), network.inputs());
  std::size_t neuron = 0;
  for (const Layer& layer : network.layers()) {
    if (const auto* dense = std::get_if<Dense>(&layer.op)) {
      MatrixXd w(dense->weight.rows, dense->weight.cols);
      for (Index r = 0; r < w.rows(); ++r) {
        for (Index c = 0; c < w.cols(); ++c) w(r, c) = dense->weight(r, c);
      }
      j = (w * j).eval();
    } else if (const auto* affine = std::get_if<Affine>(&layer.op)) {
      for (Index r = 0; r < j.rows(); ++r) j.row(r) *= affine->scale[static_cast<std::size_t>(r)];
    } else if (const auto* permutation = std::get_if<Permutation>(&layer.op)) {
      const MatrixXd before = j;
      for (Index r = 0; r < j.rows(); ++r)
        j.row(r) = before.row(permutation->source[static_cast<std::size_t>(r)]);
    } else {
      for (Index r = 0; r < j.rows(); ++r, ++neuron) {
        j.row(r) *= (pattern >> neuron & 1U) != 0U ? slopes[neuron].upper : slopes[neuron].lower;
      }
    }
  }
  return j;
}

double measure(const MatrixXd& j, Norm norm, const Objective& objective) {
  if (objective.kind == Objective::Kind::vector) {
    return norm == Norm::l2 ? Eigen::JacobiSVD<MatrixXd>(j).singularValues()(0)
                            : j.cwiseAbs().rowwise().sum().maxCoeff();
  }
  Eigen::RowVectorXd u = Eigen::RowVectorXd::Zero(j.rows());
  if (objective.kind == Objective::Kind::row) {
    for (Index i = 0; i < u.size(); ++i) u(i) = objective.row[static_cast<std::size_t>(i)];
  } else {
    u(objective.k) = 1.0;
    if (objective.kind == Objective::Kind::margin) u(objective.j) -= 1.0;
  }
  const Eigen::RowVectorXd g = u * j;
  switch (norm) {
    case Norm::linf:
      return g.cwiseAbs().sum();
    case Norm::l2:
      return g.norm();
    case Norm::l1:
      return g.cwiseAbs().maxCoeff();
  }
  return 0.0;
}

}  // namespace

double enumerate_fgl(const Network& network, Norm norm, const Objective& objective) {
  const std::vector<SlopeInterval> slopes = all_slopes(network, objective);
  if (slopes.size() > 20) throw std::invalid_argument("too many neurons to enumerate");
  double largest = 0.0;
  for (unsigned pattern = 0; pattern < 1U << slopes.size(); ++pattern) {
    largest = std::max(largest, measure(jacobian(network, slopes, pattern), norm, objective));
  }
  return largest;
}

Network random_network(const std::vector<Index>& widths, const Activation& activation,
                       std::mt19937_64& engine) {
  std::normal_distribution<double> normal;
  Network network(widths.front());
  for (std::size_t k = 1; k < widths.size(); ++k) {
    Dense dense{Matrix(widths[k], widths[k - 1]), {}};
    for (double& w : dense.weight.data) w = normal(engine);
    for (Index i = 0; i < widths[k]; ++i) dense.bias.push_back(normal(engine));
    network.add({"dense" + std::to_string(k), std::move(dense)});
    if (k + 1 < widths.size()) network.add({"activation" + std::to_string(k), activation});
  }
  return network;
}

}  // namespace geolip::testing
