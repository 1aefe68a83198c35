/// \file
/// Which elements of which tensors have one value, and which of them have been compared.
#pragma once

#include <geolip/network.hpp>

#include <compare>
#include <map>
#include <memory>
#include <vector>

namespace geolip::formats::onnx_graph {

/// The numbers of a tensor's elements, by coordinate: elements of the same number have the same value,
/// whatever tensors they are in. Nodes that choose, repeat, reorder or join elements leave them their
/// numbers.
struct Numbers {
  Index first = 0;                                   ///< of coordinate 0; the others follow
  std::shared_ptr<const std::vector<Index>> listed;  ///< unless there is a list

  Index at(Index i) const { return listed ? (*listed)[static_cast<std::size_t>(i)] : first + i; }
};

/// Two elements that are compared.
struct Pair {
  Index first = 0;
  Index second = 0;
  auto operator<=>(const Pair&) const = default;
};

/// Neurons relu(first - second), one for each pair of a list of numbers; or relu(first - constant).
struct Comparison {
  std::vector<Pair> pairs;
  Index tensor = 0;  ///< the neurons'
  Index results =
      0;  ///< number of the first pair's larger element; the other pairs' and the smaller ones follow
};

/// All comparisons so far. Maxima and minima of the same pairs share their neurons: with r = relu(a - b) in
/// both, max(a, b) = b + r and min(a, b) = a - r preserve the norm of (a, b), and a bound sees it.
class Comparisons {
 public:
  /// The comparison of these pairs, each in either order; null if there is none. `constants` are what the
  /// first elements of the pairs are compared with, if they are.
  const Comparison* find(const std::vector<Pair>& pairs, const std::vector<double>& constants = {}) const;
  const Comparison& add(Comparison comparison, std::vector<double> constants = {});

 private:
  using Key = std::pair<std::vector<Pair>, std::vector<double>>;
  static std::vector<Pair> unordered(std::vector<Pair> pairs);

  std::map<Key, Comparison> known_;
};

}  // namespace geolip::formats::onnx_graph
