/// \file
/// Whether an operation in doubles was exact.
#pragma once

#include <cmath>

namespace geolip::formats::onnx_graph {

/// Whether a * b is `product` without rounding. Products so small that their error would underflow count as
/// rounded.
inline bool is_exact_product(double a, double b, double product) {
  constexpr double smallest = 0x1p-960;
  if (product == 0.0) return a == 0.0 || b == 0.0;
  return std::abs(product) >= smallest && std::fma(a, b, -product) == 0.0;
}

/// Whether a + b is `sum` without rounding (Knuth's two-sum).
inline bool is_exact_sum(double a, double b, double sum) {
  const double c = sum - a;
  return (a - (sum - c)) + (b - c) == 0.0;
}

}  // namespace geolip::formats::onnx_graph
