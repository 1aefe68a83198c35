#include "cli/layer_summary.hpp"

#include <algorithm>

namespace geolip::cli {
namespace {

Index count(const std::vector<double>& values) { return static_cast<Index>(values.size()); }

/// The smallest interval that holds those of all neurons.
SlopeInterval slope_hull(const Activation& activation, Index neurons) {
  SlopeInterval hull = slope_interval(activation, 0);
  for (Index i = 1; i < neurons; ++i) {
    const SlopeInterval s = slope_interval(activation, i);
    hull = {std::min(hull.lower, s.lower), std::max(hull.upper, s.upper)};
  }
  return hull;
}

/// Fills in what depends on the kind of layer; `inputs` is the width before it.
struct Describe {
  LayerSummary& summary;
  Index inputs;

  void operator()(const Dense& dense) const {
    summary.kind = "dense";
    summary.shape = {dense.weight.rows, dense.weight.cols};
    summary.parameters = count(dense.weight.data) + count(dense.bias);
  }
  void operator()(const Affine& affine) const {
    summary.kind = "affine";
    summary.shape = {inputs};
    summary.parameters = count(affine.scale) + count(affine.shift);
  }
  void operator()(const Permutation&) const {
    summary.kind = "permutation";
    summary.shape = {inputs};
  }
  void operator()(const Activation& activation) const {
    summary.kind = to_string(activation.kind);
    summary.shape = {inputs};
    summary.slopes = slope_hull(activation, inputs);
    summary.parameters = count(activation.slopes);
  }
};

}  // namespace

NetworkSummary summarise(const Network& network) {
  NetworkSummary summary;
  Index width = network.inputs();
  for (const Layer& layer : network.layers()) {
    LayerSummary entry;
    entry.name = layer.name;
    std::visit(Describe{entry, width}, layer.op);
    const auto* activation = std::get_if<Activation>(&layer.op);
    if (activation != nullptr && activation->kind != ActivationKind::identity) summary.neurons += width;
    width = entry.shape.front();
    summary.parameters += entry.parameters;
    summary.layers.push_back(std::move(entry));
  }
  return summary;
}

}  // namespace geolip::cli
