/// \file
/// Maxima and minima as neurons. Of a pair (a, b) r = relu(a - b) is one, the larger is b + r and the smaller
/// a - r. docs/certificate.md lays down which pairs are compared: whoever checks a certificate has to find
/// the same neurons.
#pragma once

#include <formats/onnx/lowering.hpp>

namespace geolip::formats::onnx_graph {

enum class Extreme { larger, smaller };

/// What an element of a round's result is.
struct Outcome {
  enum Kind { kept, larger, smaller };
  Kind kind = kept;
  Index of = 0;  ///< the element that is kept, or the pair
};

/// Pairs of elements of the data that are compared at once, and what comes of it.
struct Round {
  std::vector<Pair> pairs;
  std::vector<Outcome> outcomes;
};

/// The data become a round's outcomes.
void add_round(Lowering& state, const Node& node, const Round& round);

/// For each element of a result those of the data that it is made of.
using Lists = std::vector<std::vector<Index>>;

/// The lists of what is left when these axes shrink to size 1.
Lists lists_over(Lowering& state, const std::vector<bool>& axes);

/// The largest or smallest element of each list, by rounds over neighbours.
void add_extremes(Lowering& state, const Node& node, Lists lists, Extreme extreme, Shape result);

}  // namespace geolip::formats::onnx_graph
