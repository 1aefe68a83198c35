#include <network/at.hpp>
#include <problem/chain.hpp>

#include <algorithm>

namespace geolip::problem {

bool Stage::is_chain() const {
  if (sources.size() != 1 || targets != std::vector<std::size_t>{steps.size()}) return false;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    if (steps[s].from != std::vector<std::size_t>{s}) return false;
  }
  return true;
}

Index Stage::channel_size(std::size_t value) const {
  while (value >= sources.size()) {
    const Step& step = steps[value - sources.size()];
    if (const auto* conv = std::get_if<Conv>(&step.layer->op)) return conv->output(0) * conv->output(1);
    if (const auto* transpose = std::get_if<ConvTranspose>(&step.layer->op)) {
      return transpose->conv.image[0] * transpose->conv.image[1];
    }
    const bool keeps_places =
        std::holds_alternative<Affine>(step.layer->op) || std::holds_alternative<Add>(step.layer->op);
    if (!keeps_places) return 1;
    value = step.from.front();
  }
  return 1;
}

const Dense* Stage::last_dense() const {
  if (steps.empty() || targets != std::vector<std::size_t>{sources.size() + steps.size() - 1}) return nullptr;
  return std::get_if<Dense>(&steps.back().layer->op);
}

Chain with_outputs(const Chain& chain, Index first, Index count, Layer& end) {
  Chain narrow = chain;
  Stage& stage = narrow.stages.back();
  if (const Dense* dense = stage.last_dense()) {
    Matrix rows(count, dense->weight.cols);
    const auto from = dense->weight.data.begin() + first * rows.cols;
    std::copy(from, from + count * rows.cols, rows.data.begin());
    end = {stage.steps.back().layer->name, Dense{std::move(rows), {}}};
  } else {
    Sparse chosen;
    chosen.inputs = stage.outputs;
    for (Index i = 0; i < count; ++i) {
      chosen.add(first + i, 1.0);
      chosen.end_row();
    }
    end = {"outputs", std::move(chosen)};
    stage.steps.push_back({nullptr, stage.targets, 0});
    stage.targets = {stage.sources.size() + stage.steps.size() - 1};
  }
  stage.steps.back().layer = &end;
  stage.steps.back().size = count;
  stage.outputs = count;
  return narrow;
}

Index Chain::neurons(Index k) const {
  Index sum = 0;
  for (const Block& block : at(layers, k)) {
    if (block.activation != nullptr) sum += block.neurons;
  }
  return sum;
}

Index Chain::widest() const {
  Index widest = 1;
  for (Index k = 0; k < depth(); ++k) widest = std::max(widest, neurons(k));
  return widest;
}

bool Chain::passes_by() const {
  return std::any_of(layers.begin(), layers.end(), [](const std::vector<Block>& layer) {
    return std::any_of(layer.begin(), layer.end(),
                       [](const Block& block) { return block.activation == nullptr; });
  });
}

}  // namespace geolip::problem
