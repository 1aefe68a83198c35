// Convolutions, written out as sparse matrices, and pools.
#include "checker/files/onnx/maxima.hpp"
#include "checker/files/onnx/rows.hpp"

#include <algorithm>
#include <array>

namespace geolip::checker::onnx {
namespace {

constexpr Index largest = Index{1} << 24;  // of any size or attribute, so that nothing overflows

/// One dimension of an image, and how a kernel moves along it.
struct Line {
  Index image = 1;
  Index kernel = 1;
  Index stride = 1;
  Index dilation = 1;
  Index front = 0;  ///< zeros
  Index back = 0;
  Index steps = 1;  ///< positions of the kernel

  /// Where tap `tap` of position `step` lies; -1 outside the image.
  Index place(Index step, Index tap) const {
    const Index at = step * stride + tap * dilation - front;
    return at >= 0 && at < image ? at : -1;
  }
};

/// Both dimensions; a graph with one has it as the second.
struct Plane {
  std::array<Line, 2> line;
  bool flat = false;    ///< one dimension
  bool longer = false;  ///< by ceil_mode a window reaches beyond the zeros at the end

  Index steps() const { return line[0].steps * line[1].steps; }
  Shape shape(Index channels) const {
    return flat ? Shape{1, channels, line[1].steps} : Shape{1, channels, line[0].steps, line[1].steps};
  }
};

Shape positive_list(const Step& s, const char* name, std::size_t count, Index least) {
  const Shape list = s.node.integers(name).value_or(Shape(count, least));
  const bool fits = list.size() == count && std::all_of(list.begin(), list.end(), [least](Index v) {
                      return v >= least && v <= largest;
                    });
  if (!fits) throw ReadError("its " + std::string(name) + " of " + shape_text(list) + " make no sense");
  return list;
}

/// How a kernel moves over data of shape `x`.
Plane plane_of(const Step& s, const Shape& x, const Shape& kernel) {
  const std::size_t count = kernel.size();
  if (count < 1 || count > 2 || x.size() != count + 2)
    throw ReadError("operator " + s.node.op() + " on data of " + shape_text(x) + " is not supported");
  const Shape strides = positive_list(s, "strides", count, 1);
  const Shape dilations = positive_list(s, "dilations", count, 1);
  const Shape pads = positive_list(s, "pads", 2 * count, 0);
  const std::string automatic = s.node.text("auto_pad", "NOTSET");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (!same && !automatic.empty() && automatic != "NOTSET" && automatic != "VALID")
    throw ReadError("its auto_pad " + in_quotes(automatic) + " is not known");
  Plane plane;
  plane.flat = count == 1;
  for (std::size_t i = 0; i < count; ++i) {
    Line& line = plane.line[2 - count + i];
    line = {x[i + 2], kernel[i], strides[i], dilations[i], 0, 0, 1};
    if (line.image < 1 || line.image > largest || line.kernel < 1 || line.kernel > largest) {
      throw ReadError("a kernel of " + shape_text(kernel) + " on data of " + shape_text(x) +
                      " makes no sense");
    }
    const Index reach = (line.kernel - 1) * line.dilation + 1;
    if (same) {
      if (line.dilation != 1)
        throw ReadError("an auto_pad of " + automatic + " with dilations is not supported");
      // as many positions as strides fit into the image
      const Index wanted = (line.image - 1) / line.stride + 1;
      const Index zeros = std::max<Index>(0, (wanted - 1) * line.stride + reach - line.image);
      line.front = automatic == "SAME_UPPER" ? zeros / 2 : (zeros + 1) / 2;
      line.back = zeros - line.front;
    } else if (automatic != "VALID") {
      line.front = pads[i];
      line.back = pads[count + i];
    }
    const Index free = line.image + line.front + line.back - reach;
    if (free < 0)
      throw ReadError("a kernel of " + shape_text(kernel) + " does not fit data of " + shape_text(x));
    line.steps = free / line.stride + 1;
    const bool rest = free % line.stride != 0;
    if (s.node.integer("ceil_mode", 0) != 0 && rest && line.steps * line.stride < line.image + line.front) {
      ++line.steps;
      plane.longer = true;
    }
  }
  return plane;
}

/// The weight of a convolution, exact.
const Tensor& weight_of(const Step& s) {
  require_data_first(s);
  const Shape& x = s.graph.shape();
  const Tensor& w = s.constant(1, "weight");
  require_real(w, "weight");
  if (x.size() < 3 || w.shape.size() != x.size())
    throw ReadError("weight is " + shape_text(w.shape) + " but its input is " + shape_text(x));
  if (!w.exact())
    throw ReadError("weight is computed with rounding, so that the file does not state it exactly");
  const Shape kernel(w.shape.begin() + 2, w.shape.end());
  if (s.node.integers("kernel_shape").value_or(kernel) != kernel)
    throw ReadError("its kernel_shape is not that of its weight, " + shape_text(w.shape));
  if (x[0] != 1) fail_rows(s, x[0]);
  if (w.size() < 1) throw ReadError("weight is empty");
  s.budget.take(w.size());
  return w;
}

void check_bias(const Step& s, Index channels) {
  if (!s.node.has_input(2)) return;
  const Tensor& bias = s.constant(2, "the bias");
  require_real(bias, "the bias");
  require_finite(bias.lower, "the bias");
  if (bias.shape != Shape{channels})
    throw ReadError("the bias is " + shape_text(bias.shape) + ", which does not fit");
}

Index group_count(const Step& s, const Tensor& w) {
  const Index groups = s.node.integer("group", 1);
  if (groups < 1 || w.shape[0] % groups != 0) {
    throw ReadError("a weight of " + shape_text(w.shape) + " does not fall into " + std::to_string(groups) +
                    " groups");
  }
  return groups;
}

Members window_members(const Step& s, const Plane& plane) {
  const auto& [down, along] = plane.line;
  const Index channels = s.graph.shape()[1];
  s.budget.take(product(product(channels, plane.steps(), "its result"),
                        product(down.kernel, along.kernel, "its kernel"), "its windows"));
  Members members;
  for (Index c = 0; c < channels; ++c) {
    for (Index p = 0; p < down.steps; ++p) {
      for (Index q = 0; q < along.steps; ++q) {
        std::vector<Index>& own = members.emplace_back();
        for (Index a = 0; a < down.kernel; ++a) {
          for (Index b = 0; b < along.kernel; ++b) {
            const Index y = down.place(p, a);
            const Index x = along.place(q, b);
            if (y >= 0 && x >= 0) own.push_back((c * down.image + y) * along.image + x);
          }
        }
      }
    }
  }
  return members;
}

Plane pool_plane(const Step& s) {
  const auto kernel = s.node.integers("kernel_shape");
  if (!kernel) throw ReadError("operator " + s.node.op() + " has no kernel_shape");
  const Shape& x = s.graph.shape();
  if (!x.empty() && x[0] != 1) fail_rows(s, x[0]);
  return plane_of(s, x, *kernel);
}

/// Sums over the members, divided exactly by whole numbers.
void add_means(const Step& s, const Members& members, const std::vector<Index>& counts, Shape result) {
  Rows rows(s.graph.size());
  Scale scale;
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (const Index j : members[i]) rows.put(j, 1.0);
    rows.close();
    const auto count = static_cast<double>(counts[i]);
    const Enclosure factor = divide(point(1.0), point(count));
    scale.lower.push_back(factor.lower);
    scale.upper.push_back(factor.upper);
    scale.numerator.push_back(1.0);
    scale.denominator.push_back(count);
  }
  s.graph.add_sparse(s.node.label(), std::move(rows.sparse), std::move(result));
  s.graph.add_scale(s.node.label(), std::move(scale));
}

/// A shape without the axes of a reduction, or with those of size 1.
Shape without(const Shape& shrunk, const std::vector<bool>& axes, bool keep) {
  Shape result;
  for (std::size_t i = 0; i < shrunk.size(); ++i) {
    if (keep || !axes[i]) result.push_back(shrunk[i]);
  }
  return result;
}

void means_over(const Step& s, const std::vector<bool>& axes, bool keep) {
  Shape shrunk;
  const Members members = members_over(s, axes, shrunk);
  std::vector<Index> counts;
  for (const auto& own : members) {
    if (own.empty()) throw ReadError("a mean over nothing");
    counts.push_back(static_cast<Index>(own.size()));
  }
  add_means(s, members, counts, without(shrunk, axes, keep));
}

/// The axes of a reduction; nothing if it changes nothing.
std::optional<std::vector<bool>> reduction_axes(const Step& s) {
  const auto given = list_of(s, "axes");
  const bool none = !given || given->empty();
  if (none && s.node.integer("noop_with_empty_axes", 0) != 0) return std::nullopt;
  const std::size_t rank = s.graph.shape().size();
  std::vector<bool> axes(rank, none);
  if (given) {
    for (const Index axis : *given) axes[axis_of(axis, rank)] = true;
  }
  return axes;
}

std::vector<bool> image_axes(const Step& s) {
  const Shape& x = s.graph.shape();
  if (x.size() < 3) throw ReadError("operator " + s.node.op() + " needs an image but has " + shape_text(x));
  std::vector<bool> axes(x.size(), true);
  axes[0] = axes[1] = false;
  return axes;
}

}  // namespace

void conv(const Step& s) {
  const Tensor& w = weight_of(s);
  const Shape x = s.graph.shape();
  const Shape kernel(w.shape.begin() + 2, w.shape.end());
  const Index filters = w.shape[0];
  const Index part = w.shape[1];
  const Index groups = group_count(s, w);
  check_bias(s, filters);
  if (product(part, groups, "its weight") != x[1])
    throw ReadError("weight is " + shape_text(w.shape) + " but its input is " + shape_text(x));
  const Shape image(x.begin() + 2, x.end());
  if (kernel.size() > 2) {  // a product, if the kernel sees all and stays where it is
    const Shape pads = s.node.integers("pads").value_or(Shape());
    const Shape dilations = s.node.integers("dilations").value_or(Shape(kernel.size(), 1));
    const std::string automatic = s.node.text("auto_pad", "NOTSET");
    const auto is = [](Index value) { return [value](Index v) { return v == value; }; };
    if (kernel != image || groups != 1 || (automatic != "NOTSET" && automatic != "VALID") ||
        !std::all_of(pads.begin(), pads.end(), is(0)) ||
        !std::all_of(dilations.begin(), dilations.end(), is(1)))
      throw ReadError("operator Conv on data of " + shape_text(x) + " is not supported");
    Shape result(x.size(), 1);
    result[1] = filters;
    s.graph.add_dense(s.node.label(), filters, s.graph.size(), w.lower, std::move(result));
    return;
  }
  const Plane plane = plane_of(s, x, kernel);
  const auto& [down, along] = plane.line;
  if (kernel == image && plane.steps() == 1 && groups == 1 &&
      down.front + down.back + along.front + along.back == 0 && (down.kernel == 1 || down.dilation == 1) &&
      (along.kernel == 1 || along.dilation == 1)) {
    s.graph.add_dense(s.node.label(), filters, s.graph.size(), w.lower, plane.shape(filters));
    return;
  }
  s.budget.take(2 * product(product(filters, plane.steps(), "its result"),
                            product(part, product(down.kernel, along.kernel, "its kernel"), "its kernel"),
                            "its weight"));
  Rows rows(s.graph.size());
  for (Index f = 0; f < filters; ++f) {
    const Index first = f / (filters / groups) * part;  // channel
    for (Index p = 0; p < down.steps; ++p) {
      for (Index q = 0; q < along.steps; ++q) {
        auto weight = w.lower.begin() + f * part * down.kernel * along.kernel;
        for (Index c = first; c < first + part; ++c) {
          for (Index a = 0; a < down.kernel; ++a) {
            for (Index b = 0; b < along.kernel; ++b, ++weight) {
              const Index y = down.place(p, a);
              const Index z = along.place(q, b);
              if (y >= 0 && z >= 0) rows.put((c * down.image + y) * along.image + z, *weight);
            }
          }
        }
        rows.close();
      }
    }
  }
  s.graph.add_sparse(s.node.label(), std::move(rows.sparse), plane.shape(filters));
}

void conv_transpose(const Step& s) {
  const Tensor& w = weight_of(s);
  const Shape x = s.graph.shape();
  const std::size_t count = x.size() - 2;
  if (count > 2) throw ReadError("operator ConvTranspose on data of " + shape_text(x) + " is not supported");
  const Index groups = group_count(s, w);
  if (w.shape[0] != x[1])
    throw ReadError("weight is " + shape_text(w.shape) + " but its input is " + shape_text(x));
  const std::string automatic = s.node.text("auto_pad", "NOTSET");
  if (s.node.has("output_shape") || (automatic != "NOTSET" && automatic != "VALID"))
    throw ReadError("operator ConvTranspose with output_shape or auto_pad is not supported");
  const Shape strides = positive_list(s, "strides", count, 1);
  const Shape dilations = positive_list(s, "dilations", count, 1);
  const Shape more = positive_list(s, "output_padding", count, 0);
  Shape pads = positive_list(s, "pads", 2 * count, 0);
  if (automatic == "VALID") pads.assign(2 * count, 0);
  Plane plane;
  plane.flat = count == 1;
  Index made = 1;
  for (std::size_t i = 0; i < count; ++i) {
    // the image is what is made; the data are the positions
    Line& line = plane.line[2 - count + i];
    line = {0, w.shape[i + 2], strides[i], dilations[i], pads[i], pads[count + i], x[i + 2]};
    if (line.steps < 1 || line.steps > largest || line.kernel < 1 || line.kernel > largest)
      throw ReadError("its sizes make no sense");
    line.image = line.stride * (line.steps - 1) + more[i] + (line.kernel - 1) * line.dilation + 1 -
                 line.front - line.back;
    if (line.image < 1) throw ReadError("its result has no elements");
    if (more[i] >= line.stride) throw ReadError("its output_padding does not go with its strides");
    made = product(made, line.image, "its result");
  }
  const auto& [down, along] = plane.line;
  const Index part = w.shape[1];  // channels made by a group
  const Index channels = product(part, groups, "its weight");
  check_bias(s, channels);
  const Index taps = product(down.kernel, along.kernel, "its kernel");
  s.budget.take(product(channels, made, "its result"));
  s.budget.take(2 * product(product(w.shape[0], plane.steps(), "its input"),
                            product(part, taps, "its kernel"), "its weight"));
  // step and tap that lie at a place
  const auto meets = [](const Line& line, Index place, Index tap) {
    const Index from_front = place + line.front - tap * line.dilation;
    if (from_front < 0 || from_front % line.stride != 0) return Index{-1};
    return from_front / line.stride < line.steps ? from_front / line.stride : Index{-1};
  };
  const Index sources = w.shape[0] / groups;
  Rows rows(s.graph.size());
  for (Index c = 0; c < channels; ++c) {
    for (Index y = 0; y < down.image; ++y) {
      for (Index z = 0; z < along.image; ++z) {
        for (Index f = c / part * sources; f < (c / part + 1) * sources; ++f) {
          for (Index a = 0; a < down.kernel; ++a) {
            const Index p = meets(down, y, a);
            for (Index b = 0; b < along.kernel && p >= 0; ++b) {
              const Index q = meets(along, z, b);
              if (q < 0) continue;
              const Index weight = (f * part + c % part) * taps + a * along.kernel + b;
              rows.put((f * down.steps + p) * along.steps + q, w.lower[static_cast<std::size_t>(weight)]);
            }
          }
        }
        rows.close();
      }
    }
  }
  const Shape result =
      plane.flat ? Shape{1, channels, along.image} : Shape{1, channels, down.image, along.image};
  s.graph.add_sparse(s.node.label(), std::move(rows.sparse), result);
}

void average_pool(const Step& s) {
  const Plane plane = pool_plane(s);
  const bool zeros_count = s.node.integer("count_include_pad", 0) != 0;
  if (zeros_count && plane.longer)
    throw ReadError("operator AveragePool with count_include_pad and ceil_mode is not supported");
  const Members members = window_members(s, plane);
  std::vector<Index> counts;
  for (const auto& own : members) {
    counts.push_back(zeros_count ? plane.line[0].kernel * plane.line[1].kernel
                                 : static_cast<Index>(own.size()));
    if (counts.back() < 1) throw ReadError("a window holds nothing but padding");
  }
  add_means(s, members, counts, plane.shape(s.graph.shape()[1]));
}

void global_average_pool(const Step& s) { means_over(s, image_axes(s), true); }

void reduce_mean(const Step& s) {
  if (const auto axes = reduction_axes(s)) means_over(s, *axes, s.node.integer("keepdims", 1) != 0);
}

void reduce_sum(const Step& s) {
  const auto axes = reduction_axes(s);
  if (!axes) return;
  Shape shrunk;
  const Members members = members_over(s, *axes, shrunk);
  Rows rows(s.graph.size());
  for (const auto& own : members) {
    for (const Index j : own) rows.put(j, 1.0);
    rows.close();
  }
  const bool keep = s.node.integer("keepdims", 1) != 0;
  s.graph.add_sparse(s.node.label(), std::move(rows.sparse), without(shrunk, *axes, keep));
}

void reduce_extreme(const Step& s) {
  const auto axes = reduction_axes(s);
  if (!axes) return;
  Shape shrunk;
  Members members = members_over(s, *axes, shrunk);
  const bool keep = s.node.integer("keepdims", 1) != 0;
  extremes(s, std::move(members), s.node.message().op == "ReduceMax", without(shrunk, *axes, keep));
}

void max_pool(const Step& s) {
  const Plane plane = pool_plane(s);
  Members members = window_members(s, plane);
  for (const auto& own : members) {
    if (own.empty()) throw ReadError("a window holds nothing but padding");
  }
  extremes(s, std::move(members), true, plane.shape(s.graph.shape()[1]));
}

void global_max_pool(const Step& s) {
  Shape shrunk;
  Members members = members_over(s, image_axes(s), shrunk);
  extremes(s, std::move(members), true, shrunk);
}

}  // namespace geolip::checker::onnx
