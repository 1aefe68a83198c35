/// \file
/// Maxima and minima as neurons: max(a, b) = b + relu(a - b) and min(a, b) = a - relu(a - b).
#pragma once

#include "checker/files/onnx/operators.hpp"

namespace geolip::checker::onnx {

/// For each element of a result those of the data that it is made of, in order.
using Members = std::vector<std::vector<Index>>;

/// The members of what is left of the data when these axes shrink to size 1.
Members members_over(const Step& s, const std::vector<bool>& axes, Shape& shrunk);

/// Comparisons of elements of the data at hand that are made at once: what is asked for is written down, and
/// finish() puts it in the data's place.
class Round {
 public:
  explicit Round(const Step& s) : step_(s) {}

  /// Number of the pair.
  Index compare(Index a, Index b);

  // Each gives the place of the result's next element.

  Index keep(Index element);
  Index larger(Index pair);
  Index smaller(Index pair);

  void finish();

 private:
  enum class Kind { kept, larger, smaller };
  struct Item {
    Kind kind;
    Index of;  ///< an element of the data, or a pair
  };

  Index append(Kind kind, Index of);
  Comparison comparison(const Data& data) const;

  const Step& step_;
  std::vector<std::array<Index, 2>> pairs_;
  std::vector<Item> items_;
};

/// The largest of each element's members, or the smallest, in rounds over neighbours.
void extremes(const Step& s, Members members, bool largest, Shape result);

}  // namespace geolip::checker::onnx
