/// \file
/// Activations that exporters write as several nodes, all reading the same tensor.
#pragma once

#include <formats/onnx/lowering.hpp>

#include <optional>
#include <vector>

namespace geolip::formats::onnx_graph {

/// A group of nodes that stands for one activation of the data.
struct Fork {
  ActivationKind kind;
  std::vector<const onnx::NodeProto*> nodes;
  const onnx::NodeProto* end;  ///< the node whose output is the activation's value
};

/// Recognises x sigmoid(x) and 0.5 x (1 + erf(x / sqrt(2))) in the orders that exporters write them.
class ForkMatcher {
 public:
  explicit ForkMatcher(const Lowering& state) : state_(state) {}

  /// The activation that the data at the end of the chain go through; nothing if it is none of these.
  std::optional<Fork> match() const;

 private:
  using NodePtr = const onnx::NodeProto*;

  std::optional<Fork> match_silu(NodePtr sigmoid, NodePtr product) const;
  std::optional<Fork> match_gelu(NodePtr head, NodePtr other) const;

  /// The only reader of a node's output; null if there are several or it is the graph's output.
  NodePtr only_reader(NodePtr node) const;
  /// Whether a node multiplies exactly the tensors a and b.
  static bool multiplies(NodePtr node, const std::string& a, const std::string& b);
  /// Whether a node computes `factor` times the tensor, by Mul or Div with a constant of one entry that is
  /// `factor` up to the rounding of its type.
  bool scales(NodePtr node, const std::string& name, double factor) const;
  /// Whether a node adds one.
  bool adds_one(NodePtr node, const std::string& name) const;
  /// The constant of one entry that a node of two operands has beside the tensor.
  const Tensor* other_scalar(NodePtr node, const std::string& name, bool any_order) const;

  const Lowering& state_;
};

}  // namespace geolip::formats::onnx_graph
