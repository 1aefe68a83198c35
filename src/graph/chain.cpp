#include <graph/chain.hpp>
#include <graph/reach.hpp>

#include <geolip/error.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::graph {
namespace {

/// Where the row u'B of the last stage's map B may be nonzero. If the stage's last layer is dense and u is
/// +-1 at one or two outputs, its part of the product is a copy or one subtraction, which is zero exactly
/// where the numbers say so.
Mask back_through_objective(const Stage& stage, std::span<const double> row) {
  Mask mask(row.size());
  std::transform(row.begin(), row.end(), mask.begin(), [](double u) { return static_cast<char>(u != 0.0); });
  const auto entries = std::count(mask.begin(), mask.end(), static_cast<char>(1));
  const bool units =
      std::all_of(row.begin(), row.end(), [](double u) { return u == 0.0 || std::abs(u) == 1.0; });
  // what the last step makes is read by nothing but the output
  const bool ends_in_step =
      !stage.steps.empty() && stage.targets.front() == stage.sources.size() + stage.steps.size() - 1;
  const Dense* dense = ends_in_step ? std::get_if<Dense>(&stage.steps.back().layer->op) : nullptr;
  if (dense == nullptr || !units || entries > 2) return back_through_stage(stage, mask);
  const Matrix& w = dense->weight;
  Mask in(static_cast<std::size_t>(w.cols), 0);
  for (Index j = 0; j < w.cols; ++j) {
    double sum = 0.0;
    for (Index i = 0; i < w.rows; ++i) {
      if (mask[static_cast<std::size_t>(i)] != 0) sum += row[static_cast<std::size_t>(i)] * w(i, j);
    }
    in[static_cast<std::size_t>(j)] = static_cast<char>(sum != 0.0);
  }
  Stage before = stage;
  before.targets = {before.steps.back().from.front()};
  before.steps.pop_back();
  return back_through_stage(before, in);
}

/// Clears the neurons whose slope is zero throughout.
void mask_slopes(const LayerSlopes& slopes, Index set, Mask& mask) {
  for (Index i = 0; i < slopes.neurons; ++i) {
    if (slopes.centre(i, set) == 0.0 && slopes.half_width(i, set) == 0.0)
      mask[static_cast<std::size_t>(i)] = 0;
  }
}

void clear_slopes(const Mask& keep, LayerSlopes& slopes, Index set) {
  for (Index i = 0; i < slopes.neurons; ++i) {
    if (keep[static_cast<std::size_t>(i)] != 0) continue;
    slopes.c[static_cast<std::size_t>(i * slopes.sets + set)] = 0.0;
    slopes.h[static_cast<std::size_t>(i * slopes.sets + set)] = 0.0;
  }
}

void set_interval(const SlopeInterval& interval, LayerSlopes& slopes, Index i, Index set) {
  const auto at = static_cast<std::size_t>(i * slopes.sets + set);
  // halved before they are added: the sum could overflow
  const double c = 0.5 * interval.lower + 0.5 * interval.upper;
  double h = interval.lower == interval.upper ? 0.0 : 0.5 * interval.upper - 0.5 * interval.lower;
  // [c - h, c + h] must hold the interval: where c or h was rounded, h gives way outwards.
  const double missing = std::max(interval.upper - (c + h), (c - h) - interval.lower);
  if (h > 0.0 && missing > 0.0) h += 2.0 * missing;
  slopes.c[at] = c;
  slopes.h[at] = h;
}

void check_override(const Chain& chain, const SlopeOverride& o) {
  if (o.layers.size() != chain.activation_sizes.size()) {
    throw QueryError("slopes: " + std::to_string(o.layers.size()) + " layers are given but the network has " +
                     std::to_string(chain.activation_sizes.size()) + " activation layers");
  }
  for (std::size_t k = 0; k < o.layers.size(); ++k) {
    const auto n = static_cast<std::size_t>(chain.activation_sizes[k]);
    if (o.layers[k].size() != n) {
      throw QueryError("slopes: activation layer " + std::to_string(k) + " has " + std::to_string(n) +
                       " neurons but " + std::to_string(o.layers[k].size()) + " intervals are given");
    }
    for (const SlopeInterval& s : o.layers[k]) {
      if (!(std::isfinite(s.lower) && std::isfinite(s.upper) && s.lower <= s.upper)) {
        throw QueryError("slopes: activation layer " + std::to_string(k) +
                         " has an interval that is empty or not finite");
      }
    }
  }
}

/// The interval of row i of a block in slope set s.
SlopeInterval interval_of(const Block& block, Index i, Index s,
                          const std::vector<const SlopeOverride*>& overrides) {
  if (block.activation == nullptr) return {1.0, 1.0};
  if (s == 0) return slope_interval(*block.activation, i);
  return overrides[static_cast<std::size_t>(s - 1)]
      ->layers[static_cast<std::size_t>(block.number)][static_cast<std::size_t>(i)];
}

}  // namespace

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

std::vector<LayerSlopes> make_slopes(const Chain& chain, const std::vector<const SlopeOverride*>& overrides) {
  for (const SlopeOverride* o : overrides) check_override(chain, *o);
  std::vector<LayerSlopes> all;
  const auto sets = static_cast<Index>(overrides.size()) + 1;
  for (std::size_t k = 0; k < chain.layers.size(); ++k) {
    LayerSlopes slopes;
    slopes.neurons = chain.stages[k].outputs;
    slopes.sets = sets;
    slopes.c.resize(static_cast<std::size_t>(slopes.neurons * sets));
    slopes.h.resize(slopes.c.size());
    for (const Block& block : chain.layers[k]) {
      for (Index i = 0; i < block.neurons; ++i) {
        for (Index s = 0; s < sets; ++s)
          set_interval(interval_of(block, i, s, overrides), slopes, block.first + i, s);
      }
    }
    all.push_back(std::move(slopes));
  }
  for (Index s = 0; s < sets; ++s) {
    Mask mask(static_cast<std::size_t>(chain.inputs), 1);
    for (std::size_t k = 0; k < all.size(); ++k) {
      mask = through_stage(chain.stages[k], mask);
      mask_slopes(all[k], s, mask);
      clear_slopes(mask, all[k], s);
    }
    mask.assign(static_cast<std::size_t>(chain.stages.back().outputs), 1);
    for (std::size_t k = all.size(); k-- > 0;) {
      mask = back_through_stage(chain.stages[k + 1], mask);
      mask_slopes(all[k], s, mask);
      clear_slopes(mask, all[k], s);
    }
  }
  return all;
}

bool connected(const Chain& chain, const std::vector<LayerSlopes>& slopes, Index set,
               std::span<const double> row) {
  const Stage& last = chain.stages.back();
  Mask mask = row.empty() ? back_through_stage(last, Mask(static_cast<std::size_t>(last.outputs), 1))
                          : back_through_objective(last, row);
  for (std::size_t k = slopes.size(); k-- > 0;) {
    mask_slopes(slopes[k], set, mask);
    mask = back_through_stage(chain.stages[k], mask);
  }
  return std::any_of(mask.begin(), mask.end(), [](char m) { return m != 0; });
}

}  // namespace geolip::graph
