#include "verify/reduced.hpp"

#include <numeric>
#include <utility>

namespace geolip::verify {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// alive[k]: the inputs (k = 0) and the neurons of each layer that are not dead.
std::vector<std::vector<bool>> find_alive(const Chain& chain, const Claim& claim,
                                          const std::vector<LinearMap>& stages) {
  const auto layers = at(chain.depth());
  std::vector<std::vector<bool>> alive(layers + 1);
  alive[0].assign(at(chain.inputs), false);
  for (const Index j : claimed_inputs(chain, claim)) alive[0][at(j)] = true;
  for (std::size_t k = 1; k <= layers; ++k) {
    const LinearMap& map = stages[k - 1];
    const SlopeIntervals& slopes = chain.slopes[k - 1];
    alive[k].assign(at(map.rows()), false);
    for (Index i = 0; i < map.rows(); ++i) {
      if (slopes.lower[at(i)] == 0.0 && slopes.upper[at(i)] == 0.0) continue;
      for (Index j = 0; j < map.cols() && !alive[k][at(i)]; ++j)
        alive[k][at(i)] = alive[k - 1][at(j)] && map.maybe_nonzero(i, j);
    }
  }
  for (std::size_t k = layers + 1; k-- > 0;) {
    const LinearMap& map = stages[k];
    std::vector<bool> leads(at(map.cols()), false);
    for (Index i = 0; i < map.rows(); ++i) {
      if (k < layers && !alive[k + 1][at(i)]) continue;
      for (Index j = 0; j < map.cols(); ++j) {
        if (map.maybe_nonzero(i, j)) leads[at(j)] = true;
      }
    }
    for (std::size_t j = 0; j < leads.size(); ++j) alive[k][j] = alive[k][j] && leads[j];
  }
  return alive;
}

std::vector<Index> counted(std::size_t n) {
  std::vector<Index> result(n);
  std::iota(result.begin(), result.end(), Index{0});
  return result;
}

/// Some rows and columns of a map that is not needed any more; the map itself if that is all of them.
LinearMap taken(LinearMap&& map, const std::vector<Index>& rows, const std::vector<Index>& cols) {
  if (rows == counted(at(map.rows())) && cols == counted(at(map.cols()))) return std::move(map);
  return map.select(rows, cols);
}

std::vector<Index> joined(std::vector<Index> a, const std::vector<Index>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

Reduced reduce(const Chain& chain, const Claim& claim, int threads) {
  const auto layers = at(chain.depth());
  std::vector<LinearMap> stages;
  for (std::size_t k = 0; k <= layers; ++k)
    stages.push_back(stage_map(chain.stages[k], k == layers ? &claim.rows : nullptr, threads));
  const std::vector<std::vector<bool>> alive = find_alive(chain, claim, stages);

  Reduced result;
  result.depth = chain.depth();
  result.free.resize(layers + 1);
  result.folded.resize(layers + 1);
  for (std::size_t k = 0; k <= layers; ++k) {
    for (std::size_t i = 0; i < alive[k].size(); ++i) {
      if (!alive[k][i]) continue;
      const bool fold = k > 0 && chain.slopes[k - 1].lower[i] == chain.slopes[k - 1].upper[i];
      (fold ? result.folded : result.free)[k].push_back(static_cast<Index>(i));
    }
  }
  result.maps.resize(layers + 2);
  if (!result.connected()) return result;

  for (std::size_t k = 1; k <= layers + 1; ++k) {
    result.maps[k].resize(k);
    const std::size_t below = k - 1;
    LinearMap& stage = stages[below];
    const std::vector<Index> rows =
        k <= layers ? joined(result.free[k], result.folded[k]) : counted(at(stage.rows()));
    const std::vector<Index>& folded = result.folded[below];
    if (!folded.empty()) {
      // v = C w on the folded neurons of the layer below, whose w is known from the layers below that
      std::vector<double> c;
      for (const Index i : folded) c.push_back(chain.slopes[below - 1].lower[at(i)]);
      const LinearMap through = product(stage.select(rows, folded), Monomial::diagonal(c));
      const std::size_t first = result.free[below].size();
      std::vector<Index> folded_rows = counted(folded.size());
      for (Index& i : folded_rows) i += static_cast<Index>(first);
      for (std::size_t j = 0; j < below; ++j) {
        const auto& map = result.maps[below][j];
        if (!map.has_value() || map->cols() == 0) continue;
        result.maps[k][j] = product(through, map->select(folded_rows, counted(at(map->cols()))), threads);
      }
    }
    if (!result.free[below].empty())
      result.maps[k][below] = taken(std::move(stage), rows, result.free[below]);
  }
  return result;
}

}  // namespace geolip::verify
