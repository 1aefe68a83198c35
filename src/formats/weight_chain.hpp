/// \file
/// Networks from files that hold weights alone.
#pragma once

#include <geolip/network.hpp>

#include <optional>
#include <string>
#include <vector>

namespace geolip::formats {

/// One affine map of a file of weights.
struct WeightLayer {
  std::string name;          ///< as the file calls it
  Matrix weight;             ///< outputs x inputs
  std::vector<double> bias;  ///< empty: none
};

/// The chain of the maps with the activation (default: ReLU) between each two, none after the last.
/// Throws NetworkError if there is no map or two do not fit; a transpose is never guessed.
Network chain_of_weights(std::vector<WeightLayer> layers, const std::optional<Activation>& activation);

}  // namespace geolip::formats
