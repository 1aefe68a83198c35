#include <geolip/error.hpp>
#include <geolip/network.hpp>
#include <network/at.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace geolip {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Extreme derivatives, rounded outwards in the last digit given (docs/method.md, table of slopes).
// GELU: Phi(x) + x phi(x) is extreme at x = +-sqrt(2); the extremes add up to 1.
constexpr double gelu_slope_max = 1.1289041451851549;
// GELU by tanh: extreme at x = +-1.41850...; the extremes add up to 1.
constexpr double gelu_tanh_slope_max = 1.1289930686587719;
// SiLU: s (1 + x (1 - s)), s the sigmoid, is extreme at x = +-2.39936...; the extremes add up to 1.
constexpr double silu_slope_max = 1.0998393201288671;
// Mish: t + x (1 - t^2) s, t = tanh(softplus) and s the sigmoid, is extreme at x = -2.25637... and 1.49057...
constexpr double mish_slope_min = -0.11252612238946257;
constexpr double mish_slope_max = 1.088498161251728;

// ONNX's default parameters.
constexpr double leaky_relu_alpha = 0.01;
constexpr double selu_alpha = 1.67326319217681884765625;
constexpr double selu_gamma = 1.05070102214813232421875;
constexpr double hard_sigmoid_alpha = 0.2;
constexpr double hard_sigmoid_beta = 0.5;
// Coefficient of the cubic term in GELU's tanh form.
constexpr double gelu_cubic = 0.044715;

/// What is known of a kind: its name, and the default of every parameter that it takes.
struct Description {
  ActivationKind kind;
  std::string_view name;
  std::size_t parameters = 0;
  double alpha = 0.0;
  double beta = 0.0;
};

constexpr std::array<Description, 18> descriptions{{
    {ActivationKind::identity, "identity"},
    {ActivationKind::relu, "relu"},
    {ActivationKind::leaky_relu, "leaky_relu", 1, leaky_relu_alpha},
    {ActivationKind::prelu, "prelu"},
    {ActivationKind::sigmoid, "sigmoid"},
    {ActivationKind::tanh, "tanh"},
    {ActivationKind::elu, "elu", 1, 1.0},
    {ActivationKind::selu, "selu", 2, selu_alpha, selu_gamma},
    {ActivationKind::softplus, "softplus"},
    {ActivationKind::hard_sigmoid, "hard_sigmoid", 2, hard_sigmoid_alpha, hard_sigmoid_beta},
    {ActivationKind::clip, "clip", 2, -1.0, 1.0},
    {ActivationKind::gelu, "gelu"},
    {ActivationKind::gelu_tanh, "gelu_tanh"},
    {ActivationKind::silu, "silu"},
    {ActivationKind::hard_swish, "hard_swish"},
    {ActivationKind::mish, "mish"},
    {ActivationKind::celu, "celu", 1, 1.0},
    {ActivationKind::softsign, "softsign"},
}};

/// Throws NetworkError for a number that is none of the kinds.
const Description& describe(ActivationKind kind) {
  const auto* found = std::find_if(descriptions.begin(), descriptions.end(),
                                   [kind](const Description& d) { return d.kind == kind; });
  if (found == descriptions.end()) throw NetworkError("activation of unknown kind");
  return *found;
}

[[noreturn]] void fail(ActivationKind kind, const std::string& what) {
  throw NetworkError(std::string(to_string(kind)) + ": " + what);
}

void require_count(const Description& description, std::size_t have) {
  if (have != description.parameters) {
    fail(description.kind, "it takes " + std::to_string(description.parameters) + " parameters but has " +
                               std::to_string(have));
  }
}

double up(double x) { return std::nextafter(x, infinity); }
double down(double x) { return std::nextafter(x, -infinity); }

double sigmoid(double x) {
  // exp of a negative number only: no overflow on either side
  const double e = std::exp(-std::abs(x));
  return x >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double normal_pdf(double x) {
  return std::exp(-0.5 * x * x) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
}

// Argument of tanh in GELU's tanh form, sqrt(2 / pi) (x + 0.044715 x^3), and its derivative.
double gelu_inner(double x) {
  return std::numbers::sqrt2 * std::numbers::inv_sqrtpi * (x + gelu_cubic * x * x * x);
}
double gelu_inner_derivative(double x) {
  return std::numbers::sqrt2 * std::numbers::inv_sqrtpi * (1.0 + 3.0 * gelu_cubic * x * x);
}

double negative_slope(const Activation& a, Index i) {
  return a.kind() == ActivationKind::prelu ? at(a.slopes(), i) : a.alpha();
}

/// The interval from the least to the largest of some slopes.
SlopeInterval hull(std::initializer_list<double> slopes) { return {std::min(slopes), std::max(slopes)}; }

}  // namespace

Activation::Activation(ActivationKind kind)
    : kind_(kind), alpha_(describe(kind).alpha), beta_(describe(kind).beta) {
  if (kind == ActivationKind::prelu) fail(kind, "its slopes have no defaults");
}

Activation::Activation(ActivationKind kind, double alpha) : kind_(kind), alpha_(alpha) {
  require_count(describe(kind), 1);
  check();
}

Activation::Activation(ActivationKind kind, double alpha, double beta)
    : kind_(kind), alpha_(alpha), beta_(beta) {
  require_count(describe(kind), 2);
  check();
}

Activation Activation::prelu(std::vector<double> slopes) {
  Activation activation;
  activation.kind_ = ActivationKind::prelu;
  activation.slopes_ = std::move(slopes);
  activation.check();
  return activation;
}

void Activation::check() const {
  if (kind_ == ActivationKind::clip) {
    if (!(alpha_ < infinity)) fail(kind_, "the lower end is no number below infinity");
    if (!(beta_ > -infinity)) fail(kind_, "the upper end is no number above minus infinity");
    return;
  }
  const auto bad = std::find_if(slopes_.begin(), slopes_.end(), [](double s) { return !std::isfinite(s); });
  if (bad != slopes_.end()) fail(kind_, "slope " + std::to_string(bad - slopes_.begin()) + " is not finite");
  if (!std::isfinite(alpha_) || !std::isfinite(beta_)) fail(kind_, "a parameter is not finite");
  // below zero the function falls, or grows, like an exponential
  if (kind_ == ActivationKind::celu && !(alpha_ > 0.0)) fail(kind_, "alpha is not above 0");
  if (kind_ == ActivationKind::selu && !std::isfinite(up(std::abs(alpha_ * beta_))))
    fail(kind_, "its slope alpha beta is not finite");
}

std::string_view to_string(ActivationKind kind) { return describe(kind).name; }

Activation activation_from_name(std::string_view name) {
  std::string known;
  for (const Description& description : descriptions) {
    if (description.kind == ActivationKind::prelu) continue;
    if (description.name == name) return Activation(description.kind);
    known += (known.empty() ? "" : ", ") + std::string(description.name);
  }
  throw QueryError("activation '" + std::string(name) + "' is not known (" + known + ")");
}

SlopeInterval slope_interval(const Activation& a, Index i) {
  switch (a.kind()) {
    case ActivationKind::identity:
      return {1.0, 1.0};
    case ActivationKind::relu:
    case ActivationKind::tanh:
    case ActivationKind::softplus:
    case ActivationKind::celu:
    case ActivationKind::softsign:
      return {0.0, 1.0};
    case ActivationKind::leaky_relu:
    case ActivationKind::prelu:
      return hull({1.0, negative_slope(a, i)});
    case ActivationKind::sigmoid:
      return {0.0, 0.25};
    case ActivationKind::elu:
      // alpha exp(x) for x < 0 lies between 0 and alpha
      return hull({0.0, a.alpha(), 1.0});
    case ActivationKind::selu: {
      // beta for x > 0, and between 0 and alpha beta for x < 0; the product is rounded
      const double product = a.alpha() * a.beta();
      const bool zero = a.alpha() == 0.0 || a.beta() == 0.0;
      return hull({0.0, a.beta(), zero ? 0.0 : up(product), zero ? 0.0 : down(product)});
    }
    case ActivationKind::hard_sigmoid:
      return hull({0.0, a.alpha()});
    case ActivationKind::clip:
      return a.alpha() < a.beta() ? SlopeInterval{0.0, 1.0} : SlopeInterval{0.0, 0.0};
    case ActivationKind::gelu:
      return {down(1.0 - gelu_slope_max), gelu_slope_max};
    case ActivationKind::gelu_tanh:
      return {down(1.0 - gelu_tanh_slope_max), gelu_tanh_slope_max};
    case ActivationKind::silu:
      return {down(1.0 - silu_slope_max), silu_slope_max};
    case ActivationKind::hard_swish:
      // (2 x + 3) / 6 for |x| < 3
      return {-0.5, 1.5};
    case ActivationKind::mish:
      return {mish_slope_min, mish_slope_max};
  }
  throw NetworkError("activation of unknown kind");
}

double activation_value(const Activation& a, Index i, double x) {
  switch (a.kind()) {
    case ActivationKind::identity:
      return x;
    case ActivationKind::relu:
      return std::max(x, 0.0);
    case ActivationKind::leaky_relu:
    case ActivationKind::prelu:
      return x >= 0.0 ? x : negative_slope(a, i) * x;
    case ActivationKind::sigmoid:
      return sigmoid(x);
    case ActivationKind::tanh:
      return std::tanh(x);
    case ActivationKind::elu:
      return x >= 0.0 ? x : a.alpha() * std::expm1(x);
    case ActivationKind::selu:
      return a.beta() * (x >= 0.0 ? x : a.alpha() * std::expm1(x));
    case ActivationKind::softplus:
      return softplus(x);
    case ActivationKind::hard_sigmoid:
      return std::clamp(a.alpha() * x + a.beta(), 0.0, 1.0);
    case ActivationKind::clip:
      return std::min(std::max(x, a.alpha()), a.beta());
    case ActivationKind::gelu:
      return x * normal_cdf(x);
    case ActivationKind::gelu_tanh:
      return 0.5 * x * (1.0 + std::tanh(gelu_inner(x)));
    case ActivationKind::silu:
      return x * sigmoid(x);
    case ActivationKind::hard_swish:
      return x * std::clamp(x / 6.0 + 0.5, 0.0, 1.0);
    case ActivationKind::mish:
      return x * std::tanh(softplus(x));
    case ActivationKind::celu:
      return x >= 0.0 ? x : a.alpha() * std::expm1(x / a.alpha());
    case ActivationKind::softsign:
      return x / (1.0 + std::abs(x));
  }
  throw NetworkError("activation of unknown kind");
}

double activation_derivative(const Activation& a, Index i, double x) {
  switch (a.kind()) {
    case ActivationKind::identity:
      return 1.0;
    case ActivationKind::relu:
      return x > 0.0 ? 1.0 : 0.0;
    case ActivationKind::leaky_relu:
    case ActivationKind::prelu:
      return x >= 0.0 ? 1.0 : negative_slope(a, i);
    case ActivationKind::sigmoid: {
      const double s = sigmoid(x);
      return s * sigmoid(-x);
    }
    case ActivationKind::tanh: {
      const double t = std::tanh(x);
      return (1.0 - t) * (1.0 + t);
    }
    case ActivationKind::elu:
      return x >= 0.0 ? 1.0 : a.alpha() * std::exp(x);
    case ActivationKind::selu:
      return a.beta() * (x >= 0.0 ? 1.0 : a.alpha() * std::exp(x));
    case ActivationKind::softplus:
      return sigmoid(x);
    case ActivationKind::hard_sigmoid: {
      const double y = a.alpha() * x + a.beta();
      return y > 0.0 && y < 1.0 ? a.alpha() : 0.0;
    }
    case ActivationKind::clip:
      return x > a.alpha() && x < a.beta() ? 1.0 : 0.0;
    case ActivationKind::gelu:
      return normal_cdf(x) + x * normal_pdf(x);
    case ActivationKind::gelu_tanh: {
      const double t = std::tanh(gelu_inner(x));
      // far out the second factor is 0 and the third overflows
      const double bend = 1.0 - t * t;
      return 0.5 * (1.0 + t) + (bend > 0.0 ? 0.5 * x * bend * gelu_inner_derivative(x) : 0.0);
    }
    case ActivationKind::silu: {
      const double s = sigmoid(x);
      return s * (1.0 + x * sigmoid(-x));
    }
    case ActivationKind::hard_swish:
      if (std::abs(x) >= 3.0) return x > 0.0 ? 1.0 : 0.0;
      return x / 3.0 + 0.5;
    case ActivationKind::mish: {
      const double t = std::tanh(softplus(x));
      return t + x * (1.0 - t) * (1.0 + t) * sigmoid(x);
    }
    case ActivationKind::celu:
      return x >= 0.0 ? 1.0 : std::exp(x / a.alpha());
    case ActivationKind::softsign:
      return 1.0 / ((1.0 + std::abs(x)) * (1.0 + std::abs(x)));
  }
  throw NetworkError("activation of unknown kind");
}

}  // namespace geolip
