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
  std::string kind;          ///< "dense", "conv", ... or the activation's name
  std::vector<Index> shape;  ///< dense, sparse: outputs and inputs; conv: channels, height and width
                             ///< of the output; others: coordinates
  std::vector<Index> reads;  ///< numbers of the layers that it reads, -1 the input; empty: the one before
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
