#include <graph/chain.hpp>

#include <algorithm>

namespace geolip::graph {

bool Stage::is_chain() const {
  if (sources.size() != 1 || targets != std::vector<std::size_t>{steps.size()}) return false;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    if (steps[s].from != std::vector<std::size_t>{s}) return false;
  }
  return true;
}

Index Chain::neurons(Index k) const {
  Index sum = 0;
  for (const Block& block : layers[static_cast<std::size_t>(k)]) {
    if (block.activation != nullptr) sum += block.neurons;
  }
  return sum;
}

bool Chain::passes_by() const {
  return std::any_of(layers.begin(), layers.end(), [](const std::vector<Block>& layer) {
    return std::any_of(layer.begin(), layer.end(),
                       [](const Block& block) { return block.activation == nullptr; });
  });
}

}  // namespace geolip::graph
