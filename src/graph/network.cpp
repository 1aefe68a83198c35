#include <geolip/error.hpp>
#include <geolip/network.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace geolip {
namespace {

[[noreturn]] void fail(const std::string& layer, const std::string& what) {
  throw NetworkError(layer + ": " + what);
}

void require_finite(const std::string& layer, const char* what, std::span<const double> values) {
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  if (bad != values.end()) {
    fail(layer, std::string(what) + " has an entry that is not finite (index " +
                    std::to_string(bad - values.begin()) + ")");
  }
}

void require_size(const std::string& layer, const char* what, std::size_t have, Index want) {
  if (have != static_cast<std::size_t>(want)) {
    fail(layer, std::string(what) + " has " + std::to_string(have) + " entries but " + std::to_string(want) +
                    " are needed");
  }
}

/// Checks one layer against its input size and returns its output size.
struct CheckLayer {
  const std::string& name;
  Index inputs;

  Index operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    if (w.rows < 1 || w.cols < 1) {
      fail(name, "weight is empty");
    }
    if (w.cols != inputs) {
      fail(name, "weight is " + std::to_string(w.rows) + "x" + std::to_string(w.cols) +
                     " but its input has " + std::to_string(inputs) + " coordinates");
    }
    Index entries = 0;
    if (__builtin_mul_overflow(w.rows, w.cols, &entries)) {
      fail(name, "weight of " + std::to_string(w.rows) + "x" + std::to_string(w.cols) +
                     " is larger than any memory");
    }
    require_size(name, "weight", w.data.size(), entries);
    require_finite(name, "weight", w.data);
    if (!dense.bias.empty()) {
      require_size(name, "bias", dense.bias.size(), w.rows);
      require_finite(name, "bias", dense.bias);
    }
    return w.rows;
  }

  Index operator()(const Affine& affine) const {
    require_size(name, "scale", affine.scale.size(), inputs);
    require_finite(name, "scale", affine.scale);
    if (!affine.shift.empty()) {
      require_size(name, "shift", affine.shift.size(), inputs);
      require_finite(name, "shift", affine.shift);
    }
    return inputs;
  }

  Index operator()(const Permutation& permutation) const {
    require_size(name, "permutation", permutation.source.size(), inputs);
    std::vector<bool> seen(static_cast<std::size_t>(inputs), false);
    for (const Index i : permutation.source) {
      if (i < 0 || i >= inputs || seen[static_cast<std::size_t>(i)]) {
        fail(name, "index " + std::to_string(i) + " does not belong to a permutation");
      }
      seen[static_cast<std::size_t>(i)] = true;
    }
    return inputs;
  }

  Index operator()(const Activation& activation) const {
    if (activation.kind == ActivationKind::prelu) {
      require_size(name, "slope", activation.slopes.size(), inputs);
      require_finite(name, "slope", activation.slopes);
    }
    // Clip may be open on either side; every other parameter is a number.
    const bool open = activation.kind == ActivationKind::clip;
    for (const double parameter : {activation.alpha, activation.beta}) {
      if (std::isnan(parameter) || (std::isinf(parameter) && !open)) {
        fail(name, "activation parameter is not finite");
      }
    }
    const SlopeInterval s = slope_interval(activation, 0);
    if (!(std::isfinite(s.lower) && std::isfinite(s.upper) && s.lower <= s.upper)) {
      fail(name, "activation has no finite slope interval");
    }
    return inputs;
  }
};

/// y = layer(x).
struct EvaluateLayer {
  std::span<const double> x;

  std::vector<double> operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    std::vector<double> y(static_cast<std::size_t>(w.rows));
    for (Index i = 0; i < w.rows; ++i) {
      double sum = dense.bias.empty() ? 0.0 : dense.bias[static_cast<std::size_t>(i)];
      for (Index j = 0; j < w.cols; ++j) {
        sum += w(i, j) * x[static_cast<std::size_t>(j)];
      }
      y[static_cast<std::size_t>(i)] = sum;
    }
    return y;
  }
  std::vector<double> operator()(const Affine& affine) const {
    std::vector<double> y(x.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = affine.scale[i] * x[i] + (affine.shift.empty() ? 0.0 : affine.shift[i]);
    }
    return y;
  }
  std::vector<double> operator()(const Permutation& permutation) const {
    std::vector<double> y(x.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = x[static_cast<std::size_t>(permutation.source[i])];
    }
    return y;
  }
  std::vector<double> operator()(const Activation& activation) const {
    std::vector<double> y(x.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = activation_value(activation, static_cast<Index>(i), x[i]);
    }
    return y;
  }
};

/// g <- (derivative of layer at x)' g.
struct PullBackLayer {
  std::span<const double> x;
  std::span<const double> g;

  std::vector<double> operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    std::vector<double> out(static_cast<std::size_t>(w.cols));
    for (Index i = 0; i < w.rows; ++i) {
      const double gi = g[static_cast<std::size_t>(i)];
      for (Index j = 0; j < w.cols; ++j) {
        out[static_cast<std::size_t>(j)] += w(i, j) * gi;
      }
    }
    return out;
  }
  std::vector<double> operator()(const Affine& affine) const {
    std::vector<double> out(g.begin(), g.end());
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] *= affine.scale[i];
    }
    return out;
  }
  std::vector<double> operator()(const Permutation& permutation) const {
    std::vector<double> out(g.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[static_cast<std::size_t>(permutation.source[i])] = g[i];
    }
    return out;
  }
  std::vector<double> operator()(const Activation& activation) const {
    std::vector<double> out(g.begin(), g.end());
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] *= activation_derivative(activation, static_cast<Index>(i), x[i]);
    }
    return out;
  }
};

}  // namespace

Network::Network(Index inputs) : inputs_(inputs), outputs_(inputs) {
  if (inputs < 1) {
    throw NetworkError("network: it has " + std::to_string(inputs) + " inputs but needs at least one");
  }
}

void Network::add(Layer layer) {
  outputs_ = std::visit(CheckLayer{layer.name, outputs_}, layer.op);
  layers_.push_back(std::move(layer));
}

std::vector<double> Network::evaluate(std::span<const double> x) const {
  if (x.size() != static_cast<std::size_t>(inputs_)) {
    throw QueryError("input has " + std::to_string(x.size()) + " coordinates but the network takes " +
                     std::to_string(inputs_));
  }
  std::vector<double> v(x.begin(), x.end());
  for (const Layer& layer : layers_) {
    v = std::visit(EvaluateLayer{v}, layer.op);
  }
  return v;
}

std::vector<double> Network::gradient(std::span<const double> x, std::span<const double> objective) const {
  if (x.size() != static_cast<std::size_t>(inputs_)) {
    throw QueryError("input has " + std::to_string(x.size()) + " coordinates but the network takes " +
                     std::to_string(inputs_));
  }
  if (objective.size() != static_cast<std::size_t>(outputs_)) {
    throw QueryError("objective has " + std::to_string(objective.size()) + " entries but the network has " +
                     std::to_string(outputs_) + " outputs");
  }
  std::vector<std::vector<double>> values{{x.begin(), x.end()}};
  for (const Layer& layer : layers_) {
    values.push_back(std::visit(EvaluateLayer{values.back()}, layer.op));
  }
  std::vector<double> g(objective.begin(), objective.end());
  for (std::size_t l = layers_.size(); l-- > 0;) {
    g = std::visit(PullBackLayer{values[l], g}, layers_[l].op);
  }
  return g;
}

}  // namespace geolip
