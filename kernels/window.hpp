/// \file
/// Where the kernel of a convolution meets its image: index arithmetic alone.
#pragma once

#include <kernels/pack.hpp>

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
  if (distance < 0) return -1;
  const Place p = place_of(distance, axis.stride);
  return p.col == 0 && p.row < axis.output ? p.row : -1;
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

/// Lines of the image, first and last, that some positions meet; none where the last is before the first.
struct Lines {
  Index first;
  Index last;
};
GEOLIP_HD inline Lines lines_met(const Window& w, Index first, Index count) {
  const Index top = met(w.down, place_of(first, w.along.output).row, 0);
  const Index bottom = met(w.down, place_of(first + count - 1, w.along.output).row, w.down.kernel - 1);
  return {top < 0 ? 0 : top, bottom < w.down.image ? bottom : w.down.image - 1};
}

/// U((channel, tap), (position, j)) = X(row that the tap meets there, j), 0 outside the image; positions from
/// `first` on. Column (position - first) * cols + j. For n columns at a time and all taps of a channel, so
/// that places are found once for them: operator()(channel * count + position - first, j / n).
template <class T, int n>
struct Unfold {
  Window window;
  Index first;
  Index count;
  Index cols;  ///< of X
  Matrix<const T> x;
  Matrix<T> u;
  GEOLIP_HD void operator()(Index at, Index piece) const {
    const Place place = place_of(at, count);
    const Place p = place_of(first + place.col, window.along.output);
    const Index j = piece * n;
    const Index column = place.col * cols + j;
    Index tap = place.row * window.taps();
    for (Index a = 0; a < window.down.kernel; ++a) {
      const Index y = met(window.down, p.row, a);
      const bool inside = y >= 0 && y < window.down.image;
      const Index line = (place.row * window.down.image + y) * window.along.image;
      for (Index b = 0; b < window.along.kernel; ++b, ++tap) {
        const Index z = met(window.along, p.col, b);
        Piece<T, n> entries = {};
        if (inside && z >= 0 && z < window.along.image) entries = load_piece<n>(x.at(line + z, j));
        store_piece(u.at(tap, column), entries);
      }
    }
  }
};

/// The transpose: X(i, j) = (or +=, from the second part on) the sum of U at all places that unfold() gives
/// row i to, tap by tap. For the lines `top`, ... of every channel, `lines` of them, and n columns at a time:
/// operator()((channel * lines + line - top) * width + column of the image, j / n).
template <class T, int n>
struct Fold {
  Window window;
  Index first;
  Index count;  ///< positions first .. first + count - 1 are in U
  Index top;
  Index lines;
  Index cols;  ///< of X
  bool add;
  Matrix<const T> u;
  Matrix<T> x;
  GEOLIP_HD void operator()(Index at, Index piece) const {
    const Place line = place_of(at, window.along.image);
    const Place place = place_of(line.row, lines);
    const Index y = top + place.col;
    const Index j = piece * n;
    T* to = x.at((place.row * window.down.image + y) * window.along.image + line.col, j);
    Piece<T, n> sum = {};
    bool any = false;
    for (Index a = 0; a < window.down.kernel; ++a) {
      const Index p = position_of(window.down, y, a);
      if (p < 0) continue;
      for (Index b = 0; b < window.along.kernel; ++b) {
        const Index q = position_of(window.along, line.col, b);
        const Index position = p * window.along.output + q - first;
        if (q < 0 || position < 0 || position >= count) continue;
        if (add && !any) sum = load_piece<n>(to);
        any = true;
        const Index tap = place.row * window.taps() + a * window.along.kernel + b;
        const Piece<T, n> more = load_piece<n>(u.at(tap, position * cols + j));
        for (int k = 0; k < n; ++k) sum.x[k] += more.x[k];
      }
    }
    if (any || !add) store_piece(to, sum);  // a row that nothing is added to stays as it is
  }
};

}  // namespace geolip::kernels
