#include <formats/onnx/tensor.hpp>

#include <network/at.hpp>

#include <algorithm>
#include <numeric>

namespace geolip::formats::onnx_graph {

Tensor Tensor::of_reals(Shape shape, std::vector<double> values) {
  Tensor tensor;
  tensor.shape = std::move(shape);
  tensor.reals = std::move(values);
  return tensor;
}

Tensor Tensor::of_integers(Shape shape, std::vector<std::int64_t> values) {
  Tensor tensor;
  tensor.kind = Kind::integer;
  tensor.shape = std::move(shape);
  tensor.integers = std::move(values);
  return tensor;
}

Index element_count(const Shape& shape, std::string_view what) {
  constexpr std::size_t highest_rank = 16;
  if (shape.size() > highest_rank) fail(what, " has ", shape.size(), " dimensions");
  // The product without zeros must fit too: strides are made of it.
  Index count = 1;
  bool empty = false;
  for (const Index d : shape) {
    count = checked_product(count, d == 0 ? 1 : d, what);
    empty = empty || d == 0;
  }
  // Loops over a tensor without entries still run along its other dimensions.
  constexpr Index largest_beside_zero = 4096;
  if (empty && count > largest_beside_zero) fail(what, " is ", shape, ", which holds no numbers");
  return empty ? 0 : count;
}

void next_place(const Shape& shape, std::vector<Index>& place) {
  for (std::size_t i = shape.size(); i > 0; --i) {
    ++place[i - 1];
    if (place[i - 1] < shape[i - 1]) return;
    place[i - 1] = 0;
  }
}

Shape strides_of(const Shape& shape) {
  Shape strides(shape.size());
  Index step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < shape.size(); ++i) {  // i counts from the last dimension
    const Index da = i < a.size() ? a[a.size() - 1 - i] : 1;
    const Index db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1) fail("operands of ", a, " and ", b, " do not broadcast");
    shape[shape.size() - 1 - i] = da == 1 ? db : da;
  }
  return shape;
}

namespace {

/// Walks all entries of `shape` in order, with the given step for each dimension.
std::vector<Index> walk(const Shape& shape, const Shape& steps) {
  const Index count = element_count(shape, "a tensor");
  std::vector<Index> indices(static_cast<std::size_t>(count));
  Shape position(shape.size(), 0);
  Index at = 0;
  for (Index& index : indices) {
    index = at;
    for (std::size_t d = shape.size(); d-- > 0;) {
      at += steps[d];
      if (++position[d] < shape[d]) break;
      at -= steps[d] * shape[d];
      position[d] = 0;
    }
  }
  return indices;
}

}  // namespace

std::vector<Index> broadcast_indices(const Shape& from, const Shape& target) {
  const Shape strides = strides_of(from);
  Shape steps(target.size(), 0);
  const std::size_t lead = target.size() - from.size();
  for (std::size_t i = 0; i < from.size(); ++i) steps[lead + i] = from[i] == 1 ? 0 : strides[i];
  return walk(target, steps);
}

std::vector<Index> transpose_indices(const Shape& shape, const std::vector<Index>& permutation) {
  const Shape strides = strides_of(shape);
  Shape target;
  Shape steps;
  for (const Index axis : permutation) {
    target.push_back(at(shape, axis));
    steps.push_back(at(strides, axis));
  }
  return walk(target, steps);
}

std::vector<Index> indices_along(const Shape& shape, std::size_t axis, const std::vector<Index>& places) {
  const auto at = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  const Index outer = element_count({shape.begin(), at}, "its input");
  const Index inner = element_count({at + 1, shape.end()}, "its input");
  std::vector<Index> indices;
  for (Index o = 0; o < outer; ++o) {
    for (const Index place : places) {
      for (Index i = 0; i < inner; ++i) indices.push_back((o * *at + place) * inner + i);
    }
  }
  return indices;
}

std::vector<Index> indices_at(const Shape& shape, const std::vector<std::vector<Index>>& places) {
  std::vector<Index> indices{0};
  for (std::size_t d = 0; d < shape.size(); ++d) {
    std::vector<Index> finer;
    finer.reserve(indices.size() * places[d].size());
    for (const Index i : indices) {
      for (const Index place : places[d]) finer.push_back(i < 0 || place < 0 ? -1 : i * shape[d] + place);
    }
    indices = std::move(finer);
  }
  return indices;
}

std::size_t axis_of(Index axis, std::size_t rank) {
  const auto signed_rank = static_cast<Index>(rank);
  if (axis < -signed_rank || axis >= signed_rank)
    fail("axis ", axis, " does not exist in a tensor of rank ", rank);
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

Tensor gather_entries(const Tensor& tensor, Shape shape, const std::vector<Index>& indices) {
  Tensor result;
  result.kind = tensor.kind;
  result.half = tensor.half;
  result.shape = std::move(shape);
  if (tensor.kind == Kind::real) {
    result.reals.reserve(indices.size());
    for (const Index i : indices) result.reals.push_back(at(tensor.reals, i));
  } else {
    result.integers.reserve(indices.size());
    for (const Index i : indices) result.integers.push_back(at(tensor.integers, i));
  }
  return result;
}

Tensor numbered(const Shape& shape) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(element_count(shape, "its input")));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return Tensor::of_integers(shape, std::move(numbers));
}

std::vector<Index> integer_list(const Tensor& tensor, std::string_view what) {
  if (tensor.kind != Kind::integer || tensor.shape.size() > 1) fail(what, " must be a list of integers");
  return tensor.integers;
}

}  // namespace geolip::formats::onnx_graph
