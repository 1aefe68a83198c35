/// \file
/// The entries of linear layers, one after the other.
#pragma once

#include <geolip/network.hpp>
#include <network/at.hpp>

#include <algorithm>

namespace geolip::network {

/// The kernel positions a of one axis at which output position `at` sees the image: [first, last).
struct Taps {
  Index first;
  Index last;
};

inline Taps taps_inside(const Conv& conv, std::size_t axis, Index at) {
  const Index start = at * conv.stride[axis] - conv.pads_before[axis];
  const Index step = conv.dilation[axis];
  const Index first = start < 0 ? (-start + step - 1) / step : 0;
  const Index end = conv.image[axis] - start;
  const Index last = end <= 0 ? 0 : std::min(conv.kernel[axis], (end + step - 1) / step);
  return {first, std::max(first, last)};
}

/// visit(i, j, w) for every entry W_ij that a layer states, output by output; those of value 0 included.
template <class Visit>
void for_each_entry(const Conv& conv, const Visit& visit) {
  const Index rows = conv.output(0);
  const Index cols = conv.output(1);
  const Index part = conv.channels / conv.groups;
  const Index filters = conv.filters / conv.groups;
  for (Index f = 0; f < conv.filters; ++f) {
    const Index channel = f / filters * part;
    for (Index p = 0; p < rows; ++p) {
      const Taps down = taps_inside(conv, 0, p);
      for (Index q = 0; q < cols; ++q) {
        const Taps along = taps_inside(conv, 1, q);
        const Index i = (f * rows + p) * cols + q;
        for (Index c = 0; c < part; ++c) {
          for (Index a = down.first; a < down.last; ++a) {
            const Index y = p * conv.stride[0] - conv.pads_before[0] + a * conv.dilation[0];
            const Index line = ((channel + c) * conv.image[0] + y) * conv.image[1];
            const Index weights = ((f * part + c) * conv.kernel[0] + a) * conv.kernel[1];
            for (Index b = along.first; b < along.last; ++b) {
              const Index x = q * conv.stride[1] - conv.pads_before[1] + b * conv.dilation[1];
              visit(i, line + x, at(conv.weight, weights + b));
            }
          }
        }
      }
    }
  }
}

template <class Visit>
void for_each_entry(const ConvTranspose& transpose, const Visit& visit) {
  for_each_entry(transpose.conv, [&](Index i, Index j, double w) { visit(j, i, w); });
}

template <class Visit>
void for_each_entry(const Sparse& sparse, const Visit& visit) {
  for (Index i = 0; i < sparse.outputs(); ++i) {
    const auto end = static_cast<std::size_t>(at(sparse.offset, i + 1));
    for (auto k = static_cast<std::size_t>(at(sparse.offset, i)); k < end; ++k)
      visit(i, sparse.column[k], sparse.value[k]);
  }
}

inline Index outputs_of(const Conv& conv) { return conv.outputs(); }
inline Index outputs_of(const ConvTranspose& transpose) { return transpose.conv.inputs(); }
inline Index outputs_of(const Sparse& sparse) { return sparse.outputs(); }
inline Index inputs_of(const Conv& conv) { return conv.inputs(); }
inline Index inputs_of(const ConvTranspose& transpose) { return transpose.conv.outputs(); }
inline Index inputs_of(const Sparse& sparse) { return sparse.inputs; }

/// The most terms that a sum of a product with the layer's matrix or its transpose has.
Index most_terms(const Conv& conv);
Index most_terms(const ConvTranspose& transpose);
Index most_terms(const Sparse& sparse);

/// The same matrix by its rows, entries of value 0 included.
Sparse to_sparse(const Conv& conv);
Sparse to_sparse(const ConvTranspose& transpose);
inline const Sparse& to_sparse(const Sparse& sparse) { return sparse; }
const Sparse& to_sparse(Sparse&&) = delete;

}  // namespace geolip::network
