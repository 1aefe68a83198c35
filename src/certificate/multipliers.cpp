#include <certificate/half_width.hpp>
#include <certificate/multipliers.hpp>
#include <network/at.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace geolip::certificate {
namespace {

// Floors, relative to the layer, of the lowest one. A neuron whose vector vanishes has no multiplier of its
// own (0/0); any positive one is valid, and these cost about their own size in the bound.
constexpr double rho_floor = 1e-6;
// A vector's sweeps shrink what does not matter, and |G| and rho alike: their ratio is right down to here.
constexpr double least_ratio = 1e-30;
constexpr double open_share = 1e-12;
constexpr double lam_floor = 1e-10;
constexpr double gamma_floor = 1e-12;
// Of the usual multipliers: small enough to cost a bound nothing, and larger than roundings.
constexpr double unseen_share = 1e-10;
// The multipliers of a layer have to outweigh what those of the layers above leave on it: floors grow by so
// many powers of ten a layer downwards, but by no more than so many in all.
constexpr double growth_per_layer = 3.0;
constexpr double most_growth = 90.0;

/// `floor`: of the multipliers, as a share of their usual size. `vector`: whether the objective is one;
/// `one_coordinate`: whether one input alone moves.
std::vector<double> layer_multipliers(const std::vector<double>& g, const std::vector<double>& rho,
                                      const problem::LayerSlopes& slopes, Index set, double value,
                                      double floor, bool vector, bool one_coordinate) {
  double square = 0.0;
  for (std::size_t i = 0; i < rho.size(); ++i) {
    const auto row = static_cast<Index>(i);
    if (slopes.half_width(row, set) > 0.0 || slopes.centre(row, set) != 0.0) square += rho[i] * rho[i];
  }
  const double size = std::sqrt(square / static_cast<double>(rho.size()));
  const double of_unit_slopes = value / square;
  std::vector<double> lam(rho.size(), 1.0);
  for (std::size_t i = 0; i < rho.size(); ++i) {
    const double h = certified_half_width(slopes, static_cast<Index>(i), set);
    // the form says how large those have to be that the one coordinate does not reach
    const bool unreached = one_coordinate && h > 0.0 && rho[i] == 0.0;
    if (unreached) lam[i] = -1.0;
    if (square <= 0.0) continue;
    if (h <= 0.0) {
      // What the objective does not see has an input all the same in a proof, which knows no better.
      const bool unseen = rho[i] > rho_floor * size && slopes.centre(static_cast<Index>(i), set) == 0.0;
      if (unseen) lam[i] = unseen_share * of_unit_slopes;
      continue;
    }
    // lam = |G| / (2 h rho)
    const double exact = g[i] / (2.0 * h * std::max(rho[i], (vector ? least_ratio : rho_floor) * size));
    const double usual = value / (h * h * square);
    lam[i] = std::max({unreached ? usual : exact, floor * usual, least_multiplier});
    // and those of a vector, which have columns of their own behind them
    if (unreached || (vector && rho[i] < open_share * size)) lam[i] = -lam[i];
  }
  return lam;
}

}  // namespace

Multipliers make_multipliers(const ascent::SweepNorms& norms, const std::vector<problem::LayerSlopes>& slopes,
                             const problem::Problem& problem) {
  Multipliers m;
  m.may_rise = true;
  const auto layers = static_cast<double>(slopes.size());
  const double growth = std::min(growth_per_layer, most_growth / layers);
  for (std::size_t k = 0; k < slopes.size(); ++k) {
    const double floor = lam_floor * std::pow(10.0, -growth * static_cast<double>(k));
    m.lam.push_back(layer_multipliers(norms.g[k], norms.rho[k], slopes[k], problem.slope_set, norms.value,
                                      floor, problem.vector, problem.ball.coordinates.size() == 1));
  }
  m.gamma = norms.input;
  double sum = std::accumulate(m.gamma.begin(), m.gamma.end(), 0.0);
  const double least = gamma_floor * sum / static_cast<double>(m.gamma.size());
  // gamma = |G_0| / 2;  zeta = sum gamma
  for (double& gamma : m.gamma) gamma = 0.5 * std::max(gamma, least);
  m.zeta = std::accumulate(m.gamma.begin(), m.gamma.end(), 0.0);
  return m;
}

std::vector<double> inflation_factors(Index layers, double d) {
  std::vector<double> factors{1.0 + d};
  while (static_cast<Index>(factors.size()) < layers + 2) factors.push_back(factors.back() * (1.0 + d));
  return factors;
}

Multipliers inflate(Multipliers m, double d) {
  const auto layers = static_cast<Index>(m.lam.size());
  const std::vector<double> factors = inflation_factors(layers, d);
  m.zeta *= factors.front();
  for (Index k = 0; k < layers; ++k) {
    for (double& lam : at(m.lam, k)) lam *= at(factors, layers - k);
  }
  return m;
}

}  // namespace geolip::certificate
