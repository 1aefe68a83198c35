/// \file
/// Layers in a few words and numbers.
#pragma once

#include <geolip/network.hpp>

#include <optional>
#include <string>
#include <vector>

namespace geolip::cli {

struct LayerSummary {
  std::string name;
  std::string kind;                     ///< "dense", "affine", "permutation" or the activation's name
  std::vector<Index> shape;             ///< dense: outputs and inputs; others: coordinates
  std::optional<SlopeInterval> slopes;  ///< activations: holds the slopes of all neurons
  Index parameters = 0;                 ///< numbers that the layer was given
};

struct NetworkSummary {
  std::vector<LayerSummary> layers;
  Index neurons = 0;  ///< coordinates that pass an activation other than the identity
  Index parameters = 0;
};

NetworkSummary summarise(const Network& network);

}  // namespace geolip::cli
