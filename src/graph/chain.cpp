#include <graph/chain.hpp>

#include <geolip/error.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::graph {
namespace {

using Mask = std::vector<char>;

/// Which coordinates of the layer's output a nonzero coordinate of its input can reach.
struct ReachForward {
  const Mask& in;

  Mask operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    Mask out(static_cast<std::size_t>(w.rows), 0);
    for (Index i = 0; i < w.rows; ++i) {
      for (Index j = 0; j < w.cols && out[static_cast<std::size_t>(i)] == 0; ++j) {
        out[static_cast<std::size_t>(i)] =
            static_cast<char>(in[static_cast<std::size_t>(j)] != 0 && w(i, j) != 0.0);
      }
    }
    return out;
  }
  Mask operator()(const Affine& affine) const {
    Mask out(in);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<char>(out[i] != 0 && affine.scale[i] != 0.0);
    return out;
  }
  Mask operator()(const Permutation& permutation) const {
    Mask out(in.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = in[static_cast<std::size_t>(permutation.source[i])];
    return out;
  }
  Mask operator()(const Activation&) const { return in; }
};

/// The same against the arrows.
struct ReachBackward {
  const Mask& out;

  Mask operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    Mask in(static_cast<std::size_t>(w.cols), 0);
    for (Index i = 0; i < w.rows; ++i) {
      if (out[static_cast<std::size_t>(i)] == 0) continue;
      for (Index j = 0; j < w.cols; ++j) {
        if (w(i, j) != 0.0) in[static_cast<std::size_t>(j)] = 1;
      }
    }
    return in;
  }
  Mask operator()(const Affine& affine) const { return ReachForward{out}(affine); }
  Mask operator()(const Permutation& permutation) const {
    Mask in(out.size());
    for (std::size_t i = 0; i < out.size(); ++i) in[static_cast<std::size_t>(permutation.source[i])] = out[i];
    return in;
  }
  Mask operator()(const Activation&) const { return out; }
};

Mask through_stage(const Stage& stage, Mask mask) {
  for (const Layer* layer : stage.layers) mask = std::visit(ReachForward{mask}, layer->op);
  return mask;
}

Mask back_through_stage(const Stage& stage, Mask mask) {
  for (auto layer = stage.layers.rbegin(); layer != stage.layers.rend(); ++layer) {
    mask = std::visit(ReachBackward{mask}, (*layer)->op);
  }
  return mask;
}

/// Where the row u'B of the last stage's map B may be nonzero. If the stage's last layer is dense and u is
/// +-1 at one or two outputs, its part of the product is a copy or one subtraction, which is zero exactly
/// where the numbers say so.
Mask back_through_objective(const Stage& stage, std::span<const double> row) {
  Mask mask(row.size());
  std::transform(row.begin(), row.end(), mask.begin(), [](double u) { return static_cast<char>(u != 0.0); });
  const auto entries = std::count(mask.begin(), mask.end(), static_cast<char>(1));
  const bool units =
      std::all_of(row.begin(), row.end(), [](double u) { return u == 0.0 || std::abs(u) == 1.0; });
  const Dense* dense = stage.layers.empty() ? nullptr : std::get_if<Dense>(&stage.layers.back()->op);
  if (dense == nullptr || !units || entries > 2) return back_through_stage(stage, std::move(mask));
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
  before.layers.pop_back();
  return back_through_stage(before, std::move(in));
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
  if (o.layers.size() != chain.activations.size()) {
    throw QueryError("slopes: " + std::to_string(o.layers.size()) + " layers are given but the network has " +
                     std::to_string(chain.activations.size()) + " activation layers");
  }
  for (std::size_t k = 0; k < o.layers.size(); ++k) {
    const auto n = static_cast<std::size_t>(chain.stages[k].outputs);
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

}  // namespace

Chain make_chain(const Network& network) {
  Chain chain;
  chain.inputs = network.inputs();
  Stage stage;
  stage.inputs = stage.outputs = network.inputs();
  for (const Layer& layer : network.layers()) {
    if (const auto* activation = std::get_if<Activation>(&layer.op)) {
      chain.stages.push_back(stage);
      chain.activations.push_back(activation);
      stage = Stage{{}, stage.outputs, stage.outputs};
      continue;
    }
    stage.layers.push_back(&layer);
    if (const auto* dense = std::get_if<Dense>(&layer.op)) stage.outputs = dense->weight.rows;
  }
  chain.stages.push_back(stage);
  return chain;
}

std::vector<LayerSlopes> make_slopes(const Chain& chain, const std::vector<const SlopeOverride*>& overrides) {
  for (const SlopeOverride* o : overrides) check_override(chain, *o);
  std::vector<LayerSlopes> all;
  const auto sets = static_cast<Index>(overrides.size()) + 1;
  for (std::size_t k = 0; k < chain.activations.size(); ++k) {
    LayerSlopes slopes;
    slopes.neurons = chain.stages[k].outputs;
    slopes.sets = sets;
    slopes.c.resize(static_cast<std::size_t>(slopes.neurons * sets));
    slopes.h.resize(slopes.c.size());
    for (Index i = 0; i < slopes.neurons; ++i) {
      set_interval(slope_interval(*chain.activations[k], i), slopes, i, 0);
      for (Index s = 1; s < sets; ++s) {
        set_interval(overrides[static_cast<std::size_t>(s - 1)]->layers[k][static_cast<std::size_t>(i)],
                     slopes, i, s);
      }
    }
    all.push_back(std::move(slopes));
  }
  for (Index s = 0; s < sets; ++s) {
    Mask mask(static_cast<std::size_t>(chain.inputs), 1);
    for (std::size_t k = 0; k < all.size(); ++k) {
      mask = through_stage(chain.stages[k], std::move(mask));
      mask_slopes(all[k], s, mask);
      clear_slopes(mask, all[k], s);
    }
    mask.assign(static_cast<std::size_t>(chain.stages.back().outputs), 1);
    for (std::size_t k = all.size(); k-- > 0;) {
      mask = back_through_stage(chain.stages[k + 1], std::move(mask));
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
    mask = back_through_stage(chain.stages[k], std::move(mask));
  }
  return std::any_of(mask.begin(), mask.end(), [](char m) { return m != 0; });
}

}  // namespace geolip::graph
