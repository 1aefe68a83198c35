/// \file
/// Activations that exporters write as several nodes, all reading the same tensor.
#pragma once

#include <formats/onnx/lowering.hpp>

namespace geolip::formats::onnx_graph {

/// A group of nodes that stands for one activation of the data.
struct Fork {
  ActivationKind kind;
  std::vector<const onnx::NodeProto*> nodes;
  const onnx::NodeProto* end;  ///< the node whose output is the activation's value
};

/// Recognises x sigmoid(x) and 0.5 x (1 + erf(x / sqrt(2))), in the orders that exporters write them, of the current
/// data, whose name is x; nothing if they go through none of these.
std::optional<Fork> match_fork(const Lowering& state, const std::string& x);

}  // namespace geolip::formats::onnx_graph
