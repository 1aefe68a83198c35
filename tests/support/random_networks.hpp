/// \file
/// Seeded random networks of every shape that a user might bring.
#pragma once

#include <geolip/network.hpp>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace geolip::test {

/// Numbers that are the same with every standard library. In what order a compiler evaluates operands and arguments
/// is its own affair: of two draws in one expression, one is named first.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double uniform(double lo, double hi) { return lo + (hi - lo) * uniform(); }
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }
  /// Uniform in lo .. hi, both included.
  Index integer(Index lo, Index hi) {
    return lo + static_cast<Index>(engine_() % static_cast<std::uint64_t>(hi - lo + 1));
  }
  bool chance(double p) { return uniform() < p; }

 private:
  std::mt19937_64 engine_;
};

inline Matrix random_matrix(Random& random, Index rows, Index cols, double scale) {
  Matrix m(rows, cols);
  for (double& v : m.data) v = scale * random.normal();
  return m;
}

/// Layer widths, input first; an activation of `kind` after every layer but the last.
inline Network random_network(Random& random, const std::vector<Index>& widths,
                              const Activation& activation = Activation(ActivationKind::relu),
                              double gain = 1.4) {
  Network network(widths.front());
  for (std::size_t k = 1; k < widths.size(); ++k) {
    Dense dense;
    dense.weight =
        random_matrix(random, widths[k], widths[k - 1], gain / std::sqrt(static_cast<double>(widths[k - 1])));
    network.add({"dense" + std::to_string(k), dense});
    if (k + 1 < widths.size()) network.add({"activation" + std::to_string(k), activation});
  }
  return network;
}

/// Copies a network with its dense weights changed by edit(k, weight), k counting dense layers from 0.
template <class Edit>
Network edited(const Network& network, const Edit& edit) {
  Network copy(network.inputs());
  Index k = 0;
  for (Layer layer : network.layers()) {
    if (auto* dense = std::get_if<Dense>(&layer.op)) edit(k++, dense->weight);
    copy.add(std::move(layer));
  }
  return copy;
}

/// A random network with standard normal biases.
inline Network random_biased_network(Random& random, const std::vector<Index>& widths,
                                     const Activation& activation) {
  const Network plain = random_network(random, widths, activation);
  Network copy(widths.front());
  for (Layer layer : plain.layers()) {
    if (auto* dense = std::get_if<Dense>(&layer.op)) {
      dense->bias.resize(static_cast<std::size_t>(dense->weight.rows));
      for (double& b : dense->bias) b = random.normal();
    }
    copy.add(std::move(layer));
  }
  return copy;
}

}  // namespace geolip::test
