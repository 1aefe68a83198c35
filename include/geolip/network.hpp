/// \file
/// A feed-forward network: layers that read tensors and make one each, each a plain description of one
/// operator.
#pragma once

#include <array>
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

/// A two-dimensional convolution as neural networks mean it (no flipped kernel). Images are channel by
/// channel, row by row; a one-dimensional convolution has height 1. Channels and filters fall into `groups`
/// equal parts, and filters see the channels of their own part:
///
///     y(f, p, q) = bias_f + sum_{c, a, b} weight(f, c, a, b) x(c, stride p - top + dilation a, ...)
///
/// where x is 0 outside the image.
struct Conv {
  Index channels = 1;                 ///< of the input
  std::array<Index, 2> image{1, 1};   ///< height and width of the input
  Index filters = 1;                  ///< channels of the output
  std::array<Index, 2> kernel{1, 1};  ///< height and width
  std::array<Index, 2> stride{1, 1};
  std::array<Index, 2> dilation{1, 1};
  std::array<Index, 2> pads_before{0, 0};  ///< rows of zeros above, columns of zeros on the left
  std::array<Index, 2> pads_after{0, 0};   ///< below, on the right
  Index groups = 1;
  std::vector<double> weight;  ///< filters x (channels / groups) x kernel height x kernel width
  std::vector<double> bias;    ///< one entry a filter; empty means zero

  Index inputs() const { return channels * image[0] * image[1]; }
  Index outputs() const { return filters * output(0) * output(1); }
  /// Height (0) or width (1) of the output.
  Index output(std::size_t axis) const {
    const Index span = dilation[axis] * (kernel[axis] - 1) + 1;
    const Index room = image[axis] + pads_before[axis] + pads_after[axis] - span;
    return room < 0 ? 0 : room / stride[axis] + 1;
  }
};

/// The transpose of a convolution's matrix: from images like the outputs of `conv` to images like its inputs.
struct ConvTranspose {
  Conv conv;                 ///< its bias must be empty
  std::vector<double> bias;  ///< one entry a channel of `conv`; empty means zero
};

/// y = S x for a sparse S, its nonzero entries row by row: pooling, padding, slices, repetition.
struct Sparse {
  Index inputs = 0;
  std::vector<Index> offset{0};  ///< row i has the entries offset[i] .. offset[i + 1] - 1
  std::vector<Index> column;     ///< of each entry
  std::vector<double> value;     ///< of each entry

  Index outputs() const { return static_cast<Index>(offset.size()) - 1; }
  /// Adds an entry to the row that is being made, and closes that row.
  void add(Index at, double entry) {
    column.push_back(at);
    value.push_back(entry);
  }
  void end_row() { offset.push_back(static_cast<Index>(column.size())); }
};

/// y = sum_k a_k x_k over tensors of one size.
struct Add {
  std::vector<double> coefficients;  ///< a_k, one a tensor; empty means ones
};

/// y = (x_1; x_2; ...)
struct Concat {};

/// The activation functions that GeoLIP knows. The parameters (alpha, beta) are those of the ONNX
/// operator of the same name, and any finite numbers unless something else is said.
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
  clip,          ///< min(beta, max(alpha, x)), alpha < inf, beta > -inf (defaults -1, 1: hard tanh)
  gelu,          ///< x Phi(x), Phi the normal distribution function
  gelu_tanh,     ///< GELU's approximation by tanh
  silu,          ///< x / (1 + exp(-x)), also called swish
  hard_swish,    ///< x max(0, min(1, x / 6 + 1/2))
  mish,          ///< x tanh(log(1 + exp(x)))
  celu,          ///< x for x >= 0, alpha (exp(x / alpha) - 1) otherwise, alpha > 0 (default 1)
  softsign       ///< x / (1 + |x|)
};

/// An elementwise activation. It is made whole, with the parameters that its kind takes and no others, so
/// that it cannot be another function than it says.
class Activation {
 public:
  /// With ONNX's default parameters. Throws NetworkError for prelu, whose slopes have none.
  explicit Activation(ActivationKind kind);
  /// With parameters of its own. Throws NetworkError, in one sentence with the activation's name, if the kind
  /// takes another number of them or does not allow such a value.
  Activation(ActivationKind kind, double alpha);
  Activation(ActivationKind kind, double alpha, double beta);
  /// A prelu with the slopes of the neurons for negative inputs. Throws NetworkError if one is not finite.
  static Activation prelu(std::vector<double> slopes);

  ActivationKind kind() const { return kind_; }
  double alpha() const { return alpha_; }                        ///< first parameter, 0 if the kind has none
  double beta() const { return beta_; }                          ///< second parameter, 0 if the kind has none
  const std::vector<double>& slopes() const { return slopes_; }  ///< one entry a neuron; prelu only

 private:
  Activation() = default;
  void check() const;

  ActivationKind kind_ = ActivationKind::identity;
  double alpha_ = 0.0;
  double beta_ = 0.0;
  std::vector<double> slopes_;
};

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
  std::variant<Dense, Affine, Permutation, Activation, Conv, ConvTranspose, Sparse, Add, Concat> op;
};

/// Layers from `inputs()` to `outputs()` coordinates. Tensor 0 is the network's input, tensor l + 1 what
/// layer l makes, and the last tensor is the output. Every layer is checked when it is added, so that a
/// Network is always consistent and finite. A tensor may be read by several layers; one that leads to no
/// output plays no part.
class Network {
 public:
  /// \param inputs number of input coordinates, at least 1. Throws NetworkError otherwise.
  explicit Network(Index inputs);

  /// Appends a layer that reads the last tensor; returns the tensor that it makes. Throws NetworkError, in
  /// one sentence with the layer's name, if its dimensions do not fit, a value is not finite, or a
  /// permutation is none.
  Index add(Layer layer);
  /// Appends a layer that reads these tensors: one, or for Add and Concat any number from one on. Throws
  /// NetworkError as above, and where there is no such tensor.
  Index add(Layer layer, std::vector<Index> tensors);

  Index inputs() const { return sizes_.front(); }
  /// Number of output coordinates: those of the last tensor.
  Index outputs() const { return sizes_.back(); }
  const std::vector<Layer>& layers() const { return layers_; }
  /// Coordinates of tensor t, 0 <= t <= layers().size().
  Index size(Index t) const { return sizes_[static_cast<std::size_t>(t)]; }
  /// The tensors that layer l reads.
  const std::vector<Index>& read_by(Index l) const { return reads_[static_cast<std::size_t>(l)]; }
  /// Whether every layer reads the tensor before it alone.
  bool is_chain() const;

  /// f(x). Throws QueryError if x has the wrong size.
  std::vector<double> evaluate(std::span<const double> x) const;

  /// The gradient at x of <objective, f>, an element of R^inputs: one backward pass with the
  /// derivatives of activation_derivative. Throws QueryError if a size is wrong.
  std::vector<double> gradient(std::span<const double> x, std::span<const double> objective) const;

 private:
  std::vector<Index> sizes_;
  std::vector<Layer> layers_;
  std::vector<std::vector<Index>> reads_;
};

}  // namespace geolip
