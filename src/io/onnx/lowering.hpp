/// \file
/// From a graph to a chain of layers: the one way from the input to the output is followed node by node.
#pragma once

#include "io/onnx/graph.hpp"

#include <geolip/error.hpp>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace geolip::io::onnx_graph {

/// A matrix product meets several rows of data. If the input has a fixed batch of more than one, the graph is
/// worth another look with a batch of one.
class RowsError : public NetworkError {
 public:
  using NetworkError::NetworkError;
};

/// The state of the walk. Handlers of operators read the shape of the data, add layers and set the new shape.
/// Their NetworkErrors do not name the node: the walk does.
class Lowering {
 public:
  /// Follows the graph. Throws NetworkError, naming the node, at the first that is not understood.
  Lowering(Graph graph, ExternalData& external, Budget& budget, bool logits);

  /// The network; leaves the walk empty.
  Network take_network();
  /// Whether a constant that the layers were made of had been computed with rounding.
  bool rounded() const { return rounded_; }
  /// Name of the Softmax that was dropped from the end; empty if none was.
  const std::string& dropped_softmax() const { return dropped_softmax_; }

  // What handlers use.

  const Shape& shape() const { return shape_; }
  Index size() const { return size_; }
  void set_shape(Shape shape) { shape_ = std::move(shape); }
  Budget& budget() { return budget_; }
  void note_rounding() { rounded_ = true; }

  /// Whether input i of a node is the data; the others are constants.
  bool is_data(const Node& node, std::size_t i) const;
  /// The constant at input i; throws NetworkError, calling it `what`, if it is computed from the input.
  const Tensor& constant(const Node& node, std::size_t i, std::string_view what) const;

  /// The constant's entries, one for each element of the data, by NumPy's rules; the data take the common
  /// shape. Throws NetworkError if the data themselves would be repeated.
  std::vector<double> per_element(const Tensor& constant);

  void add_dense(const Node& node, Matrix weight, std::vector<double> bias, Shape result);
  /// y = scale x + shift, element by element; nothing is added if that changes nothing.
  void add_affine(const Node& node, std::vector<double> scale, std::vector<double> shift);
  /// y = x + shift; goes into the bias of a matrix product just before.
  void add_shift(const Node& node, const std::vector<double>& shift);
  void add_activation(const std::string& name, Activation activation);
  /// Element i of the data becomes what was element source[i].
  void relabel(const Node& node, const std::vector<Index>& source);
  /// Drops a Softmax at the end or says why it is refused.
  void drop_softmax(const Node& node);

 private:
  friend class ForkMatcher;

  void walk();
  void step(const Node& node);
  void fold_node(const Node& node);
  bool shape_of_data(const Node& node);
  void lower_node(const Node& node);
  bool lower_fork();
  bool only_relabelled_after(std::string name) const;
  void require_open() const;
  void flush_relabelling();
  void add_layer(std::string name, decltype(Layer::op) op);

  Graph graph_;
  ExternalData& external_;
  Budget& budget_;
  bool logits_;

  std::unordered_map<std::string, Tensor> constants_;
  std::unordered_map<std::string, Shape> data_shapes_;  ///< of all data met so far, for Shape and Size
  std::unordered_map<std::string, std::vector<const onnx::NodeProto*>> consumers_;
  std::unordered_set<const onnx::NodeProto*> absorbed_;  ///< nodes that a matched pattern stands for

  std::string tip_;  ///< name of the data at the end of the chain
  Shape shape_;
  Index size_ = 0;
  std::vector<Index> source_;  ///< element i is coordinate source_[i] of the chain; empty: i
  std::string relabelled_by_;
  std::vector<Layer> layers_;
  std::string dropped_softmax_;
  bool rounded_ = false;
};

}  // namespace geolip::io::onnx_graph
