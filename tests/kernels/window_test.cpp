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

/// A matrix of `cols` columns on 16-byte borders.
struct Numbers {
  Numbers(Index rows, Index columns, double value)
      : memory(static_cast<std::size_t>(rows * columns / 2), Piece<double, 2>{{value, value}}),
        cols(columns) {}
  Matrix<double> view() { return {memory.data()->x, cols}; }
  Matrix<const double> input() { return {memory.data()->x, cols}; }
  std::size_t size() const { return 2 * memory.size(); }
  double& operator[](std::size_t i) { return memory[i / 2].x[i % 2]; }

  std::vector<Piece<double, 2>> memory;
  Index cols;
};

/// Unfolds and folds images in two parts, n columns at a time, as a launch does it.
template <int n>
void fold_what_is_unfolded() {
  std::mt19937 random(3);
  const auto draw = [&] { return static_cast<double>(random() % 9) - 4.0; };
  constexpr Index cols = 4;
  for (const Window& w : windows) {
    const Index taps = w.channels * w.taps();
    const Index positions = w.positions();
    const Index step = 1 + positions / 2;
    Numbers x(w.rows(), cols, 0.0);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = draw();
    Numbers folded(w.rows(), cols, 1e300);  // what was there before must not matter
    double inner = 0.0;
    for (Index first = 0; first < positions; first += step) {
      const Index count = std::min(step, positions - first);
      Numbers u(taps, count * cols, 1e300);
      const Unfold<double, n> unfold{w, first, count, cols, x.input(), u.view()};
      for (Index at = 0; at < w.channels * count; ++at) {
        for (Index piece = 0; piece < cols / n; ++piece) unfold(at, piece);
      }
      // every entry is a zero or the number that the tap meets
      for (Index i = 0; i < taps; ++i) {
        for (Index p = 0; p < count; ++p) {
          const Index row = source_row(w, i, first + p);
          for (Index j = 0; j < cols; ++j) {
            const double expected = row < 0 ? 0.0 : *x.input().at(row, j);
            EXPECT_EQ(*u.input().at(i, p * cols + j), expected);
          }
        }
      }
      Numbers y(taps, count * cols, 0.0);
      for (std::size_t i = 0; i < u.size(); ++i) {
        y[i] = draw();
        inner += u[i] * y[i];
      }
      const bool add = first > 0;
      const Lines lines = add ? lines_met(w, first, count) : Lines{0, w.down.image - 1};
      const Index number = lines.last - lines.first + 1;
      const Fold<double, n> fold{w, first, count, lines.first, number, cols, add, y.input(), folded.view()};
      for (Index at = 0; at < w.channels * number * w.along.image; ++at) {
        for (Index piece = 0; piece < cols / n; ++piece) fold(at, piece);
      }
    }
    double adjoint = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) adjoint += x[i] * folded[i];
    EXPECT_EQ(adjoint, inner);  // whole numbers: no rounding
  }
}

TEST(Window, FoldIsTheTransposeOfUnfold) { fold_what_is_unfolded<1>(); }
TEST(Window, FoldIsTheTransposeOfUnfoldByPacks) { fold_what_is_unfolded<2>(); }

TEST(Window, LinesThatAreMetAreThoseOfSomeTap) {
  for (const Window& w : windows) {
    for (Index first = 0; first < w.positions(); ++first) {
      for (Index count = 1; first + count <= w.positions(); ++count) {
        const Lines lines = lines_met(w, first, count);
        for (Index p = first; p < first + count; ++p) {
          for (Index a = 0; a < w.down.kernel; ++a) {
            const Index y = met(w.down, p / w.along.output, a);
            if (y < 0 || y >= w.down.image) continue;
            EXPECT_LE(lines.first, y);
            EXPECT_GE(lines.last, y);
          }
        }
        EXPECT_GE(lines.first, 0);
        EXPECT_LT(lines.last, w.down.image);
      }
    }
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
