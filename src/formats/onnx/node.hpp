/// \file
/// One operator of an ONNX graph, with its attributes checked.
#pragma once

#include <formats/onnx/tensor.hpp>

#include <onnx/onnx_pb.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace geolip::formats::onnx_graph {

/// A node as the handlers of operators see it.
class Node {
 public:
  Node(const onnx::NodeProto& proto, Index opset) : proto_(proto), opset_(opset) {}

  const onnx::NodeProto& proto() const { return proto_; }
  const std::string& op() const { return proto_.op_type(); }
  /// Version of the operator set that gives the operator its meaning.
  Index opset() const { return opset_; }
  /// The node's name, or that of its first output if it has none: the name of the layer it becomes.
  std::string name() const;

  /// Inputs that are left out have an empty name or none at all.
  bool has_input(std::size_t i) const;
  const std::string& input(std::size_t i) const;
  std::size_t inputs() const { return static_cast<std::size_t>(proto_.input_size()); }
  const std::string& output() const { return proto_.output(0); }

  /// Throws NetworkError if the node has an attribute that is not among the known ones, or that its operator
  /// does not have in the graph's version of it ("axes<13": before version 13, "axes>=18": from 18 on), or an
  /// attribute twice or with values of several kinds: what is not understood must not be passed over.
  void require_known_attributes(std::span<const std::string_view> known) const;
  /// Throws NetworkError unless the number of inputs is in [least, most].
  void require_inputs(std::size_t least, std::size_t most) const;

  bool has(std::string_view attribute) const { return find(attribute) != nullptr; }
  Index integer(std::string_view attribute, Index otherwise) const;
  double real(std::string_view attribute, double otherwise) const;
  std::string text(std::string_view attribute, std::string_view otherwise) const;
  std::optional<std::vector<Index>> integers(std::string_view attribute) const;
  const onnx::AttributeProto* find(std::string_view attribute) const;

 private:
  const onnx::AttributeProto* find(std::string_view attribute,
                                   onnx::AttributeProto::AttributeType type) const;

  const onnx::NodeProto& proto_;
  Index opset_;
};

/// "operator Conv is not supported", with the operator's domain if it is not ONNX's own.
std::string not_supported(const Node& node);

}  // namespace geolip::formats::onnx_graph
