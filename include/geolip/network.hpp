/// \file
/// A feed-forward network as a chain of layers, each a plain description of one operator.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace geolip {

/// Signed size and index type of the whole library.
using Index = std::int64_t;

/// A dense row-major matrix of doubles.
struct Matrix {
  Index rows = 0;            ///< number of rows
  Index cols = 0;            ///< number of columns
  std::vector<double> data;  ///< rows * cols entries, row after row

  Matrix() = default;
  /// A matrix of zeros.
  Matrix(Index rows_, Index cols_)
      : rows(rows_), cols(cols_), data(static_cast<std::size_t>(rows_ * cols_)) {}

  double& operator()(Index i, Index j) { return data[static_cast<std::size_t>(i * cols + j)]; }
  double operator()(Index i, Index j) const { return data[static_cast<std::size_t>(i * cols + j)]; }
};

/// y = W x + b.
struct Dense {
  Matrix weight;             ///< W, outputs x inputs
  std::vector<double> bias;  ///< b, one entry an output; empty means zero
};

/// y_i = scale_i x_i + shift_i (input normalisation, batch normalisation in inference form).
struct Affine {
  std::vector<double> scale;  ///< one entry a coordinate
  std::vector<double> shift;  ///< one entry a coordinate; empty means zero
};

/// y_i = x_{source_i}: a relabelling of coordinates (transpose, NHWC to NCHW).
struct Permutation {
  std::vector<Index> source;  ///< a permutation of 0 .. n-1
};

/// The activation functions that GeoLIP knows. The parameters (alpha, beta) are those of the ONNX
/// operator of the same name.
enum class ActivationKind {
  identity,      ///< x
  relu,          ///< max(x, 0)
  leaky_relu,    ///< x for x >= 0, alpha x otherwise (default alpha 0.01)
  prelu,         ///< leaky ReLU with a slope for each neuron (Activation::slopes)
  sigmoid,       ///< 1 / (1 + exp(-x))
  tanh,          ///< tanh(x)
  elu,           ///< x for x >= 0, alpha (exp(x) - 1) otherwise (default alpha 1)
  selu,          ///< beta (x for x >= 0, alpha (exp(x) - 1) otherwise); beta is ONNX's gamma
  softplus,      ///< log(1 + exp(x))
  hard_sigmoid,  ///< max(0, min(1, alpha x + beta)) (defaults 0.2, 0.5)
  clip,          ///< max(alpha, min(beta, x)); hard tanh is alpha = -1, beta = 1
  gelu,          ///< x Phi(x), Phi the normal distribution function
  gelu_tanh,     ///< GELU's approximation by tanh
  silu           ///< x / (1 + exp(-x)), also called swish
};

/// An elementwise activation.
struct Activation {
  ActivationKind kind = ActivationKind::relu;
  double alpha = 0.0;          ///< first parameter, see ActivationKind
  double beta = 0.0;           ///< second parameter, see ActivationKind
  std::vector<double> slopes;  ///< prelu only: the slope for negative inputs, one entry a neuron
};

/// An activation of the given kind with ONNX's default parameters.
Activation make_activation(ActivationKind kind);

/// The activation's lower-case name ("relu", "leaky_relu", ...), and the way back.
/// activation_from_name throws QueryError for a name it does not know (prelu, which has no
/// defaults, included).
std::string_view to_string(ActivationKind kind);
Activation activation_from_name(std::string_view name);

/// An interval [lower, upper] that holds every difference quotient (f(x) - f(y)) / (x - y).
struct SlopeInterval {
  double lower = 0.0;
  double upper = 1.0;
};

/// The slope interval of neuron `i` of an activation. The interval is an enclosure: bounds that are
/// not exact doubles (GELU, SiLU) are rounded outwards. docs/method.md says where the numbers come from.
SlopeInterval slope_interval(const Activation& activation, Index i);

/// Value of the activation at x, neuron i.
double activation_value(const Activation& activation, Index i, double x);
/// A derivative (at a kink: one of the one-sided derivatives) of the activation at x, neuron i.
double activation_derivative(const Activation& activation, Index i, double x);

/// One layer: a name for messages and reports, and what it does.
struct Layer {
  std::string name;
  std::variant<Dense, Affine, Permutation, Activation> op;
};

/// A chain of layers from `inputs()` to `outputs()` coordinates. Every layer is checked when it is
/// added, so that a Network is always consistent and finite.
class Network {
 public:
  /// \param inputs number of input coordinates, at least 1. Throws NetworkError otherwise.
  explicit Network(Index inputs);

  /// Appends a layer. Throws NetworkError, in one sentence with the layer's name, if its dimensions
  /// do not fit the layer before it, a value is not finite, or a permutation is none.
  void add(Layer layer);

  Index inputs() const { return inputs_; }
  /// Number of output coordinates: those of the last layer.
  Index outputs() const { return outputs_; }
  const std::vector<Layer>& layers() const { return layers_; }

  /// f(x). Throws QueryError if x has the wrong size.
  std::vector<double> evaluate(std::span<const double> x) const;

  /// The gradient at x of <objective, f>, an element of R^inputs: one backward pass with the
  /// derivatives of activation_derivative. Throws QueryError if a size is wrong.
  std::vector<double> gradient(std::span<const double> x, std::span<const double> objective) const;

 private:
  Index inputs_;
  Index outputs_;
  std::vector<Layer> layers_;
};

}  // namespace geolip
