// Upsample and Resize: elements that are repeated, or interpolated between their neighbours.
#include <formats/onnx/exact.hpp>
#include <formats/onnx/operators.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::formats::onnx_graph {
namespace {

/// What a Resize makes of the sizes of its input.
struct Resizing {
  Shape result;
  bool whole = true;  ///< every size is a whole multiple of the one before
};

/// The scales; empty where sizes are given in their place.
std::vector<double> scales_of(const Lowering& state, const Node& node) {
  if (node.op() == "Upsample" && node.opset() < 9) {
    const onnx::AttributeProto* scales = node.find("scales");
    if (scales == nullptr) fail("an Upsample has no scales");
    return {scales->floats().begin(), scales->floats().end()};
  }
  const std::size_t at = node.op() == "Upsample" || node.opset() < 11 ? 1 : 2;
  std::vector<double> scales;
  if (node.has_input(at)) scales = state.real_constant(node, at, "the list of scales").reals;
  if (scales.empty() && (at != 2 || !node.has_input(3))) fail("operator ", node.op(), " has no scales");
  return scales;
}

[[noreturn]] void refuse(const Node& node) {
  fail("operator ", node.op(),
       " is supported where it repeats elements (mode nearest with whole scales) or interpolates "
       "linearly between them (version 11 or newer, with whole scales or with sizes)");
}

Resizing resizing_of(const Lowering& state, const Node& node) {
  const Shape& x = state.shape();
  const std::vector<double> scales = scales_of(state, node);
  Resizing resizing;
  if (scales.empty()) {
    resizing.result = integer_list(state.constant(node, 3, "the sizes"), "the sizes");
    if (resizing.result.size() != x.size()) fail("operator Resize has not one size a dimension");
  } else if (scales.size() != x.size()) {
    fail("operator ", node.op(), " has not one scale a dimension");
  }
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const double s = scales[i];
    if (!(s >= 1.0 && s <= 1e6 && s == std::floor(s))) refuse(node);
    resizing.result.push_back(x[i] * static_cast<Index>(s));
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (resizing.result[i] < 1) fail("a size of operator Resize is not positive");
    resizing.whole = resizing.whole && resizing.result[i] % x[i] == 0;
  }
  return resizing;
}

/// Whether the nearest element of position p among s times as many is p / s: what other choices mean differs
/// from position to position.
bool repeats(const Node& node) {
  if (node.op() == "Upsample" || node.opset() < 11) return true;
  const std::string mode = node.text("coordinate_transformation_mode", "half_pixel");
  const std::string nearest = node.text("nearest_mode", "round_prefer_floor");
  if (mode == "asymmetric") return nearest == "floor";
  const bool half = mode == "half_pixel" || mode == "pytorch_half_pixel";
  return half && (nearest == "round_prefer_floor" || nearest == "round_prefer_ceil");
}

/// Elements that a position lies on or between, with their weights.
struct Neighbour {
  Index element;
  double weight;
};
using Neighbours = std::vector<Neighbour>;

/// The neighbours of every position of one dimension, which `size` elements are stretched to.
std::vector<Neighbours> neighbours_of(Lowering& state, const Node& node, Index elements, Index size) {
  const std::string mode = node.text("coordinate_transformation_mode", "half_pixel");
  std::vector<Neighbours> all;
  for (Index p = 0; p < size; ++p) {
    // the position among the elements, as a fraction
    Index over = 0;
    Index under = 1;
    if (mode == "half_pixel" || (mode == "pytorch_half_pixel" && size > 1)) {
      over = (2 * p + 1) * elements - size;
      under = 2 * size;
    } else if (mode == "align_corners") {
      over = size > 1 ? p * (elements - 1) : 0;
      under = std::max<Index>(1, size - 1);
    } else if (mode == "asymmetric") {
      over = p * elements;
      under = size;
    } else if (mode != "pytorch_half_pixel") {
      refuse(node);
    }
    over = std::clamp<Index>(over, 0, (elements - 1) * under);
    const Index first = over / under;
    const Index rest = over % under;
    Neighbours& neighbours = all.emplace_back();
    const auto add = [&](Index element, Index part) {
      const double weight = static_cast<double>(part) / static_cast<double>(under);
      if (!is_exact_product(weight, static_cast<double>(under), static_cast<double>(part)))
        state.note_rounding();
      neighbours.push_back({element, weight});
    };
    add(first, under - rest);
    if (rest > 0) add(first + 1, rest);
  }
  return all;
}

/// Every element of the result is the product over the dimensions of sums of two neighbours.
void interpolate(Lowering& state, const Node& node, const Shape& result) {
  const Shape x = state.shape();
  const Shape steps = strides_of(x);
  const Index count = element_count(result, "its result");
  Index entries = count;
  for (std::size_t i = 0; i < x.size(); ++i) {
    state.budget().take(entries);
    if (x[i] != result[i]) entries *= 2;
  }
  state.budget().take(entries);
  std::vector<std::vector<Neighbours>> along;
  for (std::size_t i = 0; i < x.size(); ++i) along.push_back(neighbours_of(state, node, x[i], result[i]));
  Sparse sparse;
  sparse.inputs = state.size();
  std::vector<Index> at(x.size(), 0);
  for (Index n = count; n > 0; --n) {
    Neighbours row{{0, 1.0}};
    for (std::size_t i = 0; i < x.size(); ++i) {
      Neighbours finer;
      for (const Neighbour& far : row) {
        for (const Neighbour& near : along[i][static_cast<std::size_t>(at[i])]) {
          const double weight = far.weight * near.weight;
          if (!is_exact_product(far.weight, near.weight, weight)) state.note_rounding();
          finer.push_back({far.element + near.element * steps[i], weight});
        }
      }
      row = std::move(finer);
    }
    for (const Neighbour& entry : row) sparse.add(entry.element, entry.weight);
    sparse.end_row();
    next_place(result, at);
  }
  state.add_layer(node, std::move(sparse), result);
}

}  // namespace

void lower_upsample(Lowering& state, const Node& node) {
  const std::string mode = node.text("mode", "nearest");
  Resizing resizing = resizing_of(state, node);
  const bool plain = !node.has("axes") && node.integer("antialias", 0) == 0 &&
                     node.text("keep_aspect_ratio_policy", "stretch") == "stretch";
  if (!plain) refuse(node);
  if (mode == "linear" && node.op() == "Resize" && node.opset() >= 11) {
    interpolate(state, node, resizing.result);
    return;
  }
  if (mode != "nearest" || !resizing.whole || !repeats(node)) refuse(node);
  const Shape x = state.shape();
  const Index count = element_count(resizing.result, "its result");
  state.budget().take(count);
  std::vector<std::vector<Index>> places(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (Index p = 0; p < resizing.result[i]; ++p) places[i].push_back(p / (resizing.result[i] / x[i]));
  }
  state.select(node, indices_at(x, places), std::move(resizing.result));
}

}  // namespace geolip::formats::onnx_graph
