/// \file
/// Sorting by comparisons that are known beforehand.
#pragma once

#include <formats/onnx/comparisons.hpp>

namespace geolip::formats::onnx_graph {

/// Comparators that touch different wires, (i, j) with i < j: the one of the two that comes first in the
/// order goes to wire i.
struct SortingPass {
  std::vector<Pair> comparators;
  std::vector<Index> wires;  ///< what is still of use afterwards, ascending
};

/// At most so many passes sort this number of wires.
Index most_sorting_passes(Index wires);

/// Batcher's merge exchange (Knuth, TAOCP 5.2.2, algorithm M), without the comparators that the first `kept`
/// wires of the result do not depend on.
std::vector<SortingPass> sorting_network(Index wires, Index kept);

}  // namespace geolip::formats::onnx_graph
