/// \file
/// Powers of two between the network's units and those of the sweeps.
#pragma once

#include <problem/chain.hpp>

#include <vector>

namespace geolip::problem {

/// Powers of two that multiply the coordinates of every tensor (docs/method.md, section on scaling). Exponent
/// vectors: tensors[0] for the input (all zero), tensors[k] for layer k; output holds one exponent for all
/// outputs.
struct Scaling {
  std::vector<std::vector<int>> tensors;
  int output = 0;

  bool operator==(const Scaling&) const = default;
};

/// No scaling at all.
Scaling unit_scaling(const Chain& chain);

}  // namespace geolip::problem
