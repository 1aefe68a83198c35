/// \file
/// The layers of a graph as they are found one after the other, and the tensors between them.
#pragma once

#include "checker/files/onnx/elements.hpp"
#include "checker/files/onnx/tensor.hpp"

namespace geolip::checker::onnx {

/// Two rows of data at once: if the input's first dimension is above one, it may be a batch.
class RowsError : public ReadError {
 public:
  using ReadError::ReadError;
};

/// A tensor that is computed from the input: which tensor of the network it is, and in what order.
struct Data {
  Index tensor = 0;
  Shape shape;
  Index size = 0;
  std::vector<Index> source;  ///< element i is coordinate source[i] of the tensor; empty: i
  std::string relabelled_by;
  Labels labels;  ///< of the tensor's coordinates

  /// Label of element i.
  Index label(Index i) const { return labels[source.empty() ? i : source[static_cast<std::size_t>(i)]]; }
};

/// Layers, and the data at hand: what the next layer reads, or the last one has made.
class Graph {
 public:
  /// The network's input is at hand.
  Graph(Shape input, Budget& budget);

  const Data& at_hand() const { return data_; }
  void take_up(Data data) { data_ = std::move(data); }

  const Shape& shape() const { return data_.shape; }
  Index size() const { return data_.size; }
  void set_shape(Shape shape) { data_.shape = std::move(shape); }

  /// y = W x with W row after row; the result has the given shape.
  void add_dense(const std::string& name, Index rows, Index cols, std::vector<double> weight, Shape result);
  /// y = S x; the result has the given shape.
  void add_sparse(const std::string& name, Sparse sparse, Shape result);
  /// The data become their elements `source`, -1 a zero; nothing is added where that changes nothing.
  void select(const std::string& name, const std::vector<Index>& source, Shape result);
  /// A layer that reads several tensors.
  void add_join(const std::string& name, decltype(Layer::op) op, std::vector<Index> tensors, Shape result);
  /// The tensor of data with its elements in order.
  Index settled(const std::string& name, const Data& data);
  /// The same data in a tensor that has its elements in order.
  Data in_order(const std::string& name, const Data& data);
  /// y = s x, element by element in the order of the tensor; nothing is added if all s are 1.
  void add_scale(const std::string& name, Scale scale);
  /// y = s x with the same s everywhere.
  void add_scale(const std::string& name, double s);
  /// An activation with the same slopes everywhere, or with those of each element.
  void add_slopes(const std::string& name, const std::string& activation, const Enclosure& slopes);
  void add_slopes(const std::string& name, const std::string& activation,
                  const std::vector<Enclosure>& slopes);
  /// Element i becomes what was element sources[i].
  void relabel(const std::string& name, const std::vector<Index>& sources);

  // What layers make are elements of their own; whoever knows better says so.

  Comparisons& comparisons() { return comparisons_; }
  /// The first of so many labels that nothing has.
  Index new_labels(Index count);
  void set_labels(Labels labels) { data_.labels = std::move(labels); }
  /// The data at hand are elements that were not there before.
  void make_new() { data_.labels = Labels::from(new_labels(data_.size)); }

  /// A constant's entries, as their places in it, one for each element of the data by NumPy's rules; the data
  /// take the shape in common. Throws ReadError where data would be repeated.
  std::vector<Index> spread(const Tensor& constant);

  /// From now on only relabelling may follow.
  void close() { closed_ = true; }

  /// The layers, whose last one makes the data at hand; leaves the graph empty.
  std::vector<Layer> take_layers();

 private:
  void add(const std::string& name, decltype(Layer::op) op);
  void append(const std::string& name, decltype(Layer::op) op, std::vector<Index> tensors);

  Budget& budget_;
  Data data_;
  std::vector<Layer> layers_;
  bool closed_ = false;
  Comparisons comparisons_;
  Index labels_ = 0;  ///< that are in use
};

}  // namespace geolip::checker::onnx
