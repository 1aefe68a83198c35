#include <baselines/product_cost.hpp>

#include <algorithm>
#include <variant>

#include <baselines/graph_bound.hpp>
#include <baselines/spectral_norm.hpp>

namespace geolip::baselines {

double product_multiplications(const Network& network, Norm norm) {
  const bool plain = is_plain(network);
  double sum = 0.0;
  for (const Layer& layer : network.layers()) {
    const auto* dense = std::get_if<Dense>(&layer.op);
    if (dense == nullptr) continue;
    const auto rows = static_cast<double>(dense->weight.rows);
    const auto cols = static_cast<double>(dense->weight.cols);
    const bool spectral = plain && norm == Norm::l2 && has_exact_norm(dense->weight.rows, dense->weight.cols);
    sum += rows * cols * (spectral ? std::min(rows, cols) : 1.0);
  }
  return sum;
}

}  // namespace geolip::baselines
