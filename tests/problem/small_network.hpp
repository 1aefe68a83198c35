/// \file
/// Dense layers by their entries, and a network of a few neurons.
#pragma once

#include <geolip/network.hpp>

#include <utility>
#include <vector>

namespace geolip::test {

inline Dense dense(Index rows, Index cols, std::vector<double> entries) {
  Dense d{Matrix(rows, cols), {}};
  d.weight.data = std::move(entries);
  return d;
}

/// 2 -> 3 -> 2 -> 2, ReLU between.
inline Network small(std::vector<double> w1, std::vector<double> w2, std::vector<double> w3) {
  Network network(2);
  network.add({"w1", dense(3, 2, std::move(w1))});
  network.add({"relu1", Activation(ActivationKind::relu)});
  network.add({"w2", dense(2, 3, std::move(w2))});
  network.add({"relu2", Activation(ActivationKind::relu)});
  network.add({"w3", dense(2, 2, std::move(w3))});
  return network;
}

inline const std::vector<double> full6{1, 2, 3, 4, 5, 6};
inline const std::vector<double> full4{1, 2, 3, 4};

}  // namespace geolip::test
