#include "support/enumeration.hpp"

#include "support/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace geolip::test {
namespace {

using Eigen::MatrixXd;

/// A neuron's slopes, and the bit of the pattern that chooses between them.
struct Neuron {
  SlopeInterval slopes;
  unsigned bit = 0;
};

/// Every neuron, layer after layer. Those whose slopes are a point share a bit that is never set.
struct Neurons {
  std::vector<Neuron> all;
  unsigned free = 0;

  Neurons(const Network& network, const SlopeOverride* override) {
    Index width = network.inputs();
    std::size_t layer_number = 0;
    for (const Layer& layer : network.layers()) {
      if (const auto* dense = std::get_if<Dense>(&layer.op)) width = dense->weight.rows;
      if (const auto* activation = std::get_if<Activation>(&layer.op)) {
        for (Index i = 0; i < width; ++i) {
          const SlopeInterval s = override != nullptr
                                      ? override->layers[layer_number][static_cast<std::size_t>(i)]
                                      : slope_interval(*activation, i);
          all.push_back({s, s.lower < s.upper ? free++ : 31U});
        }
        ++layer_number;
      }
    }
    if (free > 20) throw std::invalid_argument("too many neurons to enumerate");
  }
};

/// The Jacobian with the slopes of one pattern: a set bit chooses the upper end.
MatrixXd jacobian(const Network& network, const Neurons& neurons, unsigned pattern) {
  MatrixXd j = MatrixXd::Identity(network.inputs(), network.inputs());
  std::size_t next = 0;
  for (const Layer& layer : network.layers()) {
    if (const auto* dense = std::get_if<Dense>(&layer.op)) {
      const Matrix& w = dense->weight;
      j = (Eigen::Map<const Eigen::Matrix<double, -1, -1, Eigen::RowMajor>>(w.data.data(), w.rows, w.cols) *
           j)
              .eval();
    } else if (const auto* affine = std::get_if<Affine>(&layer.op)) {
      for (Index r = 0; r < j.rows(); ++r) j.row(r) *= affine->scale[static_cast<std::size_t>(r)];
    } else if (const auto* permutation = std::get_if<Permutation>(&layer.op)) {
      const MatrixXd before = j;
      for (Index r = 0; r < j.rows(); ++r) {
        j.row(r) = before.row(permutation->source[static_cast<std::size_t>(r)]);
      }
    } else {
      for (Index r = 0; r < j.rows(); ++r) {
        const Neuron& neuron = neurons.all[next++];
        j.row(r) *= (pattern >> neuron.bit & 1U) != 0U ? neuron.slopes.upper : neuron.slopes.lower;
      }
    }
  }
  return j;
}

Eigen::RowVectorXd row_of(const Objective& objective, Index outputs) {
  Eigen::RowVectorXd u = Eigen::RowVectorXd::Zero(outputs);
  if (objective.kind == Objective::Kind::row) {
    for (Index i = 0; i < outputs; ++i) u(i) = objective.row[static_cast<std::size_t>(i)];
  } else {
    u(objective.k) = 1.0;
    if (objective.kind == Objective::Kind::margin) u(objective.j) -= 1.0;
  }
  return u;
}

double measure(const MatrixXd& j, Norm norm, const Objective& objective) {
  if (objective.kind == Objective::Kind::vector) {
    return norm == Norm::l2 ? spectral_norm(j) : j.cwiseAbs().rowwise().sum().maxCoeff();
  }
  const Eigen::RowVectorXd g = row_of(objective, j.rows()) * j;
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
  const Neurons neurons(network, objective.slopes ? &*objective.slopes : nullptr);
  double largest = 0.0;
  for (unsigned pattern = 0; pattern < 1U << neurons.free; ++pattern) {
    largest = std::max(largest, measure(jacobian(network, neurons, pattern), norm, objective));
  }
  return largest;
}

}  // namespace geolip::test
