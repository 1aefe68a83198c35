#include <network/at.hpp>
#include <problem/cancellation.hpp>

#include <network/entries.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace geolip::problem {
namespace {

// A longer sum is a term of its own.
constexpr std::size_t most_terms = 16;
// Products below may have lost digits to underflow, and sums above may overflow.
constexpr double least_exact = 0x1p-900;
constexpr double most_exact = 0x1p900;

/// The two doubles that a product is the sum of, where it is in range.
std::optional<std::array<double, 2>> exact_product(double a, double b) {
  const double p = a * b;
  if (p == 0.0 && (a == 0.0 || b == 0.0)) return std::array{0.0, 0.0};
  if (!(std::abs(p) >= least_exact && std::abs(p) <= most_exact)) return std::nullopt;
  return std::array{p, std::fma(a, b, -p)};
}

std::optional<double> exact_sum(double a, double b) {
  // of doubles that are no larger than 2^900 (Knuth)
  const double s = a + b;
  const double from_b = s - a;
  return (a - (s - from_b)) + (b - from_b) == 0.0 ? std::optional<double>(s) : std::nullopt;
}

/// A sum in the making; it is no longer followed where it leaves the range, or is long.
class Sum {
 public:
  void add(const Terms& terms, double factor) {
    for (const Term& term : terms) {
      const std::optional<std::array<double, 2>> product = exact_product(term.factor, factor);
      exact_ = exact_ && product;
      if (!exact_) return;
      for (const double part : *product) {
        if (part != 0.0) add({term.value, term.coordinate, part});
      }
    }
  }
  std::optional<Terms> terms() const { return exact_ ? std::optional<Terms>(terms_) : std::nullopt; }

 private:
  void add(const Term& term) {
    const auto [first, last] =
        std::equal_range(terms_.begin(), terms_.end(), term, [](const Term& a, const Term& b) {
          return a.value != b.value ? a.value < b.value : a.coordinate < b.coordinate;
        });
    auto at = std::find_if(first, last, [&](const Term& t) { return t.factor == -term.factor; });
    if (at == last) {
      at = std::find_if(first, last,
                        [&](const Term& t) { return exact_sum(t.factor, term.factor).has_value(); });
    }
    if (at == last) {
      exact_ = exact_ && terms_.size() < most_terms;
      if (exact_) terms_.insert(last, term);
      return;
    }
    at->factor += term.factor;
    if (at->factor == 0.0) terms_.erase(at);
  }

  Terms terms_;
  bool exact_ = true;
};

/// The coordinates of one layer's value.
struct Follow {
  const std::vector<const std::vector<Terms>*>& reads;
  std::size_t value;
  Index size;

  const std::vector<Terms>& x() const { return *reads.front(); }

  Terms own(Index i) const { return {{value, i, 1.0}}; }
  Terms or_own(const Sum& sum, Index i) const { return sum.terms().value_or(own(i)); }

  template <class AddTo>
  std::vector<Terms> sums(const AddTo& add_to) const {
    std::vector<Terms> result;
    for (Index i = 0; i < size; ++i) {
      Sum sum;
      add_to(sum, static_cast<std::size_t>(i));
      result.push_back(or_own(sum, i));
    }
    return result;
  }

  std::vector<Terms> operator()(const Affine& affine) const {
    return sums([&](Sum& sum, std::size_t i) { sum.add(x()[i], affine.scale[i]); });
  }
  std::vector<Terms> operator()(const Permutation& permutation) const {
    return sums([&](Sum& sum, std::size_t i) { sum.add(at(x(), permutation.source[i]), 1.0); });
  }
  std::vector<Terms> operator()(const Sparse& sparse) const {
    return sums([&](Sum& sum, std::size_t i) {
      for (Index k = sparse.offset[i]; k < sparse.offset[i + 1]; ++k) {
        sum.add(at(x(), at(sparse.column, k)), at(sparse.value, k));
      }
    });
  }
  std::vector<Terms> operator()(const Add& add) const {
    return sums([&](Sum& sum, std::size_t i) {
      for (std::size_t k = 0; k < reads.size(); ++k)
        sum.add((*reads[k])[i], add.coefficients.empty() ? 1.0 : add.coefficients[k]);
    });
  }
  std::vector<Terms> operator()(const Concat&) const {
    std::vector<Terms> result;
    for (const std::vector<Terms>* part : reads) result.insert(result.end(), part->begin(), part->end());
    return result;
  }
  template <class Op>
  std::vector<Terms> operator()(const Op&) const {
    std::vector<Terms> result;
    for (Index i = 0; i < size; ++i) result.push_back(own(i));
    return result;
  }
};

}  // namespace

std::vector<std::vector<Terms>> exact_terms(const Stage& stage) {
  std::vector<std::vector<Terms>> values;
  for (std::size_t v = 0; v < stage.sources.size(); ++v) {
    values.emplace_back();
    for (Index i = 0; i < stage.sources[v]; ++i) values.back().push_back({{v, i, 1.0}});
  }
  for (const Step& step : stage.steps) {
    std::vector<const std::vector<Terms>*> reads;
    for (const std::size_t v : step.from) reads.push_back(&values[v]);
    std::vector<Terms> own = std::visit(Follow{reads, values.size(), step.size}, step.layer->op);
    values.push_back(std::move(own));
  }
  return values;
}

Terms combine_targets(const Stage& stage, const std::vector<std::vector<Terms>>& terms, const Row& row) {
  Sum sum;
  Terms all;
  for (std::size_t k = 0; k < row.index.size(); ++k) {
    auto i = static_cast<std::size_t>(row.index[k]);
    auto target = stage.targets.begin();
    for (; i >= terms[*target].size(); ++target) i -= terms[*target].size();
    const Terms& own = terms[*target][i];
    sum.add(own, row.value[k]);
    all.insert(all.end(), own.begin(), own.end());
  }
  return sum.terms().value_or(all);
}

}  // namespace geolip::problem
