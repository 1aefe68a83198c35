/// \file
/// Where the kernels of convolutions and pools lie on their images.
#pragma once

#include <formats/onnx/node.hpp>
#include <formats/onnx/tensor.hpp>

#include <array>

namespace geolip::formats::onnx_graph {

/// The kernel's way over an image, in two dimensions: where the graph has one, the first has size 1.
struct Windows {
  std::array<Index, 2> image{1, 1};
  std::array<Index, 2> kernel{1, 1};
  std::array<Index, 2> stride{1, 1};
  std::array<Index, 2> dilation{1, 1};
  std::array<Index, 2> before{0, 0};
  std::array<Index, 2> after{0, 0};
  std::array<Index, 2> output{1, 1};
  bool past_the_end = false;  ///< by ceil_mode a window reaches beyond the padding

  /// The coordinates of the image that the window at (p, q) holds, row by row; zeros around it are left out.
  std::vector<std::array<Index, 2>> inside(Index p, Index q) const;
};

/// The attributes auto_pad, dilations, pads, strides and ceil_mode of a node whose kernel has these sizes, on
/// an image of the sizes of `shape` from dimension 2 on. Throws NetworkError if they make no sense.
Windows windows_of(const Node& node, const Shape& shape, const Shape& kernel);

/// The attribute kernel_shape, which must be there.
Shape kernel_of(const Node& node);

/// x without the first two dimensions.
Shape image_of(const Shape& x);

/// The shape of images of `channels` with the sizes of the windows' output, of the same rank as `x`.
Shape image_shape(const Shape& x, Index channels, const std::array<Index, 2>& size);

}  // namespace geolip::formats::onnx_graph
