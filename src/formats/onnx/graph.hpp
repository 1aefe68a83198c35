/// \file
/// An ONNX model as a checked list of nodes in the order of evaluation.
#pragma once

#include <formats/onnx/node.hpp>
#include <formats/onnx/tensor_proto.hpp>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace geolip::formats::onnx_graph {

/// Stands for the rows of a batch of any size: a number that no file is likely to have in a shape for another
/// reason.
inline constexpr Index some_rows = 7919;

/// A graph with one input and one output, of which every name is defined once and before it is read.
struct Graph {
  Index opset = 0;
  std::string input;
  Shape input_shape;  ///< a first dimension without a number counts as 1
  bool symbolic_batch = false;
  bool batch = false;  ///< the first dimension is a batch's, which counts as 1 and must be left alone
  Index rows = 1;      ///< so many rows has the batch in the file; some_rows where that is symbolic
  std::string output;
  std::unordered_map<std::string, Tensor> initializers;
  /// The nodes that the output depends on. Those that do not depend on the input come first, so that every
  /// constant is known before the input's way through the graph is followed.
  std::vector<const onnx::NodeProto*> nodes;
};

/// Reads and checks a model's graph. Throws NetworkError if a name is defined twice or not at all, the graph
/// has a cycle, or it has other than one input and one output.
Graph read_graph(const onnx::ModelProto& model, ExternalData& external, Budget& budget);

}  // namespace geolip::formats::onnx_graph
