// Activations: what the checker needs of each are its slopes.
#include "checker/files/onnx/operators.hpp"
#include "checker/files/slopes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace geolip::checker::onnx {
namespace {

double clip_bound(const Step& s, std::size_t i, const char* name, double open) {
  if (s.node.opset() < 11) return s.node.real(name, open);
  if (s.node.has(name)) {
    throw ReadError("operator Clip has the attributes of an older version than the model states");
  }
  if (!s.node.has_input(i)) return open;
  const Tensor& bound = s.constant(i, name);
  if (!bound.real || bound.size() != 1 || !bound.exact() || std::isnan(bound.lower[0])) {
    throw ReadError(std::string(name) + " of operator Clip must be one number of a float type");
  }
  return bound.lower[0];
}

}  // namespace

void softmax(const Step& s) {
  if (!s.logits) throw ReadError("the network ends in " + s.node.op() + ", which is not supported");
  s.graph.close();
}

/// Activations without parameters: ONNX's names in lower case are ours.
void plain(const Step& s) {
  std::string name = s.node.op();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  s.graph.add_slopes(s.node.label(), name, fixed_slopes(name).value());
}

void leaky_relu(const Step& s) {
  // attributes are floats, those left out as well
  const double alpha = s.node.real("alpha", static_cast<double>(0.01F));
  s.graph.add_slopes(s.node.label(), "leaky_relu", leaky_slopes(point(alpha)));
}

/// |x|: a leaky ReLU of slope -1.
void absolute_value(const Step& s) {
  s.graph.add_slopes(s.node.label(), "leaky_relu", leaky_slopes(point(-1.0)));
}

void elu(const Step& s) { s.graph.add_slopes(s.node.label(), "elu", elu_slopes(s.node.real("alpha", 1.0))); }

void selu(const Step& s) {
  constexpr double alpha = 1.67326319217681884765625;
  constexpr double gamma = 1.05070102214813232421875;
  s.graph.add_slopes(s.node.label(), "selu",
                     selu_slopes(s.node.real("alpha", alpha), s.node.real("gamma", gamma)));
}

void hard_sigmoid(const Step& s) {
  s.node.real("beta", 0.5);
  const double alpha = s.node.real("alpha", static_cast<double>(0.2F));
  s.graph.add_slopes(s.node.label(), "hard_sigmoid", hard_sigmoid_slopes(alpha));
}

void prelu(const Step& s) {
  require_data_first(s);
  Tensor slope = s.constant(1, "the slope");
  require_real(slope, "the slope");
  const Shape before = s.graph.shape();
  // Before version 7 a list of slopes was one for each channel.
  if (s.node.opset() < 7 && slope.shape.size() == 1 && before.size() > 2)
    slope.shape.resize(before.size() - 1, 1);
  std::vector<Enclosure> slopes;
  for (const Index i : s.graph.spread(slope)) {
    const Enclosure at = slope.at(i);
    require_finite({at.lower, at.upper}, "the slope");
    slopes.push_back(leaky_slopes(at));
  }
  if (s.graph.shape() != before) {
    throw ReadError("the slope is " + shape_text(slope.shape) + " but its input is " + shape_text(before));
  }
  s.graph.add_slopes(s.node.label(), "prelu", slopes);
}

void clip(const Step& s) {
  require_data_first(s);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double least = clip_bound(s, 1, "min", -infinity);
  const double most = clip_bound(s, 2, "max", infinity);
  s.graph.add_slopes(s.node.label(), "clip", clip_slopes(least, most));
}

void gelu(const Step& s) {
  const std::string approximate = s.node.text("approximate", "none");
  if (approximate != "none" && approximate != "tanh") {
    throw ReadError("operator Gelu with approximate " + in_quotes(approximate) + " is not supported");
  }
  const std::string name = approximate == "none" ? "gelu" : "gelu_tanh";
  s.graph.add_slopes(s.node.label(), name, fixed_slopes(name).value());
}

void hard_swish(const Step& s) {
  s.graph.add_slopes(s.node.label(), "hard_swish", fixed_slopes("hard_swish").value());
}

void celu(const Step& s) {
  if (!(s.node.real("alpha", 1.0) > 0.0))
    throw ReadError("operator Celu is supported with an alpha above 0 only");
  s.graph.add_slopes(s.node.label(), "celu", fixed_slopes("celu").value());
}

void swish(const Step& s) {
  if (s.node.real("alpha", 1.0) != 1.0) throw ReadError("operator Swish is supported with alpha 1 only");
  s.graph.add_slopes(s.node.label(), "silu", fixed_slopes("silu").value());
}

}  // namespace geolip::checker::onnx
