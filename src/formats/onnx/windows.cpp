#include <formats/onnx/windows.hpp>

#include <algorithm>

namespace geolip::formats::onnx_graph {
namespace {

// No honest kernel, stride or padding is larger; with this limit no size overflows.
constexpr Index largest = Index{1} << 24;

/// A list of one positive number for each dimension of the image.
Shape positive(const Node& node, const char* attribute, std::size_t count) {
  const Shape list = node.integers(attribute).value_or(Shape(count, 1));
  if (list.size() != count ||
      std::any_of(list.begin(), list.end(), [](Index v) { return v < 1 || v > largest; })) {
    fail("its ", attribute, " ", list, " make no sense");
  }
  return list;
}

/// The numbers of `list` for two dimensions: one dimension is the second.
std::array<Index, 2> plane(const Shape& list, std::size_t first, std::size_t count, Index missing) {
  return count == 1 ? std::array<Index, 2>{missing, list[first]}
                    : std::array<Index, 2>{list[first], list[first + 1]};
}

/// Padding so that the output has one position a stride.
void pad_same(Windows& w, bool upper) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Index outputs = (w.image[axis] + w.stride[axis] - 1) / w.stride[axis];
    const Index span = (w.kernel[axis] - 1) * w.dilation[axis] + 1;
    const Index total = std::max<Index>(0, (outputs - 1) * w.stride[axis] + span - w.image[axis]);
    w.before[axis] = upper ? total / 2 : total - total / 2;
    w.after[axis] = total - w.before[axis];
  }
}

}  // namespace

std::vector<std::array<Index, 2>> Windows::inside(Index p, Index q) const {
  std::vector<std::array<Index, 2>> result;
  for (Index a = 0; a < kernel[0]; ++a) {
    const Index y = p * stride[0] + a * dilation[0] - before[0];
    for (Index b = 0; b < kernel[1]; ++b) {
      const Index x = q * stride[1] + b * dilation[1] - before[1];
      if (y >= 0 && y < image[0] && x >= 0 && x < image[1]) result.push_back({y, x});
    }
  }
  return result;
}

Shape image_of(const Shape& x) { return {x.begin() + 2, x.end()}; }

Shape image_shape(const Shape& x, Index channels, const std::array<Index, 2>& size) {
  if (x.size() == 3) return {1, channels, size[1]};
  return {1, channels, size[0], size[1]};
}

Shape kernel_of(const Node& node) {
  const auto kernel = node.integers("kernel_shape");
  if (!kernel) fail("operator ", node.op(), " has no kernel_shape");
  return *kernel;
}

Windows windows_of(const Node& node, const Shape& shape, const Shape& kernel) {
  const std::size_t count = kernel.size();
  if (count < 1 || count > 2 || shape.size() != count + 2)
    fail("operator ", node.op(), " with a kernel of ", kernel, " on data of ", shape, " is not supported");
  if (std::any_of(kernel.begin(), kernel.end(), [](Index k) { return k < 1 || k > largest; }))
    fail("its kernel of ", kernel, " makes no sense");
  Windows w;
  w.image = plane(shape, 2, count, 1);
  w.kernel = plane(kernel, 0, count, 1);
  w.stride = plane(positive(node, "strides", count), 0, count, 1);
  w.dilation = plane(positive(node, "dilations", count), 0, count, 1);
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  if (auto_pad == "NOTSET" || auto_pad.empty()) {
    const Shape pads = node.integers("pads").value_or(Shape(2 * count, 0));
    if (pads.size() != 2 * count ||
        std::any_of(pads.begin(), pads.end(), [](Index p) { return p < 0 || p > largest; })) {
      fail("its pads ", pads, " make no sense");
    }
    w.before = plane(pads, 0, count, 0);
    w.after = plane(pads, count, count, 0);
  } else if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    if (w.dilation[0] != 1 || w.dilation[1] != 1) {
      // programs do not agree on what that is
      fail("an auto_pad of ", auto_pad, " with dilations is not supported");
    }
    pad_same(w, auto_pad == "SAME_UPPER");
  } else if (auto_pad != "VALID") {
    fail("its auto_pad '", printable(auto_pad), "' is not known");
  }
  const bool ceil = node.integer("ceil_mode", 0) != 0;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Index room =
        w.image[axis] + w.before[axis] + w.after[axis] - (w.kernel[axis] - 1) * w.dilation[axis] - 1;
    if (w.image[axis] > largest || room < 0)
      fail("its kernel of ", kernel, " does not fit an image of ", image_of(shape));
    w.output[axis] = room / w.stride[axis] + 1;
    if (!ceil || room % w.stride[axis] == 0) continue;
    // one window more, unless it begins behind the image
    if (w.output[axis] * w.stride[axis] >= w.image[axis] + w.before[axis]) continue;
    ++w.output[axis];
    w.past_the_end = true;
  }
  return w;
}

}  // namespace geolip::formats::onnx_graph
