#include <certify/certificate.hpp>
#include <certify/half_width.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace geolip::certify {
namespace {

// Floors, relative to the layer. A neuron whose vector vanishes has no multiplier of its own (0/0); any
// positive one is valid, and these cost about their own size in the bound.
constexpr double rho_floor = 1e-6;
constexpr double lam_floor = 1e-10;
constexpr double gamma_floor = 1e-12;

std::vector<double> layer_multipliers(const std::vector<double>& g, const std::vector<double>& rho,
                                      const graph::LayerSlopes& slopes, Index set, double value) {
  double square = 0.0;
  for (std::size_t i = 0; i < rho.size(); ++i) {
    if (slopes.half_width(static_cast<Index>(i), set) > 0.0) square += rho[i] * rho[i];
  }
  const double size = std::sqrt(square / static_cast<double>(rho.size()));
  std::vector<double> lam(rho.size(), 1.0);
  for (std::size_t i = 0; i < rho.size(); ++i) {
    const double h = certified_half_width(slopes, static_cast<Index>(i), set);
    if (h <= 0.0 || square <= 0.0) continue;
    // lam = |G| / (2 h rho)
    const double exact = g[i] / (2.0 * h * std::max(rho[i], rho_floor * size));
    lam[i] = std::max(exact, lam_floor * value / (h * h * square));
  }
  return lam;
}

}  // namespace

Multipliers make_multipliers(const ascent::RawMultipliers& raw, const std::vector<graph::LayerSlopes>& slopes,
                             const ascent::Problem& problem) {
  Multipliers m;
  for (std::size_t k = 0; k < slopes.size(); ++k) {
    m.lam.push_back(layer_multipliers(raw.g[k], raw.rho[k], slopes[k], problem.slope_set, raw.value));
  }
  m.gamma = raw.input;
  double sum = std::accumulate(m.gamma.begin(), m.gamma.end(), 0.0);
  const double least = gamma_floor * sum / static_cast<double>(m.gamma.size());
  // gamma = |G_0| / 2;  zeta = sum gamma
  for (double& gamma : m.gamma) gamma = 0.5 * std::max(gamma, least);
  m.zeta = std::accumulate(m.gamma.begin(), m.gamma.end(), 0.0);
  return m;
}

Multipliers inflate(Multipliers m, double d) {
  double t = 1.0 + d;
  m.zeta *= t;
  for (std::size_t k = m.lam.size(); k-- > 0;) {
    t *= 1.0 + d;
    for (double& lam : m.lam[k]) lam *= t;
  }
  return m;
}

}  // namespace geolip::certify
