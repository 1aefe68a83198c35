/// \file
/// Which elements of the graph's tensors are the same, and which of them have been compared
/// (docs/certificate.md, section 5).
#pragma once

#include "checker/network.hpp"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace geolip::checker::onnx {

/// A label for every coordinate of a tensor. Coordinates with the same label have the same value for every
/// input.
class Labels {
 public:
  static constexpr Index unknown = -1;

  Labels() = default;
  /// first, first + 1, ...
  static Labels from(Index first) {
    Labels labels;
    labels.first_ = first;
    return labels;
  }
  static Labels list(std::vector<Index> labels) {
    Labels result;
    result.list_ = std::make_shared<const std::vector<Index>>(std::move(labels));
    return result;
  }

  Index operator[](Index coordinate) const {
    if (list_ != nullptr) return (*list_)[static_cast<std::size_t>(coordinate)];
    return first_ == unknown ? unknown : first_ + coordinate;
  }

 private:
  Index first_ = unknown;
  std::shared_ptr<const std::vector<Index>> list_;
};

/// Two labels, the first less the second of which a neuron reads.
using Compared = std::array<Index, 2>;

/// An activation that compares elements.
struct Comparison {
  std::vector<Compared> pairs;
  Index neurons = 0;  ///< the tensor of its values
  Index larger = 0;   ///< labels of the larger elements: the first pair's, and so on
  Index smaller = 0;
};

/// The comparisons that a graph has made, for those who need one again, with any pair in the other order.
class Comparisons {
 public:
  const Comparison* find(const std::vector<Compared>& pairs, const std::vector<double>& constants) const;
  void note(const Comparison& comparison, const std::vector<double>& constants);

 private:
  /// Lists of pairs without order, with what they are compared with where the second is no element.
  std::map<std::pair<std::vector<Compared>, std::vector<double>>, Comparison> noted_;
};

}  // namespace geolip::checker::onnx
