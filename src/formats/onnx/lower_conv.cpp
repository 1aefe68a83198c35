#include <formats/onnx/operators.hpp>
#include <formats/onnx/windows.hpp>

#include <algorithm>

namespace geolip::formats::onnx_graph {
namespace {

/// The weight of a convolution; the data must be input 0.
const Tensor& weight_of(Lowering& state, const Node& node) {
  const Tensor& w = state.real_constant(node, 1, "the weight");
  if (!state.is_data(node, 0))
    fail("the weight of operator ", node.op(), " is computed from the input, which is not supported");
  const Shape& x = state.shape();
  if (x.size() < 3 || w.shape.size() != x.size()) fail("weight is ", w.shape, " but its input is ", x);
  const Shape kernel = image_of(w.shape);
  if (const auto stated = node.integers("kernel_shape"); stated && *stated != kernel)
    fail("its kernel_shape is ", *stated, " but its weight is ", w.shape);
  if (x[0] != 1) fail_rows(node, x, x[0]);
  return w;
}

Index groups_of(const Node& node, const Tensor& w) {
  const Index groups = node.integer("group", 1);
  if (groups < 1 || w.shape[0] < 1 || w.shape[1] < 1 || w.shape[0] % groups != 0)
    fail("a weight of ", w.shape, " does not fall into ", groups, " groups");
  return groups;
}

void require_channels(const Tensor& w, const Shape& x, Index channels) {
  if (x[1] == channels) return;
  fail("weight is ", w.shape, " but its input has ", x[1], " channels");
}

std::vector<double> bias_of(Lowering& state, const Node& node, const Tensor& w, Index outputs) {
  if (!node.has_input(2)) return {};
  const Tensor& b = state.real_constant(node, 2, "the bias");
  if (b.shape != Shape{outputs}) fail("bias is ", b.shape, " but its weight is ", w.shape);
  return b.reals;
}

/// Whether the kernel has one position only and sees all of its input: the convolution is a matrix product.
bool sees_all(const Node& node, const Shape& x, const Tensor& w) {
  const Shape kernel = image_of(w.shape);
  const auto pads = node.integers("pads").value_or(Shape());
  const auto dilations = node.integers("dilations").value_or(Shape(kernel.size(), 1));
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  bool dilated = dilations.size() != kernel.size();
  for (std::size_t i = 0; i < kernel.size() && !dilated; ++i) dilated = kernel[i] > 1 && dilations[i] != 1;
  return kernel == image_of(x) && (auto_pad == "NOTSET" || auto_pad == "VALID") && !dilated &&
         node.integer("group", 1) == 1 &&
         std::all_of(pads.begin(), pads.end(), [](Index p) { return p == 0; });
}

/// Takes the kernel's way; the budget pays for the products.
Conv convolution(Lowering& state, const Windows& windows, const Tensor& w) {
  state.budget().take(w.size());
  Conv conv;
  conv.kernel = windows.kernel;
  conv.stride = windows.stride;
  conv.dilation = windows.dilation;
  conv.pads_before = windows.before;
  conv.pads_after = windows.after;
  conv.weight = w.reals;
  return conv;
}

}  // namespace

void lower_conv(Lowering& state, const Node& node) {
  const Tensor& w = weight_of(state, node);
  const Shape x = state.shape();
  const Index filters = w.shape[0];
  const Index groups = groups_of(node, w);
  std::vector<double> bias = bias_of(state, node, w, filters);
  if (sees_all(node, x, w)) {
    require_channels(w, x, w.shape[1]);
    state.budget().take(w.size());
    Matrix weight;
    weight.rows = filters;
    weight.cols = state.size();
    weight.data = w.reals;
    Shape result(x.size(), 1);
    result[1] = filters;
    state.add_dense(node, std::move(weight), std::move(bias), std::move(result));
    return;
  }
  const Windows windows = windows_of(node, x, image_of(w.shape));
  require_channels(w, x, w.shape[1] * groups);
  Conv conv = convolution(state, windows, w);
  conv.channels = x[1];
  conv.image = windows.image;
  conv.filters = filters;
  conv.groups = groups;
  conv.bias = std::move(bias);
  const Shape result = image_shape(x, filters, windows.output);
  state.budget().take(element_count(result, "its result"));
  state.add_layer(node, std::move(conv), result);
}

void lower_conv_transpose(Lowering& state, const Node& node) {
  const Tensor& w = weight_of(state, node);
  const Shape x = state.shape();
  const Index groups = groups_of(node, w);
  require_channels(w, x, w.shape[0]);
  const std::size_t count = x.size() - 2;
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  if (node.has("output_shape") || (auto_pad != "NOTSET" && auto_pad != "VALID"))
    fail("operator ConvTranspose with output_shape or auto_pad is not supported; state its pads");
  const Shape extra = node.integers("output_padding").value_or(Shape(count, 0));
  if (extra.size() != count || std::any_of(extra.begin(), extra.end(), [](Index e) { return e < 0; }))
    fail("its output_padding ", extra, " makes no sense");
  // The image that the transposed convolution makes is what a convolution with the same attributes would
  // read: the sizes are found from a stand-in of that size.
  const Shape strides = node.integers("strides").value_or(Shape(count, 1));
  const Shape dilations = node.integers("dilations").value_or(Shape(count, 1));
  const Shape pads =
      auto_pad == "VALID" ? Shape(2 * count, 0) : node.integers("pads").value_or(Shape(2 * count, 0));
  if (strides.size() != count || dilations.size() != count || pads.size() != 2 * count)
    fail("its strides, dilations or pads do not fit its kernel");
  constexpr Index largest = Index{1} << 24;
  const Index outputs = w.shape[1] * groups;
  Shape image{1, outputs};
  for (std::size_t i = 0; i < count; ++i) {
    for (const Index v : {strides[i], dilations[i], pads[i], pads[count + i], extra[i], x[i + 2]}) {
      if (v > largest || v < 0) fail("a size of ", v, " makes no sense");
    }
    const Index size = strides[i] * (x[i + 2] - 1) + extra[i] + (w.shape[i + 2] - 1) * dilations[i] + 1 -
                       pads[i] - pads[count + i];
    if (size < 1) fail("its result has no elements");
    image.push_back(size);
  }
  const Windows windows = windows_of(node, image, image_of(w.shape));
  for (std::size_t i = 0; i < count; ++i) {
    if (windows.output[2 - count + i] != x[i + 2])
      fail("its output_padding ", extra, " does not go with its strides");
  }
  ConvTranspose transpose;
  transpose.bias = bias_of(state, node, w, outputs);
  transpose.conv = convolution(state, windows, w);
  transpose.conv.channels = outputs;
  transpose.conv.image = windows.image;
  transpose.conv.filters = x[1];
  transpose.conv.groups = groups;
  state.budget().take(element_count(image, "its result"));
  state.add_layer(node, std::move(transpose), image);
}

}  // namespace geolip::formats::onnx_graph
