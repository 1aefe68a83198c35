#include "checker/files/slopes.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace geolip::checker {
namespace {

// What a name stands for where a file has none: ONNX's defaults, as decimal numbers.
constexpr double leaky_alpha = 0.01;
constexpr double hard_sigmoid_alpha = 0.2;
constexpr double selu_alpha = 1.67326319217681884765625;
constexpr double selu_gamma = 1.05070102214813232421875;

// Ends that are no short numbers were computed with 50 digits as roots of the second derivative, and are the
// doubles next to them on the outer side:
//   gelu       Phi(x) + x phi(x) at x = -+1.41421356... -0.12890414518515478634..., 1.12890414518515478634...
//   gelu_tanh  at x = -+1.41850400879082835548... -0.12899306865877176545..., 1.12899306865877176545...
//   silu       s (1 + x (1 - s)) at x = -+2.39935728051546... -0.09983932012886691695...,
//              1.09983932012886691695...
//   mish       at x = -2.25637639639079... and 1.49057117948542... -0.11252612238946255640...,
//              1.08849816125172786122...
constexpr std::array<std::pair<std::string_view, Enclosure>, 12> fixed{{
    {"identity", {1.0, 1.0}},
    {"relu", {0.0, 1.0}},
    {"sigmoid", {0.0, 0.25}},
    {"tanh", {0.0, 1.0}},
    {"softplus", {0.0, 1.0}},
    {"gelu", {-0x1.07fee57f1cd3cp-3, 0x1.20ffdcafe39a8p+0}},
    {"gelu_tanh", {-0x1.082d849a669ebp-3, 0x1.2105b0934cd3ep+0}},
    {"silu", {-0x1.98f11d6cef08cp-4, 0x1.198f11d6cef09p+0}},
    {"hard_swish", {-0.5, 1.5}},
    {"mish", {-0x1.cce830f9bc267p-4, 0x1.16a7d0c455120p+0}},
    {"celu", {0.0, 1.0}},
    {"softsign", {0.0, 1.0}},
}};

}  // namespace

std::optional<Enclosure> fixed_slopes(std::string_view activation) {
  for (const auto& [name, slopes] : fixed) {
    if (name == activation) return slopes;
  }
  return std::nullopt;
}

Enclosure leaky_slopes(const Enclosure& slope) {
  return {std::min(1.0, slope.lower), std::max(1.0, slope.upper)};
}

Enclosure elu_slopes(double alpha) {
  // alpha exp(x) for x < 0 takes all values between 0 and alpha
  return {std::min(0.0, alpha), std::max(1.0, alpha)};
}

Enclosure selu_slopes(double alpha, double gamma) {
  const Enclosure inner = elu_slopes(alpha);
  return multiply(point(gamma), inner);
}

Enclosure hard_sigmoid_slopes(double alpha) { return {std::min(0.0, alpha), std::max(0.0, alpha)}; }

Enclosure clip_slopes(double least, double most) {
  return least < most ? Enclosure{0.0, 1.0} : Enclosure{0.0, 0.0};
}

std::optional<Enclosure> default_slopes(std::string_view activation) {
  if (activation == "leaky_relu") return leaky_slopes(point(leaky_alpha));
  if (activation == "elu") return elu_slopes(1.0);
  if (activation == "selu") return selu_slopes(selu_alpha, selu_gamma);
  if (activation == "hard_sigmoid") return hard_sigmoid_slopes(hard_sigmoid_alpha);
  if (activation == "clip") return clip_slopes(-1.0, 1.0);
  return fixed_slopes(activation);
}

}  // namespace geolip::checker
