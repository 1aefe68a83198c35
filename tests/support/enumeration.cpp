#include <support/enumeration.hpp>

#include <support/spectrum.hpp>

#include <network/entries.hpp>

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
    std::size_t layer_number = 0;
    for (std::size_t l = 0; l < network.layers().size(); ++l) {
      if (const auto* activation = std::get_if<Activation>(&network.layers()[l].op)) {
        for (Index i = 0; i < network.size(static_cast<Index>(l + 1)); ++i) {
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

using RowMajorMatrix = Eigen::Matrix<double, -1, -1, Eigen::RowMajor>;

/// The Jacobian of a layer's tensor by those of the tensors that it reads.
struct Differentiate {
  const std::vector<const MatrixXd*>& reads;
  const Neurons& neurons;
  unsigned pattern;
  std::size_t& next;

  const MatrixXd& x() const { return *reads.front(); }

  MatrixXd operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    return Eigen::Map<const RowMajorMatrix>(w.data.data(), w.rows, w.cols) * x();
  }
  MatrixXd operator()(const Affine& affine) const {
    MatrixXd j = x();
    for (Index r = 0; r < j.rows(); ++r) j.row(r) *= affine.scale[static_cast<std::size_t>(r)];
    return j;
  }
  MatrixXd operator()(const Permutation& permutation) const {
    MatrixXd j(x().rows(), x().cols());
    for (Index r = 0; r < j.rows(); ++r) j.row(r) = x().row(permutation.source[static_cast<std::size_t>(r)]);
    return j;
  }
  MatrixXd operator()(const Activation&) const {
    MatrixXd j = x();
    for (Index r = 0; r < j.rows(); ++r) {
      const Neuron& neuron = neurons.all[next++];
      j.row(r) *= (pattern >> neuron.bit & 1U) != 0U ? neuron.slopes.upper : neuron.slopes.lower;
    }
    return j;
  }
  MatrixXd operator()(const Add& add) const {
    MatrixXd j = MatrixXd::Zero(x().rows(), x().cols());
    for (std::size_t k = 0; k < reads.size(); ++k)
      j += (add.coefficients.empty() ? 1.0 : add.coefficients[k]) * *reads[k];
    return j;
  }
  MatrixXd operator()(const Concat&) const {
    Index rows = 0;
    for (const MatrixXd* part : reads) rows += part->rows();
    MatrixXd j(rows, x().cols());
    rows = 0;
    for (const MatrixXd* part : reads) {
      j.middleRows(rows, part->rows()) = *part;
      rows += part->rows();
    }
    return j;
  }
  template <class Op>
  MatrixXd operator()(const Op& op) const {
    MatrixXd j = MatrixXd::Zero(network::outputs_of(op), x().cols());
    network::for_each_entry(op, [&](Index i, Index k, double w) { j.row(i) += w * x().row(k); });
    return j;
  }
};

/// The Jacobian with the slopes of one pattern: a set bit chooses the upper end.
MatrixXd jacobian(const Network& network, const Neurons& neurons, unsigned pattern) {
  std::vector<MatrixXd> tensors{MatrixXd::Identity(network.inputs(), network.inputs())};
  std::size_t next = 0;
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    std::vector<const MatrixXd*> reads;
    for (const Index t : network.read_by(static_cast<Index>(l)))
      reads.push_back(&tensors[static_cast<std::size_t>(t)]);
    tensors.push_back(std::visit(Differentiate{reads, neurons, pattern, next}, network.layers()[l].op));
  }
  return tensors.back();
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
