// The index arithmetic of unfolded convolutions, as the GPU's threads do it: entry by entry.
#include <kernels/entries.hpp>
#include <kernels/window.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace geolip::kernels {
namespace {

Axis axis(Index image, Index kernel, Index stride, Index dilation, Index before, Index after) {
  const Index room = image + before + after - (kernel - 1) * dilation - 1;
  return {image, kernel, stride, dilation, before, room / stride + 1};
}

const std::vector<Window> windows{{1, axis(1, 1, 1, 1, 0, 0), axis(7, 3, 2, 1, 1, 0)},
                                  {3, axis(5, 3, 1, 1, 1, 1), axis(4, 2, 2, 1, 0, 1)},
                                  {2, axis(6, 2, 1, 3, 2, 0), axis(6, 3, 3, 2, 1, 2)}};

TEST(Window, APositionIsWhereATapMeetsACoordinate) {
  for (const Window& w : windows) {
    for (const Axis& a : {w.down, w.along}) {
      for (Index tap = 0; tap < a.kernel; ++tap) {
        for (Index x = 0; x < a.image; ++x) {
          Index expected = -1;
          for (Index p = 0; p < a.output; ++p) {
            if (p * a.stride + tap * a.dilation - a.before == x) expected = p;
          }
          EXPECT_EQ(position_of(a, x, tap), expected);
          if (expected >= 0) {
            EXPECT_EQ(met(a, expected, tap), x);
          }
        }
      }
    }
  }
}

TEST(Window, FoldIsTheTransposeOfUnfold) {
  std::mt19937 random(3);
  constexpr Index cols = 3;
  for (const Window& w : windows) {
    const Index taps = w.channels * w.taps();
    const Index positions = w.positions();
    const Index step = 1 + positions / 2;  // in two parts
    std::vector<double> x(static_cast<std::size_t>(w.rows() * cols));
    for (double& v : x) v = static_cast<double>(random() % 9) - 4.0;
    std::vector<double> folded(x.size(), 1e300);  // what was there before must not matter
    double inner = 0.0;
    for (Index first = 0; first < positions; first += step) {
      const Index count = std::min(step, positions - first);
      std::vector<double> u(static_cast<std::size_t>(taps * count * cols));
      const Unfold<double> unfold{w, first, cols, {x.data(), cols}, {u.data(), count * cols}};
      for (Index i = 0; i < taps; ++i) {
        for (Index at = 0; at < count * cols; ++at) unfold(i, at);
      }
      // every entry is a zero or the number that the tap meets
      for (Index i = 0; i < taps; ++i) {
        for (Index p = 0; p < count; ++p) {
          const Index row = source_row(w, i, first + p);
          for (Index j = 0; j < cols; ++j) {
            const double expected = row < 0 ? 0.0 : x[static_cast<std::size_t>(row * cols + j)];
            EXPECT_EQ(u[static_cast<std::size_t>((i * count + p) * cols + j)], expected);
          }
        }
      }
      std::vector<double> y(u.size());
      for (double& v : y) v = static_cast<double>(random() % 9) - 4.0;
      for (std::size_t i = 0; i < u.size(); ++i) inner += u[i] * y[i];
      const Fold<double> fold{
          w, first, count, cols, first > 0, {y.data(), count * cols}, {folded.data(), cols}};
      for (Index i = 0; i < w.rows(); ++i) {
        for (Index j = 0; j < cols; ++j) fold(i, j);
      }
    }
    double adjoint = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) adjoint += x[i] * folded[i];
    EXPECT_EQ(adjoint, inner);  // whole numbers: no rounding
  }
}

TEST(Entries, SumsDoNotReadWhatTheyDoNotNeed) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  double x = nan;
  double y = 3.0;
  Combine<double>{0.0, {&x, 1}, 2.0, {&y, 1}}(0, 0);
  EXPECT_EQ(y, 6.0);
  y = nan;
  x = 5.0;
  Combine<double>{2.0, {&x, 1}, 0.0, {&y, 1}}(0, 0);
  EXPECT_EQ(y, 10.0);
  const std::vector<Index> offset{0, 2, 2};
  const std::vector<Index> column{1, 0};
  const std::vector<double> value{10.0, -1.0};
  const std::vector<double> from{1.0, 2.0};
  std::vector<double> to{nan, nan};
  const MultiplySparse<double> multiply{
      offset.data(), column.data(), value.data(), {from.data(), 1}, {to.data(), 1}};
  multiply(0, 0);
  multiply(1, 0);
  EXPECT_EQ(to, (std::vector<double>{19.0, 0.0}));
}

}  // namespace
}  // namespace geolip::kernels
