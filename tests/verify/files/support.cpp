#include "verify/files/support.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace geolip::verify::testing {
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

/// Applies a linear layer; false for an activation.
bool apply(const Layer& layer, Value& x) {
  if (const auto* dense = std::get_if<Dense>(&layer.op)) {
    x = multiply(dense->weight, dense->rows, dense->cols, x);
  } else if (const auto* factor = std::get_if<Scale>(&layer.op)) {
    for (std::size_t i = 0; i < x.y.size(); ++i) {
      EXPECT_LE(factor->lower[i], factor->upper[i]);
      scale(x, i, factor->lower[i] / 2.0 + factor->upper[i] / 2.0);
      if (factor->numerator.empty()) continue;
      const long double quotient =
          static_cast<long double>(factor->numerator[i]) / static_cast<long double>(factor->denominator[i]);
      EXPECT_LE(static_cast<long double>(factor->lower[i]), quotient);
      EXPECT_GE(static_cast<long double>(factor->upper[i]), quotient);
    }
  } else if (const auto* permutation = std::get_if<Permutation>(&layer.op)) {
    x = relabel(permutation->source, x);
  } else {
    return false;
  }
  return true;
}

bool apply(const geolip::Layer& layer, Value& x) {
  if (const auto* dense = std::get_if<geolip::Dense>(&layer.op)) {
    x = multiply(dense->weight.data, dense->weight.rows, dense->weight.cols, x);
  } else if (const auto* affine = std::get_if<Affine>(&layer.op)) {
    for (std::size_t i = 0; i < x.y.size(); ++i) scale(x, i, affine->scale[i]);
  } else if (const auto* permutation = std::get_if<geolip::Permutation>(&layer.op)) {
    x = relabel(permutation->source, x);
  } else {
    return false;
  }
  return true;
}

void expect_close(const Value& own, const Value& product, const std::string& what) {
  ASSERT_EQ(own.y.size(), product.y.size()) << what;
  for (std::size_t i = 0; i < own.y.size(); ++i) {
    ASSERT_LE(std::abs(own.y[i] - product.y[i]), tolerance * product.size[i]) << what << " row " << i;
  }
}

void expect_slopes(const Slopes& own, const Activation& product, const std::string& what) {
  ASSERT_EQ(own.activation, geolip::to_string(product.kind)) << what;
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

void expect_same(const Network& own, const geolip::Network& product, const std::string& what) {
  ASSERT_EQ(own.inputs, product.inputs()) << what;
  ASSERT_EQ(own.outputs, product.outputs()) << what;
  constexpr int vectors = 3;
  for (int round = 0; round < vectors; ++round) {
    std::mt19937 random(static_cast<unsigned>(round));
    Value a = random_vector(own.inputs, random);
    Value b = a;
    std::size_t i = 0;
    std::size_t k = 0;
    while (true) {
      while (i < own.layers.size() && apply(own.layers[i], a)) ++i;
      while (k < product.layers().size() && apply(product.layers()[k], b)) ++k;
      expect_close(a, b, what);
      if (::testing::Test::HasFatalFailure()) return;
      ASSERT_EQ(i == own.layers.size(), k == product.layers().size()) << what;
      if (i == own.layers.size()) break;
      expect_slopes(std::get<Slopes>(own.layers[i].op), std::get<Activation>(product.layers()[k].op), what);
      if (::testing::Test::HasFatalFailure()) return;
      ++i;
      ++k;
      a = b = random_vector(static_cast<Index>(a.y.size()), random);
    }
  }
}

}  // namespace geolip::verify::testing
