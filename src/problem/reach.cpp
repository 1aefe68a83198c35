#include <network/at.hpp>
#include <network/entries.hpp>
#include <problem/cancellation.hpp>
#include <problem/reach.hpp>

#include <algorithm>

namespace geolip::problem {
namespace {

/// What a layer's tensors reach: out |= reach of in.
struct ReachForward {
  const std::vector<const Mask*>& reads;
  Mask& out;

  const Mask& in() const { return *reads.front(); }

  void operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    for (Index i = 0; i < w.rows; ++i) {
      for (Index j = 0; j < w.cols && at(out, i) == 0; ++j) {
        at(out, i) = static_cast<char>(at(in(), j) != 0 && w(i, j) != 0.0);
      }
    }
  }
  void operator()(const Affine& affine) const {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<char>(in()[i] != 0 && affine.scale[i] != 0.0);
  }
  void operator()(const Permutation& permutation) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = at(in(), permutation.source[i]);
  }
  void operator()(const Activation&) const { out = in(); }
  void operator()(const Add& add) const {
    for (std::size_t k = 0; k < reads.size(); ++k) {
      if (!add.coefficients.empty() && add.coefficients[k] == 0.0) continue;
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] | (*reads[k])[i]);
    }
  }
  void operator()(const Concat&) const {
    auto to = out.begin();
    for (const Mask* part : reads) to = std::copy(part->begin(), part->end(), to);
  }
  template <class Op>
  void operator()(const Op& op) const {
    network::for_each_entry(op, [&](Index i, Index j, double w) {
      if (w != 0.0 && at(in(), j) != 0) at(out, i) = 1;
    });
  }
};

/// The same against the arrows: each tensor that is read |= what reaches out.
struct ReachBackward {
  const Mask& out;
  const std::vector<Mask*>& reads;

  Mask& in() const { return *reads.front(); }

  void operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    auto missing = std::count(in().begin(), in().end(), char{0});
    for (Index i = 0; i < w.rows && missing > 0; ++i) {
      if (at(out, i) == 0) continue;
      for (Index j = 0; j < w.cols; ++j) {
        char& reached = at(in(), j);
        if (w(i, j) == 0.0 || reached != 0) continue;
        reached = 1;
        --missing;
      }
    }
  }
  void operator()(const Affine& affine) const {
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (out[i] != 0 && affine.scale[i] != 0.0) in()[i] = 1;
    }
  }
  void operator()(const Permutation& permutation) const {
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (out[i] != 0) at(in(), permutation.source[i]) = 1;
    }
  }
  void operator()(const Activation&) const { in() = out; }
  void operator()(const Add& add) const {
    for (std::size_t k = 0; k < reads.size(); ++k) {
      if (!add.coefficients.empty() && add.coefficients[k] == 0.0) continue;
      for (std::size_t i = 0; i < out.size(); ++i)
        (*reads[k])[i] = static_cast<char>((*reads[k])[i] | out[i]);
    }
  }
  void operator()(const Concat&) const {
    std::size_t first = 0;
    for (Mask* part : reads) {
      for (std::size_t i = 0; i < part->size(); ++i)
        (*part)[i] = static_cast<char>((*part)[i] | out[first + i]);
      first += part->size();
    }
  }
  template <class Op>
  void operator()(const Op& op) const {
    network::for_each_entry(op, [&](Index i, Index j, double w) {
      if (w != 0.0 && at(out, i) != 0) at(in(), j) = 1;
    });
  }
};

}  // namespace

Mask through_stage(const Stage& stage, const Mask& mask) {
  const std::vector<std::vector<Terms>> terms = exact_terms(stage);
  std::vector<Mask> values;
  auto next = mask.begin();
  for (const Index size : stage.sources) {
    values.emplace_back(next, next + size);
    next += size;
  }
  for (const Step& step : stage.steps) {
    std::vector<const Mask*> reads;
    for (const std::size_t v : step.from) reads.push_back(&values[v]);
    Mask out(static_cast<std::size_t>(step.size), 0);
    std::visit(ReachForward{reads, out}, step.layer->op);
    const std::size_t own = values.size();
    values.push_back(std::move(out));
    for (std::size_t i = 0; i < values[own].size(); ++i) {
      const auto reached = [&](const Term& t) { return at(values[t.value], t.coordinate) != 0; };
      const Terms& sum = terms[own][i];
      values[own][i] = static_cast<char>(std::any_of(sum.begin(), sum.end(), reached));
    }
  }
  Mask result;
  for (const std::size_t v : stage.targets) result.insert(result.end(), values[v].begin(), values[v].end());
  return result;
}

namespace {

/// The inputs that reach these terms.
Mask back_from(const Stage& stage, const std::vector<std::vector<Terms>>& terms, const Terms& seen) {
  std::vector<Mask> values;
  for (std::size_t v = 0; v < stage.sources.size() + stage.steps.size(); ++v)
    values.emplace_back(static_cast<std::size_t>(stage.size(v)), 0);
  const auto mark = [&](const Terms& sum) {
    for (const Term& t : sum) at(values[t.value], t.coordinate) = 1;
  };
  mark(seen);
  for (std::size_t s = stage.steps.size(); s-- > 0;) {
    const std::size_t own = stage.sources.size() + s;
    for (std::size_t i = 0; i < values[own].size(); ++i) {
      const Terms& sum = terms[own][i];
      if (values[own][i] == 0 || (sum.size() == 1 && sum.front().value == own)) continue;
      values[own][i] = 0;
      mark(sum);
    }
    std::vector<Mask*> reads;
    for (const std::size_t v : stage.steps[s].from) reads.push_back(&values[v]);
    std::visit(ReachBackward{values[own], reads}, stage.steps[s].layer->op);
  }
  Mask result;
  for (std::size_t v = 0; v < stage.sources.size(); ++v)
    result.insert(result.end(), values[v].begin(), values[v].end());
  return result;
}

}  // namespace

Mask back_through_stage(const Stage& stage, const Mask& mask) {
  const std::vector<std::vector<Terms>> terms = exact_terms(stage);
  Terms seen;
  std::size_t first = 0;
  for (const std::size_t v : stage.targets) {
    for (std::size_t i = 0; i < terms[v].size(); ++i) {
      if (mask[first + i] != 0) seen.insert(seen.end(), terms[v][i].begin(), terms[v][i].end());
    }
    first += terms[v].size();
  }
  return back_from(stage, terms, seen);
}

Mask back_through_row(const Stage& stage, const Row& row) {
  const std::vector<std::vector<Terms>> terms = exact_terms(stage);
  return back_from(stage, terms, combine_targets(stage, terms, row));
}

}  // namespace geolip::problem
