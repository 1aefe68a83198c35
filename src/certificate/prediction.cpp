#include <certificate/prediction.hpp>

#include <ascent/footprint.hpp>
#include <certificate/certificate.hpp>
#include <network/at.hpp>

#include <algorithm>

namespace geolip::certificate {
namespace {

/// Slopes of the kinds that take the most memory: of each layer all neurons are eliminated, but for the tensors that
/// pass it by, which are folded.
std::vector<problem::LayerSlopes> demanding_slopes(const problem::Chain& chain,
                                                   const std::vector<bool>& curved) {
  std::vector<problem::LayerSlopes> slopes;
  for (Index k = 0; k < chain.depth(); ++k) {
    const auto n = static_cast<std::size_t>(at(chain.stages, k).outputs);
    const auto eliminated = static_cast<std::size_t>(chain.neurons(k));
    problem::LayerSlopes& layer = slopes.emplace_back();
    layer.neurons = static_cast<Index>(n);
    layer.c.assign(n, at(curved, k) ? 0.75 : 0.5);
    layer.h.assign(n, at(curved, k) ? 0.25 : 0.5);
    std::fill(layer.c.begin() + static_cast<std::ptrdiff_t>(eliminated), layer.c.end(), 1.0);
    std::fill(layer.h.begin() + static_cast<std::ptrdiff_t>(eliminated), layer.h.end(), 0.0);
  }
  return slopes;
}

}  // namespace

Prediction predict(const problem::Chain& chain, const std::vector<bool>& curved, Index rows, bool on_host) {
  backend::Counts counts;
  const std::unique_ptr<backend::Backend> backend = backend::make_counting_backend(on_host, counts);
  std::vector<operators::LinearMap<double>> maps =
      operators::make_linear_maps<double>(*backend, chain, ascent::some_scaling(chain));
  const std::vector<problem::LayerSlopes> slopes = demanding_slopes(chain, curved);
  problem::Problem scalar;
  scalar.row = problem::Row::unit(0, chain.stages.back().outputs);
  problem::Problem vector;
  vector.vector = true;
  Multipliers multipliers{{}, {1.0}, 1.0};
  for (const problem::LayerSlopes& layer : slopes) multipliers.lam.emplace_back(layer.c.size(), 1.0);

  const std::size_t of_maps = counts.bytes;
  counts.peak_bytes = counts.bytes;
  BlockCertifier certifier(*backend, maps, slopes);
  const problem::Problem& largest = rows > 1 ? vector : scalar;
  certifier.certify(largest, multipliers, 0.0);
  const double multiplications = counts.multiplications;
  // the workspace is kept, and serves scalar objectives beside a vector
  for (const problem::Problem& next : {scalar, largest}) certifier.certify(next, multipliers, 0.0);
  return {static_cast<double>(counts.peak_bytes - of_maps), multiplications};
}

}  // namespace geolip::certificate
