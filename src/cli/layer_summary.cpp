#include <cli/layer_summary.hpp>

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

/// Fills in what depends on the kind of layer, which reads so many inputs; the shape is that of its output.
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
    summary.parameters = count(affine.scale) + count(affine.shift);
  }
  void operator()(const Conv& conv) const {
    summary.kind = "conv";
    summary.shape = {conv.filters, conv.output(0), conv.output(1)};
    summary.parameters = count(conv.weight) + count(conv.bias);
  }
  void operator()(const ConvTranspose& transpose) const {
    const Conv& conv = transpose.conv;
    summary.kind = "conv_transpose";
    summary.shape = {conv.channels, conv.image[0], conv.image[1]};
    summary.parameters = count(conv.weight) + count(transpose.bias);
  }
  void operator()(const Sparse&) const {
    summary.kind = "sparse";
    summary.shape.push_back(inputs);
  }
  void operator()(const Permutation&) const { summary.kind = "permutation"; }
  void operator()(const Add&) const { summary.kind = "add"; }
  void operator()(const Concat&) const { summary.kind = "concat"; }
  void operator()(const Activation& activation) const {
    summary.kind = to_string(activation.kind());
    summary.slopes = slope_hull(activation, inputs);
    summary.parameters = count(activation.slopes());
  }
};

}  // namespace

NetworkSummary summarise(const Network& network) {
  NetworkSummary summary;
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    const Layer& layer = network.layers()[l];
    const auto number = static_cast<Index>(l);
    const Index width = network.size(number + 1);
    LayerSummary entry;
    entry.name = layer.name;
    entry.shape = {width};
    std::visit(Describe{entry, network.size(network.read_by(number).front())}, layer.op);
    const auto* activation = std::get_if<Activation>(&layer.op);
    if (activation != nullptr && activation->kind() != ActivationKind::identity) summary.neurons += width;
    // the layer before it is what is expected
    if (network.read_by(number) != std::vector<Index>{number}) {
      for (const Index t : network.read_by(number)) entry.reads.push_back(t - 1);
    }
    summary.parameters += entry.parameters;
    summary.layers.push_back(std::move(entry));
  }
  return summary;
}

}  // namespace geolip::cli
