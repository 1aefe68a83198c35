/// \file
/// Random networks for benches: training changes the FGL, not the work of a sweep.
#pragma once

#include <geolip/network.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace geolip::bench {

/// inputs, `hidden` layers of one width, outputs.
inline std::vector<Index> shape(Index inputs, Index width, Index hidden, Index outputs) {
  std::vector<Index> widths{inputs};
  widths.insert(widths.end(), static_cast<std::size_t>(hidden), width);
  widths.push_back(outputs);
  return widths;
}

/// "784-64x6-10"
inline std::string shape_name(const std::vector<Index>& widths) {
  std::string name;
  for (std::size_t i = 0; i < widths.size();) {
    std::size_t end = i;
    while (end < widths.size() && widths[end] == widths[i]) ++end;
    name +=
        (i > 0 ? "-" : "") + std::to_string(widths[i]) + (end - i > 1 ? "x" + std::to_string(end - i) : "");
    i = end;
  }
  return name;
}

/// The i-th number of a stream, uniform in [-1, 1): a hash, so that threads can share the work.
inline double uniform(std::uint64_t stream, std::uint64_t i) {
  std::uint64_t x = (stream << 40U) + i;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return static_cast<double>(static_cast<std::int64_t>(x ^ (x >> 31U))) * 0x1p-63;
}

/// A network of ReLU layers whose weights have He's size, sqrt(2 / inputs) in the mean square.
inline Network random_network(const std::vector<Index>& widths) {
  Network network(widths.front());
  for (std::size_t k = 1; k < widths.size(); ++k) {
    Dense dense;
    dense.weight = Matrix(widths[k], widths[k - 1]);
    std::vector<double>& weights = dense.weight.data;
    const double scale = std::sqrt(6.0 / static_cast<double>(widths[k - 1]));
    const std::size_t threads =
        weights.size() < 1'000'000 ? 1 : std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::jthread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&weights, scale, k, begin = weights.size() * t / threads,
                            end = weights.size() * (t + 1) / threads] {
        for (std::size_t i = begin; i < end; ++i) weights[i] = scale * uniform(k, i + 1);
      });
    }
    workers.clear();
    network.add({"dense" + std::to_string(k), std::move(dense)});
    if (k + 1 < widths.size()) network.add({"relu" + std::to_string(k), Activation(ActivationKind::relu)});
  }
  return network;
}

}  // namespace geolip::bench
