#include <geolip/error.hpp>
#include <geolip/network.hpp>
#include <network/at.hpp>
#include <network/entries.hpp>

#include <utility>

namespace geolip {
namespace {

using Vector = std::vector<double>;

/// y_i += bias of the channel that i belongs to.
void add_channel_bias(const Vector& bias, Vector& y) {
  if (bias.empty()) return;
  const std::size_t inner = y.size() / bias.size();
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += bias[i / inner];
}

/// y = layer(x), x the tensors that it reads.
struct EvaluateLayer {
  const std::vector<const Vector*>& reads;
  const Vector& x;

  explicit EvaluateLayer(const std::vector<const Vector*>& tensors) : reads(tensors), x(*tensors.front()) {}

  Vector operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    Vector y(static_cast<std::size_t>(w.rows));
    for (Index i = 0; i < w.rows; ++i) {
      double sum = dense.bias.empty() ? 0.0 : at(dense.bias, i);
      for (Index j = 0; j < w.cols; ++j) sum += w(i, j) * at(x, j);
      at(y, i) = sum;
    }
    return y;
  }
  Vector operator()(const Affine& affine) const {
    Vector y(x.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = affine.scale[i] * x[i] + (affine.shift.empty() ? 0.0 : affine.shift[i]);
    }
    return y;
  }
  Vector operator()(const Permutation& permutation) const {
    Vector y(x.size());
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = at(x, permutation.source[i]);
    return y;
  }
  Vector operator()(const Activation& activation) const {
    Vector y(x.size());
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] = activation_value(activation, static_cast<Index>(i), x[i]);
    return y;
  }
  Vector operator()(const Conv& conv) const {
    Vector y = product(conv);
    add_channel_bias(conv.bias, y);
    return y;
  }
  Vector operator()(const ConvTranspose& transpose) const {
    Vector y = product(transpose);
    add_channel_bias(transpose.bias, y);
    return y;
  }
  Vector operator()(const Sparse& sparse) const { return product(sparse); }
  Vector operator()(const Add& add) const {
    Vector y(x.size(), 0.0);
    for (std::size_t k = 0; k < reads.size(); ++k) {
      const double a = add.coefficients.empty() ? 1.0 : add.coefficients[k];
      for (std::size_t i = 0; i < y.size(); ++i) y[i] += a * (*reads[k])[i];
    }
    return y;
  }
  Vector operator()(const Concat&) const {
    Vector y;
    for (const Vector* part : reads) y.insert(y.end(), part->begin(), part->end());
    return y;
  }

 private:
  template <class Op>
  Vector product(const Op& op) const {
    Vector y(static_cast<std::size_t>(network::outputs_of(op)), 0.0);
    network::for_each_entry(op, [&](Index i, Index j, double w) { at(y, i) += w * at(x, j); });
    return y;
  }
};

/// g_k += (derivative of the layer by tensor k, at x)' g
struct PullBackLayer {
  const Vector& x;  ///< the first tensor that the layer reads
  const Vector& g;
  const std::vector<Vector*>& sums;
  Vector& out;  ///< the first of `sums`

  void operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    for (Index i = 0; i < w.rows; ++i) {
      const double gi = at(g, i);
      for (Index j = 0; j < w.cols; ++j) at(out, j) += w(i, j) * gi;
    }
  }
  void operator()(const Affine& affine) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += affine.scale[i] * g[i];
  }
  void operator()(const Permutation& permutation) const {
    for (std::size_t i = 0; i < out.size(); ++i) at(out, permutation.source[i]) += g[i];
  }
  void operator()(const Activation& activation) const {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] += activation_derivative(activation, static_cast<Index>(i), x[i]) * g[i];
  }
  void operator()(const Add& add) const {
    for (std::size_t k = 0; k < sums.size(); ++k) {
      const double a = add.coefficients.empty() ? 1.0 : add.coefficients[k];
      for (std::size_t i = 0; i < g.size(); ++i) (*sums[k])[i] += a * g[i];
    }
  }
  void operator()(const Concat&) const {
    std::size_t first = 0;
    for (Vector* part : sums) {
      for (std::size_t i = 0; i < part->size(); ++i) (*part)[i] += g[first + i];
      first += part->size();
    }
  }
  template <class Op>
  void operator()(const Op& op) const {
    network::for_each_entry(op, [&](Index i, Index j, double w) { at(out, j) += w * at(g, i); });
  }
};

/// The value of every tensor.
std::vector<Vector> all_values(const Network& network, std::span<const double> x) {
  if (x.size() != static_cast<std::size_t>(network.inputs())) {
    throw QueryError("input has " + std::to_string(x.size()) + " coordinates but the network takes " +
                     std::to_string(network.inputs()));
  }
  std::vector<Vector> values{{x.begin(), x.end()}};
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    std::vector<const Vector*> reads;
    for (const Index t : network.read_by(static_cast<Index>(l))) reads.push_back(&at(values, t));
    values.push_back(std::visit(EvaluateLayer(reads), network.layers()[l].op));
  }
  return values;
}

}  // namespace

std::vector<double> Network::evaluate(std::span<const double> x) const {
  return std::move(all_values(*this, x).back());
}

std::vector<double> Network::gradient(std::span<const double> x, std::span<const double> objective) const {
  if (objective.size() != static_cast<std::size_t>(outputs())) {
    throw QueryError("objective has " + std::to_string(objective.size()) + " entries but the network has " +
                     std::to_string(outputs()) + " outputs");
  }
  const std::vector<Vector> values = all_values(*this, x);
  std::vector<Vector> g;
  for (const Vector& value : values) g.emplace_back(value.size(), 0.0);
  g.back().assign(objective.begin(), objective.end());
  for (std::size_t l = layers_.size(); l-- > 0;) {
    std::vector<Vector*> sums;
    for (const Index t : reads_[l]) sums.push_back(&at(g, t));
    const Vector& first = at(values, reads_[l].front());
    std::visit(PullBackLayer{first, g[l + 1], sums, *sums.front()}, layers_[l].op);
  }
  return std::move(g.front());
}

}  // namespace geolip
