#include <operators/footprint.hpp>

#include <algorithm>
#include <numeric>

namespace geolip::operators {
namespace {

double number(Index n) { return static_cast<double>(n); }

/// Entries of one position of the unfolded image; 0 for layers that are not convolutions.
struct Unfolded {
  Index operator()(const Conv& conv) const {
    return conv.channels / conv.groups * conv.kernel[0] * conv.kernel[1];
  }
  Index operator()(const ConvTranspose& transpose) const { return (*this)(transpose.conv); }
  template <class Op>
  Index operator()(const Op&) const {
    return 0;
  }
};

/// Bytes of one layer's operator.
struct LayerBytes {
  double size;
  bool borrows;
  double outputs;

  double operator()(const Dense& dense) const {
    return borrows ? 0.0 : size * number(dense.weight.rows) * number(dense.weight.cols);
  }
  double operator()(const Affine&) const { return size * outputs; }
  double operator()(const Permutation&) const { return 2.0 * number(sizeof(Index)) * outputs; }
  double operator()(const Activation&) const { return 0.0; }
  double operator()(const Add&) const { return 2.0 * size * outputs; }
  double operator()(const Concat&) const { return 0.0; }
  double operator()(const Sparse& sparse) const {
    // the matrix and its transpose, by rows
    const double entries = number(static_cast<Index>(sparse.value.size()));
    return 2.0 * (size + number(sizeof(Index))) * entries +
           number(sizeof(Index)) * (outputs + number(sparse.inputs) + 2.0);
  }
  double operator()(const Conv& conv) const { return size * number(static_cast<Index>(conv.weight.size())); }
  double operator()(const ConvTranspose& transpose) const { return (*this)(transpose.conv); }
};

bool joins(const Layer& layer) {
  return std::holds_alternative<Add>(layer.op) || std::holds_alternative<Concat>(layer.op);
}

}  // namespace

StageRoom room_of(const Stage& stage) {
  StageRoom room;
  room.largest = std::max(stage.inputs, stage.outputs);
  room.sums = !stage.is_chain();
  std::vector<Index> readers(stage.sources.size() + stage.steps.size(), 0);
  for (const Step& step : stage.steps) {
    for (const std::size_t v : step.from) ++readers[v];
  }
  for (const std::size_t v : stage.targets) ++readers[v];
  for (std::size_t s = 0; s < stage.steps.size(); ++s) {
    const Step& step = stage.steps[s];
    room.largest = std::max(room.largest, step.size);
    room.unfolded = std::max(room.unfolded, std::visit(Unfolded{}, step.layer->op));
    // the others are never written: what makes them goes on to what reads them
    if (readers[stage.sources.size() + s] > 1 || joins(*step.layer)) room.nodes.push_back(step.size);
  }
  return room;
}

void SharedRoom::take(const StageRoom& room, double columns) {
  even_or_odd_ = std::max(even_or_odd_, number(room.largest) * columns);
  if (room.sums) sum_ = std::max(sum_, number(room.largest) * columns);
  if (room.unfolded > 0) {
    // several positions where one takes less
    unfolded_ = std::max({unfolded_, number(room.unfolded) * columns, number(least_unfolded_)});
  }
  nodes_.resize(std::max(nodes_.size(), room.nodes.size()), 0.0);
  for (std::size_t i = 0; i < room.nodes.size(); ++i)
    nodes_[i] = std::max(nodes_[i], number(room.nodes[i]) * columns);
}

double SharedRoom::numbers() const {
  return 2.0 * even_or_odd_ + sum_ + unfolded_ + std::accumulate(nodes_.begin(), nodes_.end(), 0.0);
}

Index widest_layer(const Chain& chain) {
  Index widest = 1;
  for (Index k = 0; k < chain.depth(); ++k) widest = std::max(widest, chain.neurons(k));
  return widest;
}

double largest_dense(const Chain& chain) {
  double most = 0.0;
  for (const Stage& stage : chain.stages) {
    for (const Step& step : stage.steps) {
      if (const auto* dense = std::get_if<Dense>(&step.layer->op))
        most = std::max(most, number(dense->weight.rows) * number(dense->weight.cols));
    }
  }
  return most;
}

double map_bytes(const Chain& chain, std::size_t size, bool borrows) {
  double bytes = 0.0;
  for (const Stage& stage : chain.stages) {
    // the powers of two at its ends
    bytes += number(static_cast<Index>(size)) * (number(stage.inputs) + number(stage.outputs));
    for (const Step& step : stage.steps) {
      bytes += std::visit(LayerBytes{number(static_cast<Index>(size)), borrows, number(step.size)},
                          step.layer->op);
    }
  }
  return bytes;
}

}  // namespace geolip::operators
