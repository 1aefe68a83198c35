#include <formats/onnx/fork.hpp>

#include <cmath>
#include <numbers>

namespace geolip::formats::onnx_graph {
namespace {

using NodePtr = const onnx::NodeProto*;

/// Nodes that read one tensor; beyond that nobody writes an activation in pieces.
constexpr std::size_t most_readers = 16;

/// An operator of ONNX without attributes that could change its meaning.
bool is(NodePtr node, const char* op) {
  return node != nullptr && node->op_type() == op && node->attribute_size() == 0 &&
         (node->domain().empty() || node->domain() == "ai.onnx");
}

/// Whether a node multiplies exactly the tensors a and b.
bool multiplies(NodePtr node, const std::string& a, const std::string& b) {
  if (!is(node, "Mul") || node->input_size() != 2) return false;
  return (node->input(0) == a && node->input(1) == b) || (node->input(0) == b && node->input(1) == a);
}

class Matcher {
 public:
  Matcher(const Lowering& state, const std::string& x) : state_(state), x_(x) {}

  std::optional<Fork> silu(NodePtr sigmoid, NodePtr product) const {
    if (!is(sigmoid, "Sigmoid") || only_reader(sigmoid) != product) return std::nullopt;
    if (!multiplies(product, x_, sigmoid->output(0))) return std::nullopt;
    return Fork{ActivationKind::silu, {sigmoid, product}, product};
  }

  std::optional<Fork> gelu(NodePtr head, NodePtr other) const {
    // The slopes of 0.5 x (1 + erf(s x)) are the same for every s > 0, so that a constant that is sqrt(1/2)
    // only up to its rounding changes no bound.
    if (!scales(head, x_, std::numbers::sqrt2 / 2.0)) return std::nullopt;
    NodePtr erf = only_reader(head);
    if (!is(erf, "Erf")) return std::nullopt;
    NodePtr sum = only_reader(erf);
    if (!adds_one(sum, erf->output(0))) return std::nullopt;
    NodePtr next = only_reader(sum);
    if (next == nullptr) return std::nullopt;
    const std::string& one_plus_erf = sum->output(0);

    if (next == other && multiplies(other, x_, one_plus_erf)) {  // (x * (1 + erf)) * 0.5
      NodePtr end = only_reader(other);
      if (!scales(end, other->output(0), 0.5)) return std::nullopt;
      return Fork{ActivationKind::gelu, {head, erf, sum, other, end}, end};
    }
    if (scales(other, x_, 0.5) && only_reader(other) == next &&
        multiplies(next, other->output(0), one_plus_erf)) {  // (0.5 * x) * (1 + erf)
      return Fork{ActivationKind::gelu, {head, erf, sum, other, next}, next};
    }
    if (scales(next, one_plus_erf, 0.5) && only_reader(next) == other &&
        multiplies(other, x_, next->output(0))) {  // x * (0.5 * (1 + erf))
      return Fork{ActivationKind::gelu, {head, erf, sum, next, other}, other};
    }
    return std::nullopt;
  }

 private:
  NodePtr only_reader(NodePtr node) const {
    return node->output_size() == 1 ? state_.only_reader(node->output(0)) : nullptr;
  }

  /// Whether a node computes `factor` times the tensor, by Mul or Div with a constant of one entry that is
  /// `factor` up to the rounding of its type.
  bool scales(NodePtr node, const std::string& name, double factor) const {
    const bool divides = is(node, "Div");
    if (!divides && !is(node, "Mul")) return false;
    const Tensor* scalar = other_scalar(node, name, !divides);
    if (scalar == nullptr) return false;
    const double value = divides ? 1.0 / scalar->reals[0] : scalar->reals[0];
    if (factor == 0.5) return value == 0.5 && !scalar->rounded;  // every format holds it
    const double tolerance = scalar->half ? 5e-3 : 1e-6;
    return std::abs(value - factor) <= tolerance * factor;
  }

  bool adds_one(NodePtr node, const std::string& name) const {
    if (!is(node, "Add")) return false;
    const Tensor* scalar = other_scalar(node, name, true);
    return scalar != nullptr && scalar->reals[0] == 1.0 && !scalar->rounded;
  }

  /// The constant of one entry that a node of two operands has beside the tensor.
  const Tensor* other_scalar(NodePtr node, const std::string& name, bool any_order) const {
    if (node->input_size() != 2) return nullptr;
    const bool second = any_order && node->input(1) == name;
    if (!second && node->input(0) != name) return nullptr;
    const Tensor* tensor = state_.fixed_constant(node->input(second ? 0 : 1));
    const bool fits = tensor != nullptr && tensor->kind == Kind::real && tensor->size() == 1 &&
                      tensor->shape.size() <= state_.shape().size();
    return fits ? tensor : nullptr;
  }

  const Lowering& state_;
  const std::string& x_;
};

}  // namespace

std::optional<Fork> match_fork(const Lowering& state, const std::string& x) {
  const std::vector<NodePtr> readers = state.readers(x);
  if (readers.size() > most_readers) return std::nullopt;
  const Matcher matcher(state, x);
  for (NodePtr a : readers) {
    for (NodePtr b : readers) {
      if (a == b) continue;
      auto found = matcher.silu(a, b);
      if (!found) found = matcher.gelu(a, b);
      if (found) return found;
    }
  }
  return std::nullopt;
}

}  // namespace geolip::formats::onnx_graph
