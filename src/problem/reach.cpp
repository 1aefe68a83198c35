#include <network/entries.hpp>
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
      for (Index j = 0; j < w.cols && out[static_cast<std::size_t>(i)] == 0; ++j) {
        out[static_cast<std::size_t>(i)] =
            static_cast<char>(in()[static_cast<std::size_t>(j)] != 0 && w(i, j) != 0.0);
      }
    }
  }
  void operator()(const Affine& affine) const {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<char>(in()[i] != 0 && affine.scale[i] != 0.0);
  }
  void operator()(const Permutation& permutation) const {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = in()[static_cast<std::size_t>(permutation.source[i])];
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
      if (w != 0.0 && in()[static_cast<std::size_t>(j)] != 0) out[static_cast<std::size_t>(i)] = 1;
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
      if (out[static_cast<std::size_t>(i)] == 0) continue;
      for (Index j = 0; j < w.cols; ++j) {
        char& reached = in()[static_cast<std::size_t>(j)];
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
      if (out[i] != 0) in()[static_cast<std::size_t>(permutation.source[i])] = 1;
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
      if (w != 0.0 && out[static_cast<std::size_t>(i)] != 0) in()[static_cast<std::size_t>(j)] = 1;
    });
  }
};

}  // namespace

Mask through_stage(const Stage& stage, const Mask& mask) {
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
    values.push_back(std::move(out));
  }
  Mask result;
  for (const std::size_t v : stage.targets) result.insert(result.end(), values[v].begin(), values[v].end());
  return result;
}

Mask back_through_stage(const Stage& stage, const Mask& mask) {
  std::vector<Mask> values;
  for (std::size_t v = 0; v < stage.sources.size() + stage.steps.size(); ++v)
    values.emplace_back(static_cast<std::size_t>(stage.size(v)), 0);
  std::size_t first = 0;
  for (const std::size_t v : stage.targets) {
    for (std::size_t i = 0; i < values[v].size(); ++i)
      values[v][i] = static_cast<char>(values[v][i] | mask[first + i]);
    first += values[v].size();
  }
  for (std::size_t s = stage.steps.size(); s-- > 0;) {
    std::vector<Mask*> reads;
    for (const std::size_t v : stage.steps[s].from) reads.push_back(&values[v]);
    std::visit(ReachBackward{values[stage.sources.size() + s], reads}, stage.steps[s].layer->op);
  }
  Mask result;
  for (std::size_t v = 0; v < stage.sources.size(); ++v)
    result.insert(result.end(), values[v].begin(), values[v].end());
  return result;
}

}  // namespace geolip::problem
