#include "checker/files/weight_chain.hpp"

#include "checker/files/slopes.hpp"

namespace geolip::checker {

Network chain_of(std::vector<Weight> weights, const std::string& activation) {
  const auto slopes = default_slopes(activation);
  if (!slopes) throw ReadError("activation " + in_quotes(activation) + " is not known");
  if (weights.empty()) throw ReadError("the file holds no weights");
  Network network;
  network.inputs = weights.front().matrix.cols;
  network.outputs = network.inputs;
  for (std::size_t l = 0; l < weights.size(); ++l) {
    Weight& weight = weights[l];
    const Index rows = weight.matrix.rows;
    const Index cols = weight.matrix.cols;
    if (rows < 1 || cols < 1) throw ReadError(weight.name + ": weight is empty");
    if (cols != network.outputs) {
      throw ReadError(weight.name + ": weight is " + shape_text({rows, cols}) +
                      " but the layer before it has " + std::to_string(network.outputs) + " outputs");
    }
    if (weight.bias.value_or(0) != 0 && *weight.bias != rows) {
      throw ReadError(weight.name + ": bias has " + std::to_string(*weight.bias) + " entries but weight is " +
                      shape_text({rows, cols}));
    }
    require_finite(weight.matrix.weight, weight.name);
    network.outputs = rows;
    network.layers.push_back({weight.name, std::move(weight.matrix)});
    if (l + 1 == weights.size()) break;
    const auto n = static_cast<std::size_t>(rows);
    network.layers.push_back(
        {activation + std::to_string(l + 1),
         Slopes{activation, std::vector<double>(n, slopes->lower), std::vector<double>(n, slopes->upper)}});
  }
  return network;
}

}  // namespace geolip::checker
