/// \file
/// Where the kernel of a convolution meets its image: index arithmetic alone.
#pragma once

#include <kernels/layout.hpp>

namespace geolip::kernels {

/// One axis of a convolution.
struct Axis {
  Index image;   ///< size of the image
  Index kernel;  ///< size of the kernel
  Index stride;
  Index dilation;
  Index before;  ///< zeros in front of the image
  Index output;  ///< number of positions of the kernel
};

/// The coordinate of the image that tap a meets at position p; outside [0, image) it meets a zero.
GEOLIP_HD inline Index met(const Axis& axis, Index p, Index a) {
  return p * axis.stride + a * axis.dilation - axis.before;
}

/// The position at which tap a meets coordinate x of the image; -1 if there is none.
GEOLIP_HD inline Index position_of(const Axis& axis, Index x, Index a) {
  const Index distance = x + axis.before - a * axis.dilation;
  if (distance < 0 || distance % axis.stride != 0) return -1;
  const Index p = distance / axis.stride;
  return p < axis.output ? p : -1;
}

/// The kernel's positions over one group's channels of an image. An image is channels x height x width rows
/// of a matrix; positions are counted row by row.
struct Window {
  Index channels;
  Axis down;
  Axis along;

  GEOLIP_HD Index taps() const { return down.kernel * along.kernel; }
  GEOLIP_HD Index positions() const { return down.output * along.output; }
  GEOLIP_HD Index rows() const { return channels * down.image * along.image; }
};

/// The row of the image that row (channel, tap) of the unfolded matrix has at a position; -1 for a zero.
GEOLIP_HD inline Index source_row(const Window& w, Index row, Index position) {
  const Place tap = place_of(row, w.taps());
  const Place a = place_of(tap.col, w.along.kernel);
  const Place p = place_of(position, w.along.output);
  const Index y = met(w.down, p.row, a.row);
  const Index x = met(w.along, p.col, a.col);
  if (y < 0 || y >= w.down.image || x < 0 || x >= w.along.image) return -1;
  return (tap.row * w.down.image + y) * w.along.image + x;
}

/// U((channel, tap), (position, j)) = X(row that the tap meets there, j), 0 outside the image; positions from
/// `first` on. Column (position - first) * cols + j.
template <class T>
struct Unfold {
  Window window;
  Index first;
  Index cols;  ///< of X
  Matrix<const T> x;
  Matrix<T> u;
  GEOLIP_HD void operator()(Index i, Index at) const {
    const Place place = place_of(at, cols);
    const Index row = source_row(window, i, first + place.row);
    *u.at(i, at) = row < 0 ? T(0) : *x.at(row, place.col);
  }
};

/// The transpose: X(i, j) = (or +=, from the second part on) the sum of U at all places that unfold() gives
/// row i to, tap by tap.
template <class T>
struct Fold {
  Window window;
  Index first;
  Index count;  ///< positions first .. first + count - 1 are in U
  Index cols;   ///< of X
  bool add;
  Matrix<const T> u;
  Matrix<T> x;
  GEOLIP_HD void operator()(Index i, Index j) const {
    const Place line = place_of(i, window.along.image);
    const Place image = place_of(line.row, window.down.image);
    T sum = add ? *x.at(i, j) : T(0);
    for (Index a = 0; a < window.down.kernel; ++a) {
      const Index p = position_of(window.down, image.col, a);
      if (p < 0) continue;
      for (Index b = 0; b < window.along.kernel; ++b) {
        const Index q = position_of(window.along, line.col, b);
        if (q < 0) continue;
        const Index at = p * window.along.output + q - first;
        if (at < 0 || at >= count) continue;
        sum += *u.at(image.row * window.taps() + a * window.along.kernel + b, at * cols + j);
      }
    }
    *x.at(i, j) = sum;
  }
};

}  // namespace geolip::kernels
