#include <formats/weight_chain.hpp>

#include <formats/fail.hpp>

namespace geolip::formats {

Network chain_of_weights(std::vector<WeightLayer> layers, const std::optional<Activation>& activation) {
  if (layers.empty()) fail("the file holds no weights");
  for (const WeightLayer& layer : layers) {
    if (layer.weight.rows < 1 || layer.weight.cols < 1) fail(layer.name, ": weight is empty");
  }
  const Activation between = activation.value_or(Activation(ActivationKind::relu));
  Network network(layers.front().weight.cols);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    WeightLayer& layer = layers[l];
    const Matrix& w = layer.weight;
    if (w.cols != network.outputs()) {
      fail(layer.name, ": weight is ", w.rows, "x", w.cols,
           " (outputs x inputs) but the layer before it has ", network.outputs(), " outputs");
    }
    network.add({layer.name, Dense{std::move(layer.weight), std::move(layer.bias)}});
    if (l + 1 < layers.size()) {
      network.add({std::string(to_string(between.kind())) + std::to_string(l + 1), between});
    }
  }
  return network;
}

}  // namespace geolip::formats
