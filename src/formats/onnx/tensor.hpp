/// \file
/// Constant tensors of an ONNX graph.
#pragma once

#include <formats/reader.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace geolip::formats::onnx_graph {

using Shape = std::vector<Index>;

/// What GeoLIP tells apart of ONNX's element types. All floats are held as doubles, which is exact; all
/// integers and booleans as 64-bit integers.
enum class Kind { real, integer };

/// A constant tensor, last index fastest.
struct Tensor {
  Kind kind = Kind::real;
  bool half = false;     ///< from float16 or bfloat16: constants are known to three digits only
  bool rounded = false;  ///< computed by the reader from the file's constants, and not exactly
  Shape shape;
  std::vector<double> reals;           ///< the entries, if kind is real
  std::vector<std::int64_t> integers;  ///< the entries, if kind is integer

  Index size() const { return static_cast<Index>(kind == Kind::real ? reals.size() : integers.size()); }

  static Tensor of_reals(Shape shape, std::vector<double> values);
  static Tensor of_integers(Shape shape, std::vector<std::int64_t> values);
};

/// Product of a shape; throws NetworkError, naming `what`, if a size is negative, the product overflows, or a
/// size is zero beside others that are large.
Index element_count(const Shape& shape, std::string_view what);

/// Steps from one entry to the next along each dimension.
Shape strides_of(const Shape& shape);
/// Makes `place` the next place of a tensor of this shape, last dimension fastest; after the last, the first.
void next_place(const Shape& shape, std::vector<Index>& place);

/// The shape that two operands have in common by NumPy's rules; throws NetworkError if they have none.
Shape broadcast_shape(const Shape& a, const Shape& b);

/// For every entry of `target`, in order, the index of the entry of a tensor of shape `from` that NumPy's
/// rules put there. `from` must broadcast to `target`.
std::vector<Index> broadcast_indices(const Shape& from, const Shape& target);

/// For every entry of the transposed tensor, in order, the index of the entry of a tensor of `shape`.
std::vector<Index> transpose_indices(const Shape& shape, const std::vector<Index>& permutation);

/// The indices of the entries of a tensor of `shape` whose place along a dimension is one of `places`, place by place
/// in the order of that list.
std::vector<Index> indices_along(const Shape& shape, std::size_t axis, const std::vector<Index>& places);

/// The indices of the entries of a tensor of `shape` at all combinations of the places in each dimension, the last
/// running fastest; -1 where one of the places is -1.
std::vector<Index> indices_at(const Shape& shape, const std::vector<std::vector<Index>>& places);

/// A dimension counted from the back if negative; throws NetworkError unless it is in [0, rank).
std::size_t axis_of(Index axis, std::size_t rank);

/// The tensor's entries at the given indices, in a new shape.
Tensor gather_entries(const Tensor& tensor, Shape shape, const std::vector<Index>& indices);

/// The numbers 0, 1, ... in a shape: what an operator makes of them says which elements it chooses.
Tensor numbered(const Shape& shape);

/// The integers of a tensor of at most one dimension, such as a shape or a list of axes; throws NetworkError,
/// naming `what`, if it is of another kind.
std::vector<Index> integer_list(const Tensor& tensor, std::string_view what);

}  // namespace geolip::formats::onnx_graph
