#include <checker/pattern.hpp>

#include <checker/rounding.hpp>

#include <algorithm>

namespace geolip::checker {
namespace {

double number(Index i) { return static_cast<double>(i); }

Pattern pattern_in(const Blocks& blocks, std::vector<Index> order) {
  Pattern pattern;
  pattern.block = std::move(order);
  const std::size_t count = pattern.block.size();
  pattern.position.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    pattern.position[at(pattern.block[i])] = static_cast<Index>(i);
    pattern.size.push_back(blocks.size[at(pattern.block[i])]);
  }
  pattern.present.resize(count);
  pattern.diagonal.assign(count, true);
  for (std::size_t i = 0; i < count; ++i) {
    pattern.present[i].assign(i + 1, false);
    pattern.present[i][i] = true;
  }
  const auto apart = [&](std::size_t position) {
    return blocks.inputs_apart && pattern.block[position] == 0;
  };
  const auto couple = [&](Index a, Index b) {
    auto i = at(pattern.position[at(a)]);
    auto j = at(pattern.position[at(b)]);
    if (i < j) std::swap(i, j);
    pattern.present[i][j] = true;
    if (i == j && !apart(i)) pattern.diagonal[i] = false;
  };
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t j = 0; j < k; ++j) {
      if (!blocks.linked[k][j]) continue;
      couple(static_cast<Index>(k), static_cast<Index>(j));
      if (!blocks.curved[k]) continue;
      for (std::size_t other = 0; other <= j; ++other) {
        if (blocks.linked[k][other]) couple(static_cast<Index>(j), static_cast<Index>(other));
      }
    }
  }
  // fill, and the work of each step
  for (std::size_t k = 0; k < count; ++k) {
    const double n = number(pattern.size[k]);
    const double width = pattern.diagonal[k] ? 1.0 : n;
    pattern.flops += n * width * width / 3.0;
    pattern.entries += n * width;
    for (std::size_t i = k + 1; i < count; ++i) {
      if (!pattern.present[i][k]) continue;
      const double rows = number(pattern.size[i]);
      pattern.flops += rows * n * width;
      pattern.entries += rows * n;
      for (std::size_t j = k + 1; j <= i; ++j) {
        if (!pattern.present[j][k]) continue;
        pattern.present[i][j] = true;
        const bool keep_diagonal = i == j && apart(i);
        if (i == j && !keep_diagonal) pattern.diagonal[i] = false;
        pattern.flops +=
            keep_diagonal ? 2.0 * rows * n : (i == j ? 1.0 : 2.0) * rows * number(pattern.size[j]) * n;
      }
    }
  }
  return pattern;
}

}  // namespace

Pattern make_pattern(const Blocks& blocks) {
  std::vector<Index> order(blocks.size.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(order.size() - 1 - i);
  Pattern down = pattern_in(blocks, order);
  if (blocks.inputs_apart) return down;
  std::reverse(order.begin(), order.end());
  Pattern up = pattern_in(blocks, order);
  return up.flops < down.flops ? up : down;
}

double backward_error(const Pattern& pattern, Index row) {
  double sum = 0.0;
  for (Index other = 0; other < pattern.count(); ++other) {
    const Index i = std::max(row, other);
    const Index j = std::min(row, other);
    if (!pattern.present[at(i)][at(j)]) continue;
    // products in one entry's sum: the columns in which both of its rows may be nonzero
    const bool diagonal = i == j && pattern.diagonal[at(i)];
    double products = diagonal ? 0.0 : number(pattern.size[at(j)]);
    for (Index k = 0; k < j; ++k) {
      if (pattern.present[at(i)][at(k)] && pattern.present[at(j)][at(k)])
        products += number(pattern.size[at(k)]);
    }
    const double gamma = gamma_of(products + 3.0);
    sum += gamma / (1.0 - gamma) * (diagonal ? 1.0 : number(pattern.size[at(other)]));
  }
  return sum * upwards;
}

}  // namespace geolip::checker
