#include <network/at.hpp>
#include <problem/slopes.hpp>

#include <problem/reach.hpp>

#include <geolip/error.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace geolip::problem {
namespace {

/// Where the row u'B of the last stage's map B may be nonzero. If the stage's last layer is dense and u is
/// +-1 at one or two outputs, its part of the product is a copy or one subtraction, which is zero exactly
/// where the numbers say so.
Mask back_through_objective(const Stage& stage, const Row& row) {
  const Dense* dense = stage.last_dense();
  if (dense == nullptr || !row.has_units() || row.index.size() > 2) return back_through_row(stage, row);
  const Matrix& w = dense->weight;
  Mask in(static_cast<std::size_t>(w.cols), 0);
  for (Index j = 0; j < w.cols; ++j) {
    double sum = 0.0;
    for (std::size_t i = 0; i < row.index.size(); ++i) sum += row.value[i] * w(row.index[i], j);
    at(in, j) = static_cast<char>(sum != 0.0);
  }
  Stage before = stage;
  before.targets = {before.steps.back().from.front()};
  before.steps.pop_back();
  return back_through_stage(before, in);
}

/// Clears the neurons whose slope is zero throughout.
void mask_slopes(const LayerSlopes& slopes, Index set, Mask& mask) {
  for (Index i = 0; i < slopes.neurons; ++i) {
    if (slopes.centre(i, set) == 0.0 && slopes.half_width(i, set) == 0.0) at(mask, i) = 0;
  }
}

void clear_slopes(const Mask& keep, LayerSlopes& slopes, Index set) {
  for (Index i = 0; i < slopes.neurons; ++i) {
    if (at(keep, i) != 0) continue;
    at(slopes.c, i * slopes.sets + set) = 0.0;
    at(slopes.h, i * slopes.sets + set) = 0.0;
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
  return at(at(at(overrides, s - 1)->layers, block.number), i);
}

bool any(const Mask& mask) {
  return std::any_of(mask.begin(), mask.end(), [](char m) { return m != 0; });
}

using Masks = std::vector<Mask>;
/// A slope set and the neurons of it that are seen.
using Seen = std::pair<Index, Masks>;

/// What a demand sees of the output of the last layer of neurons.
Mask see_last(const Chain& chain, const SlopeDemand& demand) {
  const Stage& last = chain.stages.back();
  return demand.row.empty() ? back_through_stage(last, Mask(static_cast<std::size_t>(last.outputs), 1))
                            : back_through_objective(last, demand.row);
}

/// What a demand sees: of the inputs, and of every layer of neurons.
Masks see(const Chain& chain, const std::vector<LayerSlopes>& slopes, const SlopeDemand& demand) {
  Masks masks(slopes.size() + 1);
  masks.back() = see_last(chain, demand);
  for (std::size_t k = slopes.size(); k-- > 0;) {
    mask_slopes(slopes[k], demand.set, masks[k + 1]);
    masks[k] = back_through_stage(chain.stages[k], masks[k + 1]);
  }
  return masks;
}

/// The neurons whose slope is not zero throughout, layer by layer.
Masks live(const std::vector<LayerSlopes>& slopes, Index set) {
  Masks masks;
  for (const LayerSlopes& layer : slopes) {
    masks.emplace_back(static_cast<std::size_t>(layer.neurons), 1);
    mask_slopes(layer, set, masks.back());
  }
  return masks;
}

/// Whether the demand sees all live neurons of the last layer, and so whatever all outputs together see: the
/// way of most objectives, without a look at the weights of the other layers.
bool sees_what_all_see(const Chain& chain, const std::vector<LayerSlopes>& slopes,
                       const SlopeDemand& demand) {
  if (slopes.empty()) return false;
  Mask seen = see_last(chain, demand);
  mask_slopes(slopes.back(), demand.set, seen);
  Mask all(seen.size(), 1);
  mask_slopes(slopes.back(), demand.set, all);
  return seen == all;
}

/// Appends copies of the sets `bases`, with the neurons outside of `masks` cleared.
void add_sets(std::vector<LayerSlopes>& slopes, const std::vector<Index>& bases,
              const std::vector<const Masks*>& masks) {
  for (std::size_t k = 0; k < slopes.size(); ++k) {
    const LayerSlopes& old = slopes[k];
    LayerSlopes wider;
    wider.neurons = old.neurons;
    wider.sets = old.sets + static_cast<Index>(bases.size());
    for (Index i = 0; i < old.neurons; ++i) {
      for (Index s = 0; s < wider.sets; ++s) {
        const Index from = s < old.sets ? s : at(bases, s - old.sets);
        wider.c.push_back(old.centre(i, from));
        wider.h.push_back(old.half_width(i, from));
      }
    }
    for (std::size_t s = 0; s < bases.size(); ++s)
      clear_slopes((*masks[s])[k], wider, old.sets + static_cast<Index>(s));
    slopes[k] = std::move(wider);
  }
}

}  // namespace

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

Mask seen_inputs(const Chain& chain, const std::vector<LayerSlopes>& slopes, Index set, const Row& row) {
  return see(chain, slopes, {set, row}).front();
}

bool connected(const Chain& chain, const std::vector<LayerSlopes>& slopes, Index set, const Row& row) {
  return any(seen_inputs(chain, slopes, set, row));
}

std::vector<SlopeAnswer> narrow_slopes(const Chain& chain, std::vector<LayerSlopes>& slopes,
                                       const std::vector<SlopeDemand>& demands) {
  std::vector<SlopeAnswer> answers;
  std::map<Seen, Index> made;
  std::map<Index, bool> whole;  // whether all outputs together see the input, by set
  std::vector<Index> bases;     // of the new sets
  std::vector<const Masks*> kept;
  for (const SlopeDemand& demand : demands) {
    if (sees_what_all_see(chain, slopes, demand)) {
      const auto known = whole.find(demand.set);
      const bool joined = known != whole.end() ? known->second : connected(chain, slopes, demand.set, {});
      whole.emplace(demand.set, joined);
      answers.push_back({joined, demand.set});
      continue;
    }
    Masks masks = see(chain, slopes, demand);
    const bool joined = any(masks.front());
    masks.erase(masks.begin());
    if (!joined || live(slopes, demand.set) == masks) {
      answers.push_back({joined, demand.set});
      continue;
    }
    const Index next = slopes.front().sets + static_cast<Index>(bases.size());
    const auto [entry, added] = made.try_emplace({demand.set, std::move(masks)}, next);
    if (added) {
      bases.push_back(demand.set);
      kept.push_back(&entry->first.second);
    }
    answers.push_back({true, entry->second});
  }
  if (!bases.empty()) add_sets(slopes, bases, kept);
  return answers;
}

}  // namespace geolip::problem
