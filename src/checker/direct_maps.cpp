#include "checker/direct_maps.hpp"

#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

namespace geolip::checker {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

std::vector<Index> range(Index first, Index count) {
  std::vector<Index> result(at(count));
  std::iota(result.begin(), result.end(), first);
  return result;
}

/// What has been multiplied so far on the way from a block down to a tensor: a matrix, or as long as no layer
/// with a matrix was met, scales and a relabelling.
struct Carry {
  bool untouched = true;  ///< no layer was met, and there are no rows
  std::optional<LinearMap> map;
  Monomial scaling;  ///< without a map

  LinearMap take() { return map ? std::move(*map) : dense(scaling); }
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
    LinearMap next = LinearMap::view(weight.rows, weight.cols, weight.weight.data());
    if (carry.map) {
      carry.map = product(*carry.map, next, threads);
    } else {
      carry.map = carry.untouched ? std::move(next) : product(carry.scaling, next);
    }
  }
  void operator()(const Sparse& sparse) const {
    if (carry.map) {
      carry.map = product(*carry.map, sparse, threads);
    } else {
      carry.map = carry.untouched ? dense(sparse) : product(carry.scaling, dense(sparse));
    }
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
  Descent(const Chain& chain, int threads) : chain_(chain), threads_(threads) {}

  BlockMaps run(Index feed, Carry start) {
    carries_.emplace(feed, std::move(start));
    while (!carries_.empty()) {
      auto highest = carries_.extract(carries_.begin());
      const Index t = highest.key();
      const Index block = chain_.block[at(t)];
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
    const Layer& layer = chain_.network->layers[l];
    const std::vector<Index> reads = reads_of(*chain_.network, l);
    if (const auto* sum = std::get_if<Sum>(&layer.op)) {
      for (std::size_t i = 0; i < reads.size(); ++i) {
        Carry part = carry.copy();
        part.untouched = false;
        if (sum->coefficients[i] != 1.0) {
          const std::vector<double> factors(at(chain_.size[at(reads[i])]), sum->coefficients[i]);
          Multiply{part, threads_}.scaled(Monomial::diagonal(factors));
        }
        add(reads[i], std::move(part));
      }
    } else if (std::holds_alternative<Concat>(layer.op)) {
      const LinearMap whole = carry.take();
      Index first = 0;
      for (const Index t : reads) {
        Carry part;
        part.untouched = false;
        part.map = whole.select(range(0, whole.rows()), range(first, chain_.size[at(t)]));
        add(t, std::move(part));
        first += chain_.size[at(t)];
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
    const LinearMap a = there->second.take();
    const LinearMap b = carry.take();
    there->second.map = sum(a, b);
    there->second.untouched = false;
  }

  const Chain& chain_;
  int threads_;
  std::map<Index, Carry, std::greater<>> carries_;  // by tensor, the last first: a tensor reads earlier ones
  BlockMaps result_;
};

}  // namespace

BlockMaps direct_maps(const Chain& chain, Index k, const std::vector<std::vector<double>>* rows,
                      int threads) {
  const Index feed = chain.feed[at(k - 1)];
  const Index outputs = chain.size[at(feed)];
  Carry start;
  if (rows != nullptr) {
    std::vector<double> value;
    for (const auto& row : *rows) value.insert(value.end(), row.begin(), row.end());
    start.untouched = false;
    start.map = LinearMap(static_cast<Index>(rows->size()), outputs, std::move(value), {}, {}, {});
  } else {
    start.scaling = Monomial::identity(outputs);
  }
  return Descent(chain, threads).run(feed, std::move(start));
}

}  // namespace geolip::checker
