#include "fuzz/contract.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

namespace geolip::fuzz {
namespace {

// A sentence that quotes names and shapes from a file, each cut where it is long.
constexpr std::size_t longest_sentence = 2000;
// Networks with more parameters and coordinates than this are not evaluated.
constexpr Index most_to_evaluate = 1 << 20;
// Slope intervals are checked for so many neurons of a layer.
constexpr Index most_slopes = 1000;

void require_finite(std::span<const double> values) {
  require(std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }),
          "a parameter is not finite");
}

void require_size(const std::vector<double>& values, Index size) {
  require(values.size() == static_cast<std::size_t>(size), "a list of parameters has the wrong size");
  require_finite(values);
}

/// Checks a layer against the size of its input; returns the size of its output.
struct RequireLayer {
  Index inputs;

  Index operator()(const Dense& dense) const {
    const Matrix& w = dense.weight;
    require(w.rows > 0 && w.cols == inputs, "a weight does not fit its input");
    require(w.data.size() / static_cast<std::size_t>(w.cols) == static_cast<std::size_t>(w.rows) &&
                w.data.size() % static_cast<std::size_t>(w.cols) == 0,
            "a weight has the wrong number of entries");
    require_finite(w.data);
    if (!dense.bias.empty()) require_size(dense.bias, w.rows);
    return w.rows;
  }
  Index operator()(const Affine& affine) const {
    require_size(affine.scale, inputs);
    if (!affine.shift.empty()) require_size(affine.shift, inputs);
    return inputs;
  }
  Index operator()(const Permutation& permutation) const {
    std::vector<Index> sorted = permutation.source;
    std::sort(sorted.begin(), sorted.end());
    require(sorted.size() == static_cast<std::size_t>(inputs), "a permutation has the wrong size");
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      require(sorted[i] == static_cast<Index>(i), "a permutation is none");
    }
    return inputs;
  }
  Index operator()(const Activation& activation) const {
    if (activation.kind == ActivationKind::prelu) require_size(activation.slopes, inputs);
    for (Index i = 0; i < std::min(inputs, most_slopes); ++i) {
      const SlopeInterval s = slope_interval(activation, i);
      require(std::isfinite(s.lower) && std::isfinite(s.upper) && s.lower <= s.upper,
              "an activation has no slope interval");
    }
    return inputs;
  }
};

/// Multiplications that an evaluation takes, about.
Index work_of(const Network& network) {
  Index work = 0;
  Index size = network.inputs();
  for (const Layer& layer : network.layers()) {
    if (const auto* dense = std::get_if<Dense>(&layer.op)) {
      work += static_cast<Index>(dense->weight.data.size());
      size = dense->weight.rows;
    }
    work += size;
  }
  return work;
}

}  // namespace

void fail(const std::string& what) {
  std::cerr << "contract broken: " << what << '\n' << std::flush;
  std::abort();
}

void require(bool holds, const char* what) {
  if (!holds) fail(what);
}

void require_sentence(std::string_view text) {
  if (text.empty()) fail("an error without a message");
  if (text.size() > longest_sentence) fail("a message of " + std::to_string(text.size()) + " bytes");
  require_printable(text);
}

void require_printable(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; })) {
    fail("a text with control or foreign characters: " + std::string(text));
  }
}

void require_consistent(const Network& network) {
  Index size = network.inputs();
  require(size > 0, "a network without inputs");
  for (const Layer& layer : network.layers()) {
    size = std::visit(RequireLayer{size}, layer.op);
    require_printable(layer.name);
  }
  require(size == network.outputs(), "the last layer does not have the network's outputs");
  if (work_of(network) > most_to_evaluate) return;
  for (const double start : {0.0, 1.0, -1e30}) {
    const std::vector<double> x(static_cast<std::size_t>(network.inputs()), start);
    const std::vector<double> y = network.evaluate(x);
    require(y.size() == static_cast<std::size_t>(size), "an evaluation has the wrong size");
    const std::vector<double> u(y.size(), 1.0);
    require(network.gradient(x, u).size() == x.size(), "a gradient has the wrong size");
  }
}

void require_facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  for (const auto& [key, value] : facts) {
    require_printable(key);
    require_printable(value);
  }
}

}  // namespace geolip::fuzz
