#include <fuzz/contract.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <type_traits>

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
  Index operator()(const Conv& conv) const {
    require(conv.inputs() == inputs, "a convolution does not fit its input");
    require(conv.output(0) > 0 && conv.output(1) > 0, "a convolution has no output");
    require_size(conv.weight, conv.filters * (conv.channels / conv.groups) * conv.kernel[0] * conv.kernel[1]);
    if (!conv.bias.empty()) require_size(conv.bias, conv.filters);
    return conv.outputs();
  }
  Index operator()(const ConvTranspose& transpose) const {
    require(transpose.conv.outputs() == inputs, "a transposed convolution does not fit its input");
    if (!transpose.bias.empty()) require_size(transpose.bias, transpose.conv.channels);
    return transpose.conv.inputs();
  }
  Index operator()(const Sparse& sparse) const {
    require(sparse.inputs == inputs, "a sparse matrix does not fit its input");
    require(std::is_sorted(sparse.offset.begin(), sparse.offset.end()), "the rows of a matrix do not ascend");
    for (const Index j : sparse.column) require(j >= 0 && j < inputs, "a column does not exist");
    require_size(sparse.value, sparse.offset.back());
    return sparse.outputs();
  }
  Index operator()(const Activation& activation) const {
    if (activation.kind() == ActivationKind::prelu) require_size(activation.slopes(), inputs);
    for (Index i = 0; i < std::min(inputs, most_slopes); ++i) {
      const SlopeInterval s = slope_interval(activation, i);
      require(std::isfinite(s.lower) && std::isfinite(s.upper) && s.lower <= s.upper,
              "an activation has no slope interval");
    }
    return inputs;
  }
};

/// The size that a layer's tensor must have, for those that it reads.
Index outputs_of(const Layer& layer, const std::vector<Index>& sizes) {
  if (const auto* add = std::get_if<Add>(&layer.op)) {
    require(std::all_of(sizes.begin(), sizes.end(), [&](Index n) { return n == sizes.front(); }),
            "tensors of several sizes are added");
    if (!add->coefficients.empty()) require_size(add->coefficients, static_cast<Index>(sizes.size()));
    return sizes.front();
  }
  if (std::holds_alternative<Concat>(layer.op)) return std::accumulate(sizes.begin(), sizes.end(), Index{0});
  require(sizes.size() == 1, "a layer reads several tensors");
  return std::visit(
      [&](const auto& op) -> Index {
        if constexpr (std::is_invocable_v<RequireLayer, decltype(op)>) return RequireLayer{sizes.front()}(op);
        return -1;
      },
      layer.op);
}

/// Multiplications that a layer takes, about.
struct Work {
  Index operator()(const Dense& dense) const { return static_cast<Index>(dense.weight.data.size()); }
  Index operator()(const Conv& conv) const {
    return conv.output(0) * conv.output(1) * static_cast<Index>(conv.weight.size());
  }
  Index operator()(const ConvTranspose& transpose) const { return (*this)(transpose.conv); }
  Index operator()(const Sparse& sparse) const { return static_cast<Index>(sparse.value.size()); }
  template <class Op>
  Index operator()(const Op&) const {
    return 0;
  }
};

/// Multiplications that an evaluation takes, about.
Index work_of(const Network& network) {
  Index work = 0;
  for (std::size_t l = 0; l < network.layers().size(); ++l)
    work += std::visit(Work{}, network.layers()[l].op) + network.size(static_cast<Index>(l + 1));
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
  require(network.inputs() > 0, "a network without inputs");
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    const Layer& layer = network.layers()[l];
    std::vector<Index> sizes;
    for (const Index t : network.read_by(static_cast<Index>(l))) {
      require(t >= 0 && t <= static_cast<Index>(l), "a layer reads a tensor that is not there yet");
      sizes.push_back(network.size(t));
    }
    require(!sizes.empty(), "a layer reads no tensor");
    require(outputs_of(layer, sizes) == network.size(static_cast<Index>(l + 1)),
            "a tensor has the wrong size");
    require_printable(layer.name);
  }
  if (work_of(network) > most_to_evaluate) return;
  for (const double start : {0.0, 1.0, -1e30}) {
    const std::vector<double> x(static_cast<std::size_t>(network.inputs()), start);
    const std::vector<double> y = network.evaluate(x);
    require(y.size() == static_cast<std::size_t>(network.outputs()), "an evaluation has the wrong size");
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
