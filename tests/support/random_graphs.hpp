/// \file
/// Seeded random networks whose tensors are read by several layers.
#pragma once

#include <support/random_networks.hpp>

namespace geolip::test {

/// A network of `layers` random layers on few coordinates, with at most `most_neurons` neurons: products,
/// scales, activations, convolutions, sparse matrices, sums and concatenations of whatever tensors there are.
inline Network random_graph(Random& random, Index layers, Index most_neurons) {
  Network network(random.integer(1, 4));
  Index neurons = 0;
  const auto any = [&] { return random.integer(0, static_cast<Index>(network.layers().size())); };
  const auto late = [&] {  // mostly the last tensors, so that most layers lead to the output
    const auto last = static_cast<Index>(network.layers().size());
    return random.chance(0.7) ? last : random.integer(std::max<Index>(0, last - 3), last);
  };
  for (Index l = 0; l < layers; ++l) {
    const std::string name = "layer" + std::to_string(l);
    const Index from = late();
    const Index n = network.size(from);
    const Index kind = random.integer(0, 9);
    if (kind <= 2) {
      network.add({name, Dense{random_matrix(random, random.integer(1, 4), n, 0.8), {}}}, {from});
    } else if (kind <= 4) {
      if (neurons + n > most_neurons) continue;
      neurons += n;
      const Activation leaky(ActivationKind::leaky_relu, 0.25);
      network.add({name, random.chance(0.7) ? Activation(ActivationKind::relu) : leaky}, {from});
    } else if (kind == 5) {
      Affine affine;
      for (Index i = 0; i < n; ++i) affine.scale.push_back(random.normal());
      network.add({name, affine}, {from});
    } else if (kind == 6) {
      Sparse sparse;
      sparse.inputs = n;
      for (Index i = random.integer(1, 4); i > 0; --i) {
        for (Index k = random.integer(0, 2); k > 0; --k) {
          const Index column = random.integer(0, n - 1);
          sparse.add(column, random.normal());
        }
        sparse.end_row();
      }
      network.add({name, sparse}, {from});
    } else if (kind == 7) {
      Conv conv;
      conv.image = {1, n};
      conv.kernel = {1, 2};
      conv.pads_before = {0, 1};
      conv.filters = random.integer(1, 2);
      conv.stride = {1, random.integer(1, 2)};
      for (Index i = 0; i < 2 * conv.filters; ++i) conv.weight.push_back(random.normal());
      network.add({name, conv}, {from});
    } else if (kind == 8) {
      std::vector<Index> parts{from, any()};
      if (network.size(parts[0]) + network.size(parts[1]) > 7) continue;
      network.add({name, Concat{}}, parts);
    } else {
      std::vector<Index> same;
      for (Index t = 0; t <= static_cast<Index>(network.layers().size()); ++t) {
        if (network.size(t) == n && (t == from || random.chance(0.4))) same.push_back(t);
      }
      if (random.chance(0.2)) same.push_back(from);
      Add add;
      for (std::size_t k = 0; k < same.size(); ++k)
        add.coefficients.push_back(random.chance(0.5) ? 1.0 : random.normal());
      network.add({name, add}, same);
    }
  }
  network.add({"last", Dense{random_matrix(random, 2, network.outputs(), 1.0), {}}});
  return network;
}

inline Activation random_kind(Random& random, Index neurons) {
  switch (random.integer(0, 9)) {
    case 0:
      return Activation(ActivationKind::leaky_relu, random.chance(0.5) ? -1.0 : 0.1);
    case 1: {
      std::vector<double> slopes;
      for (Index i = 0; i < neurons; ++i) slopes.push_back(2.0 * random.normal());
      return Activation::prelu(slopes);
    }
    case 2:
      return Activation(ActivationKind::tanh);
    case 3:
      return Activation(ActivationKind::gelu);
    case 4:
      return Activation(ActivationKind::hard_swish);
    case 5:
      return Activation(ActivationKind::clip, -1.0, 1.0);
    case 6:
      return Activation(ActivationKind::sigmoid);
    default:
      return Activation(ActivationKind::relu);
  }
}

/// A small network as exporters make them: activations at either end, factors of zero, copies, joins, maxima
/// of two tensors or of one with itself, and sums whose terms may cancel.
inline Network random_mixture(Random& random) {
  Network network(random.integer(1, 6));
  const auto last = [&] { return static_cast<Index>(network.layers().size()); };
  const auto of_size = [&](Index n) {
    std::vector<Index> same;
    for (Index t = 0; t <= last(); ++t) {
      if (network.size(t) == n) same.push_back(t);
    }
    return same[static_cast<std::size_t>(random.integer(0, static_cast<Index>(same.size()) - 1))];
  };
  for (Index l = random.integer(1, 9); l > 0; --l) {
    const Index from = random.chance(0.75) ? last() : random.integer(std::max<Index>(0, last() - 3), last());
    const Index n = network.size(from);
    const Index kind = random.integer(0, 10);
    if (kind <= 2) {
      network.add({"dense", Dense{random_matrix(random, random.integer(1, 8), n, 0.8), {}}}, {from});
    } else if (kind <= 5) {
      network.add({"activation", random_kind(random, n)}, {from});
    } else if (kind == 6) {
      Affine affine;
      for (Index i = 0; i < n; ++i) affine.scale.push_back(random.chance(0.1) ? 0.0 : random.normal());
      network.add({"affine", affine}, {from});
    } else if (kind == 7) {
      Sparse sparse;
      sparse.inputs = n;
      for (Index i = random.integer(1, 6); i > 0; --i) {
        for (Index k = random.integer(0, 2); k > 0; --k) {
          const Index column = random.integer(0, n - 1);
          sparse.add(column, random.chance(0.5) ? 1.0 : random.normal());
        }
        sparse.end_row();
      }
      network.add({"sparse", sparse}, {from});
    } else if (kind == 8) {
      const Index other = random.integer(0, last());
      if (n + network.size(other) <= 12) network.add({"concat", Concat{}}, {from, other});
    } else if (kind == 9) {
      const Index other = of_size(n);
      network.add({"add", Add{{1.0, random.chance(0.5) ? -1.0 : random.normal()}}}, {from, other});
    } else {
      const Index b = of_size(n);
      const Index difference = network.add({"difference", Add{{1.0, -1.0}}}, {from, b});
      const Index relu = network.add({"relu", Activation(ActivationKind::relu)}, {difference});
      network.add({"maximum", Add{{1.0, 1.0}}}, {b, relu});
    }
  }
  if (network.layers().empty() || random.chance(0.6))
    network.add({"last", Dense{random_matrix(random, random.integer(1, 4), network.outputs(), 1.0), {}}});
  return network;
}

/// The same network with every convolution and sparse matrix as a product.
inline Network with_products(const Network& network) {
  Network copy(network.inputs());
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    const auto number = static_cast<Index>(l);
    Layer layer = network.layers()[l];
    if (std::holds_alternative<Conv>(layer.op) || std::holds_alternative<ConvTranspose>(layer.op) ||
        std::holds_alternative<Sparse>(layer.op)) {
      // column by column: what the layer alone makes of unit vectors
      const Index n = network.size(network.read_by(number).front());
      Network alone(n);
      alone.add(layer);
      Dense dense{Matrix(alone.outputs(), n), {}};
      dense.bias = alone.evaluate(std::vector<double>(static_cast<std::size_t>(n), 0.0));
      for (Index j = 0; j < n; ++j) {
        std::vector<double> e(static_cast<std::size_t>(n), 0.0);
        std::vector<double> unit(static_cast<std::size_t>(alone.outputs()), 0.0);
        for (Index i = 0; i < alone.outputs(); ++i) {
          unit.assign(unit.size(), 0.0);
          unit[static_cast<std::size_t>(i)] = 1.0;
          dense.weight(i, j) = alone.gradient(e, unit)[static_cast<std::size_t>(j)];
        }
      }
      layer.op = std::move(dense);
    }
    copy.add(std::move(layer), network.read_by(number));
  }
  return copy;
}

}  // namespace geolip::test
