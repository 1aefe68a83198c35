#include "checker/files/onnx/elements.hpp"

#include <algorithm>

namespace geolip::checker::onnx {
namespace {

std::vector<Compared> without_order(std::vector<Compared> pairs) {
  for (Compared& pair : pairs) std::sort(pair.begin(), pair.end());
  return pairs;
}

}  // namespace

const Comparison* Comparisons::find(const std::vector<Compared>& pairs,
                                    const std::vector<double>& constants) const {
  const auto found = noted_.find(std::make_pair(without_order(pairs), constants));
  return found == noted_.end() ? nullptr : &found->second;
}

void Comparisons::note(const Comparison& comparison, const std::vector<double>& constants) {
  noted_.emplace(std::make_pair(without_order(comparison.pairs), constants), comparison);
}

}  // namespace geolip::checker::onnx
