/// \file
/// One operator of an ONNX graph with its attributes checked, and what operators do to shapes.
#pragma once

#include "checker/files/onnx/tensor.hpp"

namespace geolip::checker::onnx {

/// A node as the handlers of operators see it. All members throw ReadError.
class Node {
 public:
  Node(const NodeMessage& message, Index opset) : message_(message), opset_(opset) {}

  const NodeMessage& message() const { return message_; }
  std::string op() const { return printable(message_.op); }
  /// The node's name, or that of its first output: the name of the layer that it becomes.
  std::string label() const;
  /// Version of the operator set that gives the operator its meaning.
  Index opset() const { return opset_; }

  bool has_input(std::size_t i) const { return i < message_.inputs.size() && !message_.inputs[i].empty(); }
  void require_inputs(std::size_t least, std::size_t most) const;
  /// Refuses attributes that are not among these: what is not understood is not passed over.
  void require_attributes(const std::vector<std::string_view>& known) const;

  bool has(std::string_view attribute) const;
  Index integer(std::string_view attribute, Index otherwise) const;
  double real(std::string_view attribute, double otherwise) const;
  std::string text(std::string_view attribute, std::string_view otherwise) const;
  std::optional<std::vector<Index>> integers(std::string_view attribute) const;
  const Attribute* find(std::string_view attribute, Attribute::Type type) const;

 private:
  const NodeMessage& message_;
  Index opset_;
};

/// The entries of a list of integers.
const std::vector<std::int64_t>& integer_list(const Tensor& tensor, std::string_view what);

Shape reshaped(const Shape& shape, const std::vector<Index>& target, bool allow_zero);
Shape flattened(const Shape& shape, Index axis);
Shape squeezed(const Shape& shape, const std::optional<std::vector<Index>>& axes);
Shape unsqueezed(const Shape& shape, const std::vector<Index>& axes);
/// The node's `perm`, by default the order reversed.
std::vector<Index> permutation_of(const Node& node, std::size_t rank);
Shape permuted(const Shape& shape, const std::vector<Index>& perm);

}  // namespace geolip::checker::onnx
