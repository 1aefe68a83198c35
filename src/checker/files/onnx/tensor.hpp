/// \file
/// Constant tensors of an ONNX graph.
#pragma once

#include "checker/files/enclosure.hpp"
#include "checker/files/onnx/model.hpp"
#include "checker/files/read_network.hpp"

#include <map>

namespace geolip::checker::onnx {

/// Counts the numbers that are made while a file is read: a few bytes can describe tensors of any size, so
/// what is made is limited by a multiple of the file's size that no honest network comes near; and by a base
/// that leaves room for convolutions, which are written out.
class Budget {
 public:
  explicit Budget(std::size_t bytes) : left_(base + per_byte * static_cast<Index>(bytes)) {}
  void extend(std::size_t bytes) { left_ += per_byte * static_cast<Index>(bytes); }
  /// Throws ReadError if `count` more numbers are too many.
  void take(Index count);

 private:
  static constexpr Index base = Index{1} << 25;
  static constexpr Index per_byte = 16;

  Index left_;
};

/// A constant tensor, last index fastest: reals (each an enclosure) or integers.
struct Tensor {
  bool real = true;
  Shape shape;
  std::vector<double> lower;
  std::vector<double> upper;  ///< empty: all numbers are exact, and `lower` has them
  std::vector<std::int64_t> integers;

  Index size() const { return static_cast<Index>(real ? lower.size() : integers.size()); }
  bool exact() const { return upper.empty(); }
  Enclosure at(Index i) const {
    const auto k = static_cast<std::size_t>(i);
    return {lower[k], exact() ? lower[k] : upper[k]};
  }
  /// Appends a real number.
  void push(const Enclosure& value);

  static Tensor of_integers(Shape shape, std::vector<std::int64_t> values);
};

/// Where the bytes of tensors come from that a model keeps in files of their own.
class ExternalFiles {
 public:
  ExternalFiles(const ExternalData& read, Budget& budget) : read_(read), budget_(budget) {}

  /// `needed` bytes of the tensor.
  Bytes bytes_of(const TensorMessage& tensor, Index needed);

 private:
  const ExternalData& read_;
  Budget& budget_;
  std::map<std::string, std::vector<unsigned char>, std::less<>> files_;
};

/// The tensor's numbers. Throws ReadError if they are not those that its shape and type need.
Tensor decode(const TensorMessage& message, ExternalFiles& files, Budget& budget);

/// The shape that two operands have in common by NumPy's rules; throws ReadError if they have none.
Shape broadcast(const Shape& a, const Shape& b);
/// For every entry of `target` in order the entry of a tensor of shape `from` that NumPy's rules put there.
std::vector<Index> broadcast_sources(const Shape& from, const Shape& target);
/// For every entry of the transposed tensor in order the entry of the tensor; `perm` must be a permutation.
std::vector<Index> transpose_sources(const Shape& shape, const std::vector<Index>& perm);
/// The entries of a tensor at the given places, in a new shape.
Tensor pick(const Tensor& tensor, Shape shape, const std::vector<Index>& sources);
/// An axis that counts from the back if negative.
std::size_t axis_of(Index axis, std::size_t rank);

}  // namespace geolip::checker::onnx
