/// \file
/// The layers of a graph as they are found one after the other.
#pragma once

#include "verify/files/onnx/tensor.hpp"

namespace geolip::verify::onnx {

/// Two rows of data at once: if the input's first dimension is above one, it may be a batch.
class RowsError : public ReadError {
 public:
  using ReadError::ReadError;
};

/// A chain of layers, and how the tensor at its end is laid out.
class Chain {
 public:
  Chain(Shape input, Budget& budget);

  const Shape& shape() const { return shape_; }
  Index size() const { return size_; }
  void set_shape(Shape shape) { shape_ = std::move(shape); }

  /// y = W x with W row after row; the result has the given shape.
  void add_dense(const std::string& name, Index rows, Index cols, std::vector<double> weight, Shape result);
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

  /// A constant's entries, as their places in it, one for each element of the data by NumPy's rules; the data
  /// take the shape in common. Throws ReadError where data would be repeated.
  std::vector<Index> spread(const Tensor& constant);

  /// From now on only relabelling may follow.
  void close() { closed_ = true; }

  /// The layers; leaves the chain empty.
  std::vector<Layer> take_layers();

 private:
  void add(const std::string& name, decltype(Layer::op) op);
  void place_relabelling();

  Budget& budget_;
  Shape shape_;
  Index size_;
  std::vector<Index> source_;  ///< element i is coordinate source_[i] of the last layer; empty: i
  std::string relabelled_by_;
  std::vector<Layer> layers_;
  bool closed_ = false;
};

}  // namespace geolip::verify::onnx
