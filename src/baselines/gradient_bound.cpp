#include <geolip/baselines.hpp>
#include <geolip/error.hpp>
#include <network/at.hpp>

#include <network/entries.hpp>
#include <problem/dual_norm.hpp>
#include <problem/row.hpp>

#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>
#include <optional>
#include <random>

#include <baselines/eigen_view.hpp>
#include <baselines/spectral_norm.hpp>

namespace geolip {
namespace {

using Eigen::MatrixXd;

/// Inputs that are taken through the network together, and the doubles that their Jacobians may fill.
constexpr Index batch_inputs = 256;
constexpr Index batch_doubles = 1 << 22;

using Weights = Eigen::SparseMatrix<double, Eigen::RowMajor>;

template <class Op>
Weights to_eigen(const Op& op) {
  const Sparse& sparse = network::to_sparse(op);
  std::vector<Eigen::Triplet<double>> entries;
  network::for_each_entry(sparse, [&](Index i, Index j, double w) { entries.emplace_back(i, j, w); });
  Weights result(sparse.outputs(), sparse.inputs);
  result.setFromTriplets(entries.begin(), entries.end());
  return result;
}

/// The sparse matrix of a layer that has one; empty for the others.
struct SparseForm {
  Weights operator()(const Conv& conv) const { return to_eigen(conv); }
  Weights operator()(const ConvTranspose& transpose) const { return to_eigen(transpose); }
  Weights operator()(const Sparse& sparse) const { return to_eigen(sparse); }
  template <class Op>
  Weights operator()(const Op&) const {
    return {};
  }
};

std::vector<Weights> sparse_forms(const Network& network) {
  std::vector<Weights> forms;
  for (const Layer& layer : network.layers()) forms.push_back(std::visit(SparseForm{}, layer.op));
  return forms;
}

void add_channel_bias(const std::vector<double>& bias, MatrixXd& v) {
  if (bias.empty()) return;
  const Eigen::Index inner = v.rows() / static_cast<Eigen::Index>(bias.size());
  for (Eigen::Index i = 0; i < v.rows(); ++i) v.row(i).array() += at(bias, i / inner);
}

/// The layer's tensor for a batch of inputs, one input a column.
struct Forward {
  const std::vector<const MatrixXd*>& reads;
  const Weights& sparse;
  MatrixXd& derivative;  ///< of an activation

  const MatrixXd& x() const { return *reads.front(); }

  MatrixXd operator()(const Dense& dense) const {
    MatrixXd w = baselines::view(dense.weight) * x();
    if (!dense.bias.empty()) w.colwise() += Eigen::Map<const Eigen::VectorXd>(dense.bias.data(), w.rows());
    return w;
  }
  MatrixXd operator()(const Affine& affine) const {
    MatrixXd v = x();
    v.array().colwise() *= Eigen::Map<const Eigen::ArrayXd>(affine.scale.data(), v.rows());
    if (!affine.shift.empty())
      v.colwise() += Eigen::Map<const Eigen::VectorXd>(affine.shift.data(), v.rows());
    return v;
  }
  MatrixXd operator()(const Permutation& permutation) const {
    MatrixXd v(x().rows(), x().cols());
    for (Eigen::Index i = 0; i < v.rows(); ++i) v.row(i) = x().row(at(permutation.source, i));
    return v;
  }
  MatrixXd operator()(const Activation& activation) const {
    MatrixXd v = x();
    derivative.resize(v.rows(), v.cols());
    for (Eigen::Index c = 0; c < v.cols(); ++c) {
      for (Eigen::Index i = 0; i < v.rows(); ++i) {
        derivative(i, c) = activation_derivative(activation, i, v(i, c));
        v(i, c) = activation_value(activation, i, v(i, c));
      }
    }
    return v;
  }
  MatrixXd operator()(const Conv& conv) const {
    MatrixXd v = sparse * x();
    add_channel_bias(conv.bias, v);
    return v;
  }
  MatrixXd operator()(const ConvTranspose& transpose) const {
    MatrixXd v = sparse * x();
    add_channel_bias(transpose.bias, v);
    return v;
  }
  MatrixXd operator()(const Sparse&) const { return sparse * x(); }
  MatrixXd operator()(const Add& add) const {
    MatrixXd v = MatrixXd::Zero(x().rows(), x().cols());
    for (std::size_t k = 0; k < reads.size(); ++k)
      v += (add.coefficients.empty() ? 1.0 : add.coefficients[k]) * *reads[k];
    return v;
  }
  MatrixXd operator()(const Concat&) const {
    Eigen::Index rows = 0;
    for (const MatrixXd* part : reads) rows += part->rows();
    MatrixXd v(rows, x().cols());
    rows = 0;
    for (const MatrixXd* part : reads) {
      v.middleRows(rows, part->rows()) = *part;
      rows += part->rows();
    }
    return v;
  }
};

/// Each tensor that is read += (derivative of the layer)' g, one input a column.
struct Backward {
  const MatrixXd& g;
  const std::vector<MatrixXd*>& reads;
  const Weights& sparse;
  const MatrixXd& derivative;

  MatrixXd& to() const { return *reads.front(); }

  void operator()(const Dense& dense) const { to() += baselines::view(dense.weight).transpose() * g; }
  void operator()(const Affine& affine) const {
    to().array() += g.array().colwise() * Eigen::Map<const Eigen::ArrayXd>(affine.scale.data(), g.rows());
  }
  void operator()(const Permutation& permutation) const {
    for (Eigen::Index i = 0; i < g.rows(); ++i) to().row(at(permutation.source, i)) += g.row(i);
  }
  void operator()(const Activation&) const { to().array() += g.array() * derivative.array(); }
  void operator()(const Add& add) const {
    for (std::size_t k = 0; k < reads.size(); ++k)
      *reads[k] += (add.coefficients.empty() ? 1.0 : add.coefficients[k]) * g;
  }
  void operator()(const Concat&) const {
    Eigen::Index first = 0;
    for (MatrixXd* part : reads) {
      *part += g.middleRows(first, part->rows());
      first += part->rows();
    }
  }
  template <class Op>
  void operator()(const Op&) const {
    to() += sparse.transpose() * g;
  }
};

/// A network's derivatives at a batch of inputs.
class Batch {
 public:
  Batch(const Network& network, const std::vector<Weights>& sparse, MatrixXd inputs)
      : network_(network), sparse_(sparse), count_(inputs.cols()), derivatives_(sparse.size()) {
    std::vector<MatrixXd> values{std::move(inputs)};
    for (std::size_t l = 0; l < network.layers().size(); ++l) {
      std::vector<const MatrixXd*> reads;
      for (const Index t : network.read_by(static_cast<Index>(l))) reads.push_back(&at(values, t));
      values.push_back(std::visit(Forward{reads, sparse_[l], derivatives_[l]}, network.layers()[l].op));
    }
  }

  /// The gradients of <u, f>, one input a column.
  MatrixXd gradients(const Eigen::VectorXd& u) const {
    std::vector<MatrixXd> g;
    for (std::size_t t = 0; t < sparse_.size(); ++t)
      g.push_back(MatrixXd::Zero(network_.size(static_cast<Index>(t)), count_));
    g.push_back(u.replicate(1, count_));
    for (std::size_t l = sparse_.size(); l-- > 0;) {
      std::vector<MatrixXd*> reads;
      for (const Index t : network_.read_by(static_cast<Index>(l))) reads.push_back(&at(g, t));
      std::visit(Backward{g[l + 1], reads, sparse_[l], derivatives_[l]}, network_.layers()[l].op);
      g[l + 1].resize(0, 0);
    }
    return std::move(g.front());
  }

  /// The largest dual norm of the gradient of <u, f>.
  double scalar(const Eigen::VectorXd& u, Norm norm) const {
    const MatrixXd g = gradients(u);
    double largest = 0.0;
    for (Eigen::Index c = 0; c < count_; ++c) {
      if (g.col(c).allFinite()) largest = std::max(largest, problem::dual_norm(g.col(c), norm));
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
      for (Index k = 0; k < network_.outputs(); ++k) jacobian.col(k) = at(rows, k).col(c);
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
      const std::vector<double> u = problem::objective_row(objective, network_.outputs()).dense();
      return scalar(Eigen::Map<const Eigen::VectorXd>(u.data(), network_.outputs()), norm);
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
  const std::vector<Weights>& sparse_;  ///< by layer
  Eigen::Index count_;
  std::vector<MatrixXd> derivatives_;  ///< by layer; empty where it is no activation
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
    problem::check_objective(objective, norm, network.outputs());
  }
  std::vector<double> bounds(objectives.size(), 0.0);
  const Index step = batch_size(network, norm, objectives);
  const std::vector<Weights> sparse = sparse_forms(network);
  for (Index first = 0; first < inputs.rows; first += step) {
    const Index count = std::min(step, inputs.rows - first);
    const Batch batch(network, sparse, baselines::view(inputs).middleRows(first, count).transpose());
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
