// Upsample and Resize: elements repeated, or shared out between the places around them.
#include "checker/files/onnx/operators.hpp"
#include "checker/files/onnx/places.hpp"
#include "checker/files/onnx/rows.hpp"

#include <algorithm>
#include <cmath>

namespace geolip::checker::onnx {
namespace {

[[noreturn]] void refuse(const Step& s) {
  throw ReadError("operator " + s.node.op() +
                  " is supported where it repeats elements or interpolates linearly alone");
}

/// The shape of the result. Scales must be whole numbers.
Shape result_of(const Step& s) {
  const Shape& x = s.graph.shape();
  const bool resize = s.node.message().op == "Resize";
  std::vector<double> scales;
  if (!resize && s.node.opset() < 9) {
    if (const Attribute* given = s.node.find("scales", Attribute::Type::reals)) scales = given->reals;
  } else {
    const std::size_t at = !resize || s.node.opset() < 11 ? 1 : 2;
    if (at == 1 || s.node.has_input(2)) {
      const Tensor& given = s.constant(at, "the scales");
      require_real(given, "the scales");
      scales = given.lower;
    }
    if (scales.empty() && at == 2) {
      const std::vector<Index> sizes = integer_list(s.constant(3, "the sizes"), "the sizes");
      if (sizes.size() != x.size()) throw ReadError("operator Resize has not one size a dimension");
      for (const Index size : sizes) {
        if (size < 1) throw ReadError("a size of operator Resize is not positive");
      }
      return sizes;
    }
  }
  if (scales.size() != x.size())
    throw ReadError("operator " + s.node.op() + " has not one scale a dimension");
  Shape result;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!(scales[i] >= 1.0 && scales[i] <= 1e6 && std::floor(scales[i]) == scales[i])) refuse(s);
    result.push_back(x[i] * static_cast<Index>(scales[i]));
  }
  return result;
}

/// The result's element at a place is the one at (place / scale) of the data.
void repeat(const Step& s, Shape result) {
  const Shape x = s.graph.shape();
  bool repeats = true;
  if (s.node.message().op == "Resize" && s.node.opset() >= 11) {
    const std::string where = s.node.text("coordinate_transformation_mode", "half_pixel");
    const std::string rounding = s.node.text("nearest_mode", "round_prefer_floor");
    const bool centred = where == "half_pixel" || where == "pytorch_half_pixel";
    repeats = (where == "asymmetric" && rounding == "floor") ||
              (centred && (rounding == "round_prefer_floor" || rounding == "round_prefer_ceil"));
  }
  for (std::size_t i = 0; i < x.size(); ++i) repeats = repeats && result[i] % x[i] == 0;
  if (!repeats) refuse(s);
  s.budget.take(element_count(result, "its result"));
  std::vector<Index> source;
  for_places(result, [&](std::vector<Index> place) {
    for (std::size_t i = 0; i < x.size(); ++i) place[i] /= result[i] / x[i];
    source.push_back(number_of(x, place));
  });
  s.graph.select(s.node.label(), source, std::move(result));
}

/// One dimension of linear interpolation: place p lies `part` of `whole` steps behind element `element`.
struct Line {
  Index whole;
  std::vector<Index> element;
  std::vector<Index> part;
};

Line line_of(const Step& s, Index from, Index to) {
  const std::string where = s.node.text("coordinate_transformation_mode", "half_pixel");
  const bool centred = where == "half_pixel" || where == "pytorch_half_pixel";
  const bool corners = where == "align_corners";
  if (!centred && !corners && where != "asymmetric") refuse(s);
  Line line{centred ? 2 * to : (corners ? std::max<Index>(to - 1, 1) : to), {}, {}};
  for (Index p = 0; p < to; ++p) {
    Index steps = p * from;  // in units of 1 / whole
    if (centred) steps = (2 * p + 1) * from - to;
    if (corners) steps = p * (from - 1);
    if (to == 1 && where != "half_pixel") steps = 0;
    steps = std::max<Index>(0, std::min(steps, (from - 1) * line.whole));
    line.element.push_back(steps / line.whole);
    line.part.push_back(steps % line.whole);
  }
  return line;
}

void interpolate(const Step& s, Shape result) {
  const Shape x = s.graph.shape();
  Index entries = element_count(result, "its result");
  std::vector<std::size_t> axes;  // that change
  for (std::size_t i = 0; i < x.size(); ++i) {
    s.budget.take(entries);
    if (x[i] == result[i]) continue;
    axes.push_back(i);
    entries *= 2;
  }
  s.budget.take(entries);
  std::vector<Line> lines;
  double whole = 1.0;
  for (const std::size_t axis : axes) {
    lines.push_back(line_of(s, x[axis], result[axis]));
    whole *= static_cast<double>(lines.back().whole);
  }
  constexpr double largest = 0x1p53;
  if (whole > largest) throw ReadError("operator Resize is too large");
  Rows rows(s.graph.size());
  for_places(result, [&](const std::vector<Index>& place) {
    // one bit an axis: the element itself, or the next
    for (std::size_t corner = 0; corner < std::size_t{1} << axes.size(); ++corner) {
      std::vector<Index> at = place;
      double share = 1.0;
      for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto p = static_cast<std::size_t>(place[axes[i]]);
        const bool next = (corner >> i & 1U) != 0;
        at[axes[i]] = lines[i].element[p] + (next ? 1 : 0);
        share *= static_cast<double>(next ? lines[i].part[p] : lines[i].whole - lines[i].part[p]);
      }
      if (share == 0.0) continue;
      const double weight = share / whole;
      if (std::fma(weight, whole, -share) != 0.0)
        throw ReadError("operator Resize has weights that are no binary fractions, which cannot be checked");
      rows.put(number_of(x, at), weight);
    }
    rows.close();
  });
  s.graph.add_sparse(s.node.label(), std::move(rows.sparse), std::move(result));
}

}  // namespace

void upsample(const Step& s) {
  require_data_first(s);
  Shape result = result_of(s);
  const std::string mode = s.node.text("mode", "nearest");
  if (s.node.has("axes") || s.node.integer("antialias", 0) != 0 ||
      s.node.text("keep_aspect_ratio_policy", "stretch") != "stretch") {
    refuse(s);
  }
  if (mode == "nearest") {
    repeat(s, std::move(result));
  } else if (mode == "linear" && s.node.message().op == "Resize" && s.node.opset() >= 11) {
    interpolate(s, std::move(result));
  } else {
    refuse(s);
  }
}

}  // namespace geolip::checker::onnx
