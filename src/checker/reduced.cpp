#include <checker/reduced.hpp>

#include <functional>
#include <iterator>
#include <numeric>
#include <optional>
#include <utility>

namespace geolip::checker {
namespace {

std::vector<Index> range(Index first, Index count) {
  std::vector<Index> result(at(count));
  std::iota(result.begin(), result.end(), first);
  return result;
}

/// What has been multiplied so far on the way from a block down to a tensor: a matrix, or as long as no layer
/// with a matrix was met, scales and a relabelling.
struct Carry {
  bool untouched = true;  ///< no layer was met, and there are no rows
  std::optional<EnclosedMatrix> map;
  Monomial scaling;  ///< without a map

  EnclosedMatrix take() { return map ? std::move(*map) : dense(scaling); }
  Carry copy() const {
    Carry result;
    result.untouched = untouched;
    result.scaling = scaling;
    if (map) result.map = map->select(range(0, map->rows()), range(0, map->cols()));
    return result;
  }
};

/// carry <- carry * layer, for a layer that reads one tensor.
struct Multiply {
  Carry& carry;
  int threads;

  void operator()(const Dense& weight) const {
    EnclosedMatrix next = EnclosedMatrix::view(weight.rows, weight.cols, weight.weight.data());
    carry.map = carry.map         ? product(*carry.map, next, threads)
                : carry.untouched ? std::move(next)
                                  : product(carry.scaling, next);
  }
  void operator()(const Sparse& sparse) const {
    carry.map = carry.map         ? product(*carry.map, sparse, threads)
                : carry.untouched ? dense(sparse)
                                  : product(carry.scaling, dense(sparse));
  }
  void operator()(const Scale& scale) const { scaled(monomial(scale)); }
  void operator()(const Permutation& permutation) const { scaled(monomial(permutation)); }
  // these have been seen to
  void operator()(const Slopes&) const {}
  void operator()(const Sum&) const {}
  void operator()(const Concat&) const {}

  void scaled(const Monomial& next) const {
    if (carry.map) {
      carry.map = product(*carry.map, next);
    } else {
      carry.scaling = product(carry.scaling, next);
    }
  }
};

/// Multiplies from a block's side: a few objective rows stay a few.
class Descent {
 public:
  Descent(const ClaimedNetwork& claimed, int threads) : claimed_(claimed), threads_(threads) {}

  BlockMaps run(Index feed, Carry start) {
    carries_.emplace(feed, std::move(start));
    while (!carries_.empty()) {
      auto highest = carries_.extract(carries_.begin());
      const Index t = highest.key();
      const Index block = claimed_.block[at(t)];
      if (block >= 0) {
        result_.emplace(at(block), highest.mapped().take());
      } else {
        pass(at(t - 1), std::move(highest.mapped()));
      }
    }
    return std::move(result_);
  }

 private:
  void pass(std::size_t l, Carry carry) {
    const Layer& layer = claimed_.network->layers[l];
    const std::vector<Index> reads = reads_of(*claimed_.network, l);
    if (const auto* sum = std::get_if<Sum>(&layer.op)) {
      for (std::size_t i = 0; i < reads.size(); ++i) {
        Carry part = carry.copy();
        part.untouched = false;
        if (sum->coefficients[i] != 1.0) {
          const std::vector<double> factors(at(claimed_.size[at(reads[i])]), sum->coefficients[i]);
          Multiply{part, threads_}.scaled(Monomial::diagonal(factors));
        }
        add(reads[i], std::move(part));
      }
    } else if (std::holds_alternative<Concat>(layer.op)) {
      const EnclosedMatrix whole = carry.take();
      Index first = 0;
      for (const Index t : reads) {
        Carry part;
        part.untouched = false;
        part.map = whole.select(range(0, whole.rows()), range(first, claimed_.size[at(t)]));
        add(t, std::move(part));
        first += claimed_.size[at(t)];
      }
    } else {
      std::visit(Multiply{carry, threads_}, layer.op);
      carry.untouched = false;
      add(reads.front(), std::move(carry));
    }
  }

  void add(Index t, Carry carry) {
    const auto there = carries_.find(t);
    if (there == carries_.end()) {
      carries_.emplace(t, std::move(carry));
      return;
    }
    const EnclosedMatrix a = there->second.take();
    const EnclosedMatrix b = carry.take();
    there->second.map = sum(a, b);
    there->second.untouched = false;
  }

  const ClaimedNetwork& claimed_;
  int threads_;
  std::map<Index, Carry, std::greater<>> carries_;  // by tensor, the last first: a tensor reads earlier ones
  BlockMaps result_;
};

}  // namespace

BlockMaps direct_maps(const ClaimedNetwork& claimed, Index k, const std::vector<std::vector<double>>* rows,
                      int threads) {
  const Index feed = claimed.feed[at(k - 1)];
  const Index outputs = claimed.size[at(feed)];
  Carry start;
  if (rows != nullptr) {
    std::vector<double> value;
    for (const auto& row : *rows) value.insert(value.end(), row.begin(), row.end());
    start.untouched = false;
    start.map = EnclosedMatrix(static_cast<Index>(rows->size()), outputs, std::move(value), {}, {}, {});
  } else {
    start.scaling = Monomial::identity(outputs);
  }
  return Descent(claimed, threads).run(feed, std::move(start));
}

namespace {

/// raw[k - 1], by block j: the map from it to block k.
using Maps = std::vector<BlockMaps>;

/// alive[k]: the inputs (k = 0) and the neurons of each layer that are not dead.
std::vector<std::vector<bool>> find_alive(const ClaimedNetwork& claimed, const Claim& claim,
                                          const Maps& raw) {
  const auto layers = at(claimed.depth());
  std::vector<std::vector<bool>> alive(layers + 1);
  alive[0].assign(at(claimed.inputs), false);
  for (const Index j : claimed_inputs(claimed, claim)) alive[0][at(j)] = true;
  for (std::size_t k = 1; k <= layers; ++k) {
    const SlopeIntervals& slopes = claimed.slopes[k - 1];
    alive[k].assign(at(claimed.width(static_cast<Index>(k))), false);
    for (const auto& [from, map] : raw[k - 1]) {
      for (Index i = 0; i < map.rows(); ++i) {
        if (slopes.lower[at(i)] == 0.0 && slopes.upper[at(i)] == 0.0) continue;
        for (Index j = 0; j < map.cols() && !alive[k][at(i)]; ++j)
          alive[k][at(i)] = alive[from][at(j)] && map.maybe_nonzero(i, j);
      }
    }
  }
  std::vector<std::vector<bool>> leads;
  for (const std::vector<bool>& block : alive) leads.emplace_back(block.size(), false);
  for (std::size_t k = layers + 1; k > 0; --k) {  // all that reads block k has been seen to
    if (k <= layers) {
      for (std::size_t i = 0; i < alive[k].size(); ++i) alive[k][i] = alive[k][i] && leads[k][i];
    }
    for (const auto& [from, map] : raw[k - 1]) {
      for (Index i = 0; i < map.rows(); ++i) {
        if (k <= layers && !alive[k][at(i)]) continue;
        for (Index j = 0; j < map.cols(); ++j) {
          if (map.maybe_nonzero(i, j)) leads[from][at(j)] = true;
        }
      }
    }
  }
  for (std::size_t j = 0; j < alive[0].size(); ++j) alive[0][j] = alive[0][j] && leads[0][j];
  return alive;
}

/// Some rows and columns of a map that is not needed any more; the map itself if that is all of them.
EnclosedMatrix taken(EnclosedMatrix&& map, const std::vector<Index>& rows, const std::vector<Index>& cols) {
  if (rows == range(0, map.rows()) && cols == range(0, map.cols())) return std::move(map);
  return map.select(rows, cols);
}

void add_to(BlockMaps& maps, std::size_t block, EnclosedMatrix map) {
  const auto there = maps.find(block);
  if (there == maps.end()) {
    maps.emplace(block, std::move(map));
  } else {
    there->second = sum(there->second, map);
  }
}

std::vector<Index> joined(std::vector<Index> a, const std::vector<Index>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

Reduced reduce(const ClaimedNetwork& claimed, const Claim& claim, int threads) {
  const auto layers = at(claimed.depth());
  Maps raw;
  for (std::size_t k = 1; k <= layers + 1; ++k)
    raw.push_back(direct_maps(claimed, static_cast<Index>(k), k > layers ? &claim.rows : nullptr, threads));
  const std::vector<std::vector<bool>> alive = find_alive(claimed, claim, raw);

  Reduced result;
  result.depth = claimed.depth();
  result.free.resize(layers + 1);
  result.folded.resize(layers + 1);
  for (std::size_t k = 0; k <= layers; ++k) {
    for (std::size_t i = 0; i < alive[k].size(); ++i) {
      if (!alive[k][i]) continue;
      const bool fold = k > 0 && claimed.slopes[k - 1].lower[i] == claimed.slopes[k - 1].upper[i];
      (fold ? result.folded : result.free)[k].push_back(static_cast<Index>(i));
    }
  }
  result.maps.resize(layers + 2);
  if (!result.connected()) return result;

  for (std::size_t k = 1; k <= layers + 1; ++k) {
    BlockMaps& maps = result.maps[k];
    const std::vector<Index> rows = k <= layers ? joined(result.free[k], result.folded[k])
                                                : range(0, static_cast<Index>(claim.rows.size()));
    BlockMaps& ways = raw[k - 1];
    while (!ways.empty()) {
      const auto last = std::prev(ways.end());
      const std::size_t below = last->first;
      EnclosedMatrix direct = std::move(last->second);
      ways.erase(last);
      const std::vector<Index>& folded = result.folded[below];
      if (!folded.empty()) {
        // v = C w on the folded neurons of that layer, whose w is known from the layers below it
        std::vector<double> c;
        for (const Index i : folded) c.push_back(claimed.slopes[below - 1].lower[at(i)]);
        const EnclosedMatrix through = product(direct.select(rows, folded), Monomial::diagonal(c));
        const std::vector<Index> folded_rows =
            range(static_cast<Index>(result.free[below].size()), static_cast<Index>(folded.size()));
        for (const auto& [j, map] : result.maps[below]) {
          if (map.cols() == 0) continue;
          add_to(maps, j, product(through, map.select(folded_rows, range(0, map.cols())), threads));
        }
      }
      if (!result.free[below].empty())
        add_to(maps, below, taken(std::move(direct), rows, result.free[below]));
    }
  }
  return result;
}

}  // namespace geolip::checker
