#include <formats/onnx/fork.hpp>

#include <cmath>
#include <numbers>

namespace geolip::formats::onnx_graph {
namespace {

/// Nodes that read one tensor; beyond that nobody writes an activation in pieces.
constexpr std::size_t most_readers = 16;

/// An operator of ONNX without attributes that could change its meaning.
bool is(const onnx::NodeProto* node, const char* op) {
  return node != nullptr && node->op_type() == op && node->attribute_size() == 0 &&
         (node->domain().empty() || node->domain() == "ai.onnx");
}

}  // namespace

std::optional<Fork> ForkMatcher::match() const {
  const auto readers = state_.consumers_.find(state_.tip_);
  if (readers == state_.consumers_.end() || readers->second.size() > most_readers) return std::nullopt;
  for (NodePtr a : readers->second) {
    for (NodePtr b : readers->second) {
      if (a == b || state_.absorbed_.contains(a) || state_.absorbed_.contains(b)) continue;
      auto found = match_silu(a, b);
      if (!found) found = match_gelu(a, b);
      if (found) return found;
    }
  }
  return std::nullopt;
}

std::optional<Fork> ForkMatcher::match_silu(NodePtr sigmoid, NodePtr product) const {
  if (!is(sigmoid, "Sigmoid") || only_reader(sigmoid) != product) return std::nullopt;
  if (!multiplies(product, state_.tip_, sigmoid->output(0))) return std::nullopt;
  return Fork{ActivationKind::silu, {sigmoid, product}, product};
}

std::optional<Fork> ForkMatcher::match_gelu(NodePtr head, NodePtr other) const {
  // The slopes of 0.5 x (1 + erf(s x)) are the same for every s > 0, so that a constant that is sqrt(1/2)
  // only up to its rounding changes no bound.
  const std::string& x = state_.tip_;
  if (!scales(head, x, std::numbers::sqrt2 / 2.0)) return std::nullopt;
  NodePtr erf = only_reader(head);
  if (!is(erf, "Erf")) return std::nullopt;
  NodePtr sum = only_reader(erf);
  if (!adds_one(sum, erf->output(0))) return std::nullopt;
  NodePtr next = only_reader(sum);
  if (next == nullptr) return std::nullopt;
  const std::string& one_plus_erf = sum->output(0);

  if (next == other && multiplies(other, x, one_plus_erf)) {  // (x * (1 + erf)) * 0.5
    NodePtr end = only_reader(other);
    if (!scales(end, other->output(0), 0.5)) return std::nullopt;
    return Fork{ActivationKind::gelu, {head, erf, sum, other, end}, end};
  }
  if (scales(other, x, 0.5) && only_reader(other) == next &&
      multiplies(next, other->output(0), one_plus_erf)) {  // (0.5 * x) * (1 + erf)
    return Fork{ActivationKind::gelu, {head, erf, sum, other, next}, next};
  }
  if (scales(next, one_plus_erf, 0.5) && only_reader(next) == other &&
      multiplies(other, x, next->output(0))) {  // x * (0.5 * (1 + erf))
    return Fork{ActivationKind::gelu, {head, erf, sum, next, other}, other};
  }
  return std::nullopt;
}

ForkMatcher::NodePtr ForkMatcher::only_reader(NodePtr node) const {
  if (node->output_size() != 1 || node->output(0) == state_.graph_.output) return nullptr;
  const auto readers = state_.consumers_.find(node->output(0));
  return readers != state_.consumers_.end() && readers->second.size() == 1 ? readers->second.front()
                                                                           : nullptr;
}

bool ForkMatcher::multiplies(NodePtr node, const std::string& a, const std::string& b) {
  if (!is(node, "Mul") || node->input_size() != 2) return false;
  return (node->input(0) == a && node->input(1) == b) || (node->input(0) == b && node->input(1) == a);
}

const Tensor* ForkMatcher::other_scalar(NodePtr node, const std::string& name, bool any_order) const {
  if (node->input_size() != 2) return nullptr;
  const bool second = any_order && node->input(1) == name;
  if (!second && node->input(0) != name) return nullptr;
  const std::string& constant = node->input(second ? 0 : 1);
  const auto known = state_.constants_.find(constant);
  // one that a batch's shape decides may be another number with more rows
  if (known == state_.constants_.end() || state_.from_shape_.contains(constant)) return nullptr;
  const Tensor& tensor = known->second;
  const bool fits =
      tensor.kind == Kind::real && tensor.size() == 1 && tensor.shape.size() <= state_.data_.shape.size();
  return fits ? &tensor : nullptr;
}

bool ForkMatcher::scales(NodePtr node, const std::string& name, double factor) const {
  const bool divides = is(node, "Div");
  if (!divides && !is(node, "Mul")) return false;
  const Tensor* scalar = other_scalar(node, name, !divides);
  if (scalar == nullptr) return false;
  const double value = divides ? 1.0 / scalar->reals[0] : scalar->reals[0];
  if (factor == 0.5) return value == 0.5 && !scalar->rounded;  // every format holds it
  const double tolerance = scalar->half ? 5e-3 : 1e-6;
  return std::abs(value - factor) <= tolerance * factor;
}

bool ForkMatcher::adds_one(NodePtr node, const std::string& name) const {
  if (!is(node, "Add")) return false;
  const Tensor* scalar = other_scalar(node, name, true);
  return scalar != nullptr && scalar->reals[0] == 1.0 && !scalar->rounded;
}

}  // namespace geolip::formats::onnx_graph
