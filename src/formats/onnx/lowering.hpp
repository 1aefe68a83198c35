/// \file
/// From a graph to a network: the nodes between the input and the output are followed one by one.
#pragma once

#include <formats/onnx/comparisons.hpp>
#include <formats/onnx/graph.hpp>

#include <network/at.hpp>

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace geolip::formats::onnx_graph {

/// A matrix product meets several rows of data. If the input has a fixed batch of more than one, the graph is
/// worth another look with a batch of one.
class RowsError : public NetworkError {
 public:
  using NetworkError::NetworkError;
};

/// Throws RowsError for data of this shape.
[[noreturn]] inline void fail_rows(const Node& node, const Shape& shape, Index rows) {
  fail<RowsError>("operator ", node.op(), " meets data of ", shape, ", that is ", rows,
                  " rows at once, which is not supported");
}

/// A tensor that is computed from the input: which of the network's tensors it is, and in what order.
struct Data {
  Index tensor = 0;
  Shape shape;
  Index size = 0;
  std::vector<Index> source;  ///< element i is coordinate source[i] of the tensor; empty: i
  std::string relabelled_by;  ///< the node that source comes from
  bool shared = false;        ///< whether other nodes may read the tensor too, as it is now
  Numbers numbers;            ///< of the tensor's coordinates

  /// The number of element i.
  Index number(Index i) const { return numbers.at(source.empty() ? i : at(source, i)); }
};

/// The state of the walk. Handlers of operators read the shape of the data at their node's first input that
/// is data, add layers and set the new shape. Their NetworkErrors do not name the node: the walk does.
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

  const Shape& shape() const { return data_.shape; }
  Index size() const { return data_.size; }
  void set_shape(Shape shape) { data_.shape = std::move(shape); }
  Budget& budget() { return budget_; }
  void note_rounding() { rounded_ = true; }

  /// Whether input i of a node is data; the others are constants.
  bool is_data(const Node& node, std::size_t i) const;
  /// The data at input i of a node; throws NetworkError if they are constant.
  const Data& data(const Node& node, std::size_t i) const;
  /// Makes other data than those of the node's first input the ones that handlers add layers to.
  void continue_from(Data data) { data_ = std::move(data); }
  /// The data that handlers add layers to.
  const Data& current() const { return data_; }
  /// Says what a node's output is; the first output is what the handler leaves behind unless it says so
  /// itself.
  void set_output(const Node& node, int output, Data data);
  /// Whether any node reads a tensor, or it is the graph's output.
  bool is_read(const std::string& name) const { return name == graph_.output || consumers_.contains(name); }
  /// The nodes that read a tensor, but for those that an activation of several nodes has taken along.
  std::vector<const onnx::NodeProto*> readers(const std::string& name) const;
  /// The only node that reads a tensor; null if there is none or several, or it is the graph's output.
  const onnx::NodeProto* only_reader(const std::string& name) const;
  /// The constant of this name; null if there is none, or if it may be another one in a batch of more rows.
  const Tensor* fixed_constant(const std::string& name) const;
  /// The tensor of the current data with its elements in order.
  Index settled();
  /// The same for other data, which are named after the node.
  Index settled(const Node& node, const Data& data);
  /// The constant at input i; throws NetworkError, calling it `what`, if it is computed from the input.
  const Tensor& constant(const Node& node, std::size_t i, std::string_view what) const;
  /// The same for one that must be of a float type.
  const Tensor& real_constant(const Node& node, std::size_t i, std::string_view what) const;

  /// A list of integers that is an attribute in older versions of an operator and the constant at input i in newer
  /// ones; nothing if there is none.
  std::optional<std::vector<Index>> list(const Node& node, const char* attribute, std::size_t i) const;

  /// Rows of the batch that the first dimension, which counts as 1, stands for; 1 where it is none.
  Index rows() const { return graph_.batch ? graph_.rows : 1; }
  bool has_symbolic_batch() const { return graph_.symbolic_batch; }
  /// What the constant of this name would be if the batch's rows were counted: the constant itself unless it
  /// was computed from the shape of data; null if that is not known.
  const Tensor* with_all_rows(const std::string& name) const;

  /// What the node's operator makes of these inputs, were they constants.
  Tensor fold_with(const Node& node, const std::vector<const Tensor*>& inputs);

  /// The constant's entries, one for each element of the data, by NumPy's rules; the data take the common
  /// shape. Throws NetworkError if the data themselves would be repeated.
  std::vector<double> per_element(const Tensor& constant);

  /// A layer that reads the current data, whose elements then have the given shape; or several tensors.
  void add_layer(const Node& node, decltype(Layer::op) op, Shape result);
  void add_layer(const Node& node, decltype(Layer::op) op, std::vector<Index> tensors, Shape result);
  void add_dense(const Node& node, Matrix weight, std::vector<double> bias, Shape result);
  /// y = scale x + shift, element by element; nothing is added if that changes nothing.
  void add_affine(const Node& node, std::vector<double> scale, std::vector<double> shift);
  /// y = x + shift; goes into the bias of a matrix product just before.
  void add_shift(const Node& node, const std::vector<double>& shift);
  void add_activation(const std::string& name, Activation activation);
  /// Element i of the data becomes what was element source[i].
  void relabel(const Node& node, const std::vector<Index>& source);
  /// The data become their elements `source` (-1: a zero).
  void select(const Node& node, const std::vector<Index>& source, Shape result);

  // Layers make new elements; whoever knows better says so.

  Comparisons& comparisons() { return comparisons_; }
  /// So many numbers that no element has; the first of them.
  Index new_numbers(Index count);
  /// Says what the elements of the data, which must be in order, are.
  void set_numbers(std::vector<Index> numbers);
  /// Drops a Softmax at the end or says why it is refused.
  void drop_softmax(const Node& node);

 private:
  void walk();
  void step(const Node& node);
  void fold_node(const Node& node);
  void fold_with_all_rows(const Node& node);
  bool shape_of_data(const Node& node);
  void lower_node(const Node& node);
  bool lower_fork(const std::string& name);
  bool only_relabelled_after(std::string name) const;
  void require_open() const;
  void append(std::string name, decltype(Layer::op) op, std::vector<Index> tensors);
  void add_to_current(std::string name, decltype(Layer::op) op);
  void load(const std::string& name);
  void store(const std::string& name);

  Graph graph_;
  ExternalData& external_;
  Budget& budget_;
  bool logits_;

  std::unordered_map<std::string, Tensor> constants_;
  /// Those of them that the shapes of a batch's data decide, as with_all_rows() has them.
  std::unordered_map<std::string, std::optional<Tensor>> from_shape_;
  std::unordered_map<std::string, Data> known_;  ///< all data met so far
  std::unordered_map<std::string, std::vector<const onnx::NodeProto*>> consumers_;
  std::unordered_set<const onnx::NodeProto*> absorbed_;  ///< nodes that a matched pattern stands for

  Data data_;            ///< those that the node at hand reads first, and what becomes of them
  bool stored_ = false;  ///< whether the handler at hand has said what its outputs are
  Comparisons comparisons_;
  Index next_number_ = 0;
  struct Item {
    Layer layer;
    std::vector<Index> tensors;
  };
  std::vector<Item> layers_;
  std::string dropped_softmax_;
  bool rounded_ = false;
};

}  // namespace geolip::formats::onnx_graph
