#include <formats/onnx/comparisons.hpp>

#include <utility>

namespace geolip::formats::onnx_graph {

const Comparison* Comparisons::find(const std::vector<Pair>& pairs,
                                    const std::vector<double>& constants) const {
  const auto known = known_.find({unordered(pairs), constants});
  return known == known_.end() ? nullptr : &known->second;
}

const Comparison& Comparisons::add(Comparison comparison, std::vector<double> constants) {
  Key key{unordered(comparison.pairs), std::move(constants)};
  return known_.insert_or_assign(std::move(key), std::move(comparison)).first->second;
}

std::vector<Pair> Comparisons::unordered(std::vector<Pair> pairs) {
  for (Pair& pair : pairs) {
    if (pair.first > pair.second) std::swap(pair.first, pair.second);
  }
  return pairs;
}

}  // namespace geolip::formats::onnx_graph
