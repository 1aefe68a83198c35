#include "checker/files/support.hpp"

#include "checker/chain.hpp"

#include <network/entries.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace geolip::checker::testing {
namespace {

using Vector = std::vector<long double>;

constexpr long double tolerance = 1e-14L;  // a few roundings of constants

/// A linear map's value and the sum of the sizes of what was added up to it.
struct Value {
  Vector y;
  Vector size;
};

Value multiply(const std::vector<double>& w, Index rows, Index cols, const Value& x) {
  Value result{Vector(static_cast<std::size_t>(rows), 0.0L), Vector(static_cast<std::size_t>(rows), 0.0L)};
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j) {
      const auto to = static_cast<std::size_t>(i);
      const auto from = static_cast<std::size_t>(j);
      const auto entry = static_cast<long double>(w[static_cast<std::size_t>(i * cols + j)]);
      result.y[to] += entry * x.y[from];
      result.size[to] += std::abs(entry) * x.size[from];
    }
  }
  return result;
}

/// A scale below the normal range of double is rounded by parts of that range's end, not of itself.
void scale(Value& x, std::size_t i, double s) {
  x.y[i] *= static_cast<long double>(s);
  x.size[i] *= static_cast<long double>(std::max(std::abs(s), std::numeric_limits<double>::min()));
}

Value relabel(const std::vector<Index>& source, const Value& x) {
  Value result;
  for (const Index i : source) {
    result.y.push_back(x.y[static_cast<std::size_t>(i)]);
    result.size.push_back(x.size[static_cast<std::size_t>(i)]);
  }
  return result;
}

Value zeros(Index n) {
  return {Vector(static_cast<std::size_t>(n), 0.0L), Vector(static_cast<std::size_t>(n), 0.0L)};
}

void accumulate(Value& to, Index i, double w, const Value& x, Index j) {
  const auto entry = static_cast<long double>(w);
  to.y[static_cast<std::size_t>(i)] += entry * x.y[static_cast<std::size_t>(j)];
  to.size[static_cast<std::size_t>(i)] += std::abs(entry) * x.size[static_cast<std::size_t>(j)];
}

Value added(const std::vector<const Value*>& reads, const std::vector<double>& coefficients) {
  Value sum = zeros(static_cast<Index>(reads.front()->y.size()));
  for (std::size_t k = 0; k < reads.size(); ++k) {
    for (std::size_t i = 0; i < sum.y.size(); ++i) {
      accumulate(sum, static_cast<Index>(i), coefficients.empty() ? 1.0 : coefficients[k], *reads[k],
                 static_cast<Index>(i));
    }
  }
  return sum;
}

Value joined(const std::vector<const Value*>& reads) {
  Value all;
  for (const Value* part : reads) {
    all.y.insert(all.y.end(), part->y.begin(), part->y.end());
    all.size.insert(all.size.end(), part->size.begin(), part->size.end());
  }
  return all;
}

/// What a linear layer makes; an activation's tensor is given from outside.
struct ApplyOwn {
  const std::vector<const Value*>& reads;

  Value operator()(const Dense& dense) const {
    return multiply(dense.weight, dense.rows, dense.cols, *reads.front());
  }
  Value operator()(const Scale& factor) const {
    Value x = *reads.front();
    for (std::size_t i = 0; i < x.y.size(); ++i) {
      EXPECT_LE(factor.lower[i], factor.upper[i]);
      scale(x, i, factor.lower[i] / 2.0 + factor.upper[i] / 2.0);
      if (factor.numerator.empty()) continue;
      const long double quotient =
          static_cast<long double>(factor.numerator[i]) / static_cast<long double>(factor.denominator[i]);
      EXPECT_LE(static_cast<long double>(factor.lower[i]), quotient);
      EXPECT_GE(static_cast<long double>(factor.upper[i]), quotient);
    }
    return x;
  }
  Value operator()(const Permutation& permutation) const {
    return relabel(permutation.source, *reads.front());
  }
  Value operator()(const Sparse& sparse) const {
    Value y = zeros(sparse.rows());
    for (Index i = 0; i < sparse.rows(); ++i) {
      for (Index k = sparse.offset[static_cast<std::size_t>(i)];
           k < sparse.offset[static_cast<std::size_t>(i + 1)]; ++k) {
        accumulate(y, i, sparse.value[static_cast<std::size_t>(k)], *reads.front(),
                   sparse.column[static_cast<std::size_t>(k)]);
      }
    }
    return y;
  }
  Value operator()(const Sum& sum) const { return added(reads, sum.coefficients); }
  Value operator()(const Concat&) const { return joined(reads); }
  Value operator()(const Slopes&) const { return {}; }
};

struct ApplyProduct {
  const std::vector<const Value*>& reads;

  Value operator()(const geolip::Dense& dense) const {
    return multiply(dense.weight.data, dense.weight.rows, dense.weight.cols, *reads.front());
  }
  Value operator()(const Affine& affine) const {
    Value x = *reads.front();
    for (std::size_t i = 0; i < x.y.size(); ++i) scale(x, i, affine.scale[i]);
    return x;
  }
  Value operator()(const geolip::Permutation& permutation) const {
    return relabel(permutation.source, *reads.front());
  }
  Value operator()(const Add& add) const { return added(reads, add.coefficients); }
  Value operator()(const geolip::Concat&) const { return joined(reads); }
  Value operator()(const Activation&) const { return {}; }
  template <class Op>
  Value operator()(const Op& op) const {
    Value y = zeros(network::outputs_of(op));
    network::for_each_entry(op, [&](Index i, Index j, double w) { accumulate(y, i, w, *reads.front(), j); });
    return y;
  }
};

void expect_close(const Value& own, const Value& product, const std::string& what) {
  ASSERT_EQ(own.y.size(), product.y.size()) << what;
  for (std::size_t i = 0; i < own.y.size(); ++i) {
    ASSERT_LE(std::abs(own.y[i] - product.y[i]), tolerance * product.size[i]) << what << " row " << i;
  }
}

void expect_slopes(const Slopes& own, const Activation& product, const std::string& what) {
  ASSERT_EQ(own.activation, geolip::to_string(product.kind())) << what;
  constexpr double few_units = 1e-15;  // of the interval's larger end, from which the product takes the other
  for (std::size_t i = 0; i < own.lower.size(); ++i) {
    const SlopeInterval slopes = slope_interval(product, static_cast<Index>(i));
    ASSERT_GE(own.lower[i], slopes.lower) << what << " neuron " << i;
    ASSERT_LE(own.upper[i], slopes.upper) << what << " neuron " << i;
    const double size = std::max(std::abs(slopes.lower), std::abs(slopes.upper));
    ASSERT_LE(own.lower[i] - slopes.lower, few_units * size) << what << " neuron " << i;
    ASSERT_LE(slopes.upper - own.upper[i], few_units * size) << what << " neuron " << i;
  }
}

/// A vector of small whole numbers, so that products with floats are exact in long double.
Value random_vector(Index size, std::mt19937& random) {
  Value x;
  for (Index i = 0; i < size; ++i) {
    const int number = static_cast<int>(random() % 7) - 3;
    x.y.push_back(static_cast<long double>(number));
    x.size.push_back(std::abs(x.y.back()));
  }
  return x;
}

}  // namespace

namespace {

/// Values of all tensors where the input and what activations make are given, one after the other; and what
/// the activations read, in the same order, the output last.
template <class Apply, class Net, class Reads, class IsActivation>
std::vector<Value> evaluate(const Net& layers, const Reads& reads_of_layer, const IsActivation& is_activation,
                            const std::vector<Value>& given) {
  std::vector<Value> tensors{given.front()};
  std::vector<Value> read;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    std::vector<const Value*> reads;
    for (const Index t : reads_of_layer(l)) reads.push_back(&tensors[static_cast<std::size_t>(t)]);
    if (is_activation(layers[l])) {
      read.push_back(*reads.front());
      tensors.push_back(read.size() < given.size() ? given[read.size()] : Value{});
    } else {
      tensors.push_back(std::visit(Apply{reads}, layers[l].op));
    }
  }
  read.push_back(tensors.back());
  return read;
}

}  // namespace

void expect_same(const Network& own, const geolip::Network& product, const std::string& what) {
  ASSERT_EQ(own.inputs, product.inputs()) << what;
  ASSERT_EQ(own.outputs, product.outputs()) << what;
  std::vector<const Slopes*> own_activations;
  for (const Layer& layer : own.layers) {
    if (const auto* slopes = std::get_if<Slopes>(&layer.op)) own_activations.push_back(slopes);
  }
  std::size_t count = 0;
  std::vector<Index> sizes{product.inputs()};
  for (std::size_t l = 0; l < product.layers().size(); ++l) {
    const auto* activation = std::get_if<Activation>(&product.layers()[l].op);
    if (activation == nullptr) continue;
    ASSERT_LT(count, own_activations.size()) << what;
    sizes.push_back(product.size(static_cast<Index>(l + 1)));
    ASSERT_EQ(static_cast<Index>(own_activations[count]->lower.size()), sizes.back()) << what;
    expect_slopes(*own_activations[count++], *activation, what);
    if (::testing::Test::HasFatalFailure()) return;
  }
  ASSERT_EQ(count, own_activations.size()) << what;
  constexpr int vectors = 3;
  for (int round = 0; round < vectors; ++round) {
    std::mt19937 random(static_cast<unsigned>(round));
    std::vector<Value> given;
    for (const Index size : sizes) given.push_back(random_vector(size, random));
    const std::vector<Value> a = evaluate<ApplyOwn>(
        own.layers, [&](std::size_t l) { return reads_of(own, l); },
        [](const Layer& layer) { return std::holds_alternative<Slopes>(layer.op); }, given);
    const std::vector<Value> b = evaluate<ApplyProduct>(
        product.layers(), [&](std::size_t l) { return product.read_by(static_cast<Index>(l)); },
        [](const geolip::Layer& layer) { return std::holds_alternative<Activation>(layer.op); }, given);
    ASSERT_EQ(a.size(), b.size()) << what;
    for (std::size_t k = 0; k < a.size(); ++k) {
      expect_close(a[k], b[k], what + " block " + std::to_string(k + 1));
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace geolip::checker::testing
