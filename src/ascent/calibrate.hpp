/// \file
/// Powers of two that bring every tensor of a batch to about unit size (docs/method.md, section on scaling).
#pragma once

#include <ascent/ascent.hpp>

namespace geolip::ascent {

struct Calibration {
  problem::Scaling scaling;
  std::vector<int> rows;  ///< exponent for each problem's objective row (0 for vector objectives)
};

/// Rows of every layer are brought to about unit norm by a random probe, then whole layers by a few sweeps of
/// rank two in float64, after which each problem's objective is about 1. `weights`: those that other maps of
/// the chain use, or null.
Calibration calibrate(backend::Backend& backend, const problem::Chain& chain,
                      const std::vector<problem::LayerSlopes>& slopes,
                      const std::vector<problem::Problem>& problems, std::uint64_t seed,
                      const std::shared_ptr<operators::DenseWeights>& weights = nullptr);

}  // namespace geolip::ascent
