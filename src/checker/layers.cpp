#include <checker/layers.hpp>

#include <checker/bytes.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace geolip::checker {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Interval {
  double lower;
  double upper;
};

// Ends that are no short numbers were computed with 50 digits as roots of the second derivative, and are the
// doubles next to them on the outer side:
//   gelu       Phi(x) + x phi(x) at x = -+1.41421356...
//              -0.12890414518515478634..., 1.12890414518515478634...
//   gelu_tanh  at x = -+1.41850400879082835548...
//              -0.12899306865877176545..., 1.12899306865877176545...
//   silu       s (1 + x (1 - s)) at x = -+2.39935728051546...
//              -0.09983932012886691695..., 1.09983932012886691695...
//   mish       at x = -2.25637639639079... and 1.49057117948542...
//              -0.11252612238946255640..., 1.08849816125172786122...
constexpr std::array<std::pair<std::string_view, Interval>, 9> fixed{{
    {"sigmoid", {0.0, 0.25}},
    {"tanh", {0.0, 1.0}},
    {"softplus", {0.0, 1.0}},
    {"gelu", {-0x1.07fee57f1cd3cp-3, 0x1.20ffdcafe39a8p+0}},
    {"gelu_tanh", {-0x1.082d849a669ebp-3, 0x1.2105b0934cd3ep+0}},
    {"silu", {-0x1.98f11d6cef08cp-4, 0x1.198f11d6cef09p+0}},
    {"hard_swish", {-0.5, 1.5}},
    {"mish", {-0x1.cce830f9bc267p-4, 0x1.16a7d0c455120p+0}},
    {"softsign", {0.0, 1.0}},
}};

[[noreturn]] void refuse(std::string_view kind) {
  throw ReadError("an activation of the kind " + in_quotes(kind) + " has parameters that give no slopes");
}

/// x for x > 0, s x else.
Interval prelu(double s) {
  if (!std::isfinite(s)) refuse("prelu");
  return {std::min(1.0, s), std::max(1.0, s)};
}

/// The double `steps` places above x, or below where `steps` is negative.
double moved(double x, int steps) {
  for (; steps > 0; --steps) x = std::nextafter(x, infinity);
  for (; steps < 0; ++steps) x = std::nextafter(x, -infinity);
  return x;
}

/// factor x for x > 0, factor alpha (exp(x / width) - 1) else: the derivative is the factor, or takes all
/// values between 0 and factor alpha / width. The width is 1, or alpha.
Interval elu(double alpha, double width, double factor) {
  const bool known = width == 1.0 || (width == alpha && width > 0.0);
  if (!std::isfinite(alpha) || !std::isfinite(factor) || !known) refuse("elu");
  const double ratio = width == 1.0 ? alpha : 1.0;
  const double steep = ratio * factor;
  const bool exact = factor == 1.0 || ratio == 1.0 || factor == 0.0 || ratio == 0.0;
  // outwards: a product that vanished is next to a number of its sign
  const double end =
      exact ? steep
            : std::nextafter(steep, std::signbit(ratio) == std::signbit(factor) ? infinity : -infinity);
  if (!std::isfinite(end)) refuse("elu");
  return {std::min({0.0, factor, end}), std::max({0.0, factor, end})};
}

/// min(max(scale x + shift, low), high)
Interval clip(double scale, double shift, double low, double high) {
  if (!std::isfinite(scale) || !std::isfinite(shift) || !(low < infinity) || !(high > -infinity))
    refuse("clip");
  if (low >= high) return {0.0, 0.0};
  return {std::min(0.0, scale), std::max(0.0, scale)};
}

Interval slopes_of_one(std::string_view kind, const std::vector<double>& p) {
  if (kind == "prelu") return prelu(p[0]);
  if (kind == "elu") return elu(p[0], p[1], p[2]);
  if (kind == "clip") return clip(p[0], p[1], p[2], p[3]);
  return std::find_if(fixed.begin(), fixed.end(), [&](const auto& known) { return known.first == kind; })
      ->second;
}

}  // namespace

std::vector<const char*> parameters_of(std::string_view kind) {
  if (kind == "prelu") return {"slope"};
  if (kind == "elu") return {"alpha", "width", "factor"};
  if (kind == "clip") return {"scale", "shift", "low", "high"};
  if (std::any_of(fixed.begin(), fixed.end(), [&](const auto& known) { return known.first == kind; }))
    return {};
  throw ReadError("the kind " + in_quotes(kind) + " is not known");
}

Slopes slopes_of(std::string_view kind, const std::vector<std::vector<double>>& parameters, Index neurons) {
  if (parameters.size() != parameters_of(kind).size())
    throw ReadError("an activation of the kind " + in_quotes(kind) + " has not its parameters");
  const auto n = at(neurons);
  for (const std::vector<double>& parameter : parameters) {
    if (parameter.size() != 1 && (kind != "prelu" || parameter.size() != n)) {
      throw ReadError("a parameter of the kind " + in_quotes(kind) + " has " +
                      std::to_string(parameter.size()) + " numbers where there are " +
                      std::to_string(neurons) + " neurons");
    }
  }
  Slopes slopes{std::vector<double>(n), std::vector<double>(n)};
  const bool each = !parameters.empty() && parameters[0].size() != 1;
  Interval interval{0.0, 0.0};
  for (std::size_t i = 0; i < n; ++i) {
    if (each || i == 0) {
      std::vector<double> own;
      for (const std::vector<double>& parameter : parameters) own.push_back(parameter[each ? i : 0]);
      interval = slopes_of_one(kind, own);
    }
    slopes.lower[i] = interval.lower;
    slopes.upper[i] = interval.upper;
  }
  return slopes;
}

Scale scale_of(std::vector<double> factors) {
  // a sum under a root, a root, a quotient
  constexpr int roundings = 3;
  Scale scale;
  for (const double s : factors) {
    const bool exact = s == 0.0 || std::abs(s) == 1.0;
    scale.lower.push_back(exact ? s : moved(s, -roundings));
    scale.upper.push_back(exact ? s : moved(s, roundings));
  }
  scale.value = std::move(factors);
  return scale;
}

namespace {

[[noreturn]] void refuse_convolution(const char* what) {
  throw ReadError(std::string("a convolution ") + what);
}

Index positions(const Convolution& conv, std::size_t axis) {
  return (conv.image[axis] + conv.before[axis] + conv.after[axis] -
          conv.dilation[axis] * (conv.kernel[axis] - 1) - 1) /
             conv.stride[axis] +
         1;
}

/// The product of sizes below 2^30, if it is none that no memory holds.
Index product(std::initializer_list<Index> factors) {
  constexpr Index most = Index{1} << 40U;
  Index result = 1;
  for (const Index factor : factors) {
    if (__builtin_mul_overflow(result, factor, &result) || result > most)
      refuse_convolution("is larger than any memory");
  }
  return result;
}

}  // namespace

std::pair<Index, Index> sizes_of(const Convolution& conv) {
  constexpr Index largest = Index{1} << 30U;  // the square is an Index
  const auto require = [&](Index least, std::initializer_list<Index> sizes) {
    for (const Index size : sizes) {
      if (size < least || size > largest) refuse_convolution("has sizes that make no sense");
    }
  };
  require(1, {conv.channels, conv.filters, conv.groups});
  for (std::size_t axis = 0; axis < 2; ++axis) {
    require(1, {conv.image[axis], conv.kernel[axis], conv.stride[axis], conv.dilation[axis]});
    require(0, {conv.before[axis], conv.after[axis]});
    if (conv.image[axis] + conv.before[axis] + conv.after[axis] <=
        conv.dilation[axis] * (conv.kernel[axis] - 1))
      refuse_convolution("has a kernel larger than the padded image");
  }
  if (conv.channels % conv.groups != 0 || conv.filters % conv.groups != 0)
    refuse_convolution("does not fall into its groups");
  const Index window = product({conv.channels / conv.groups, conv.kernel[0], conv.kernel[1]});
  if (static_cast<Index>(conv.weight.size()) != product({conv.filters, window}))
    refuse_convolution("has a weight of another size");
  const Index outputs = product({conv.filters, positions(conv, 0), positions(conv, 1)});
  product({outputs, window});
  return {product({conv.channels, conv.image[0], conv.image[1]}), outputs};
}

Sparse rows_of(const Convolution& conv, bool transposed) {
  const auto [inputs, outputs] = sizes_of(conv);
  const Index part = conv.channels / conv.groups;
  const std::array<Index, 2> output{positions(conv, 0), positions(conv, 1)};
  // visit(output, input, weight) for every entry, output by output
  const auto for_each = [&](const auto& visit) {
    for (Index f = 0; f < conv.filters; ++f) {
      const Index first = f / (conv.filters / conv.groups) * part;
      for (Index i = f * output[0] * output[1], p = 0; p < output[0]; ++p) {
        for (Index q = 0; q < output[1]; ++q, ++i) {
          for (Index w = f * part * conv.kernel[0] * conv.kernel[1], c = first; c < first + part; ++c) {
            for (Index a = 0; a < conv.kernel[0]; ++a) {
              const Index y = p * conv.stride[0] - conv.before[0] + a * conv.dilation[0];
              for (Index b = 0; b < conv.kernel[1]; ++b, ++w) {
                const Index x = q * conv.stride[1] - conv.before[1] + b * conv.dilation[1];
                if (y < 0 || y >= conv.image[0] || x < 0 || x >= conv.image[1]) continue;
                visit(i, (c * conv.image[0] + y) * conv.image[1] + x, conv.weight[at(w)]);
              }
            }
          }
        }
      }
    }
  };
  Sparse rows;
  rows.cols = transposed ? outputs : inputs;
  rows.offset.assign(at((transposed ? inputs : outputs) + 1), 0);
  for_each([&](Index i, Index j, double) { ++rows.offset[at((transposed ? j : i) + 1)]; });
  for (std::size_t i = 1; i < rows.offset.size(); ++i) rows.offset[i] += rows.offset[i - 1];
  rows.column.resize(at(rows.offset.back()));
  rows.value.resize(rows.column.size());
  std::vector<Index> next(rows.offset);
  for_each([&](Index i, Index j, double w) {
    const auto k = at(next[at(transposed ? j : i)]++);
    rows.column[k] = transposed ? i : j;
    rows.value[k] = w;
  });
  return rows;
}

}  // namespace geolip::checker
