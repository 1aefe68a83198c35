#include <formats/onnx/fold.hpp>
#include <network/at.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace geolip::formats::onnx_graph {
namespace {

/// The tensor's entries in a new shape of the same size.
Tensor with_shape(const FoldContext& c, const Tensor& tensor, Shape shape) {
  c.budget.take(tensor.size());
  Tensor result = tensor;
  result.shape = std::move(shape);
  return result;
}

/// v rounded to a float format with `digits` binary digits and least exponent `lowest`.
double rounded(double v, int digits, int lowest, double largest) {
  if (v == 0.0 || !std::isfinite(v)) return v;
  const int exponent = std::max(std::ilogb(v), lowest) - (digits - 1);
  const double r = std::ldexp(std::nearbyint(std::ldexp(v, -exponent)), exponent);
  return std::abs(r) > largest ? std::copysign(std::numeric_limits<double>::infinity(), v) : r;
}

double rounded_to(double v, Index type) {
  switch (type) {
    case onnx::TensorProto::FLOAT:
      return rounded(v, 24, -126, static_cast<double>(std::numeric_limits<float>::max()));
    case onnx::TensorProto::FLOAT16:
      return rounded(v, 11, -14, 65504.0);
    case onnx::TensorProto::BFLOAT16:
      return rounded(v, 8, -126, 0x1.FEp127);
    default:
      return v;
  }
}

std::int64_t to_integer(double v) {
  constexpr double limit = 9.2e18;  // inside the range of 64 bits
  if (!(std::abs(v) < limit)) fail("a constant is too large to be cast to an integer");
  return static_cast<std::int64_t>(v);
}

/// The shape after Reshape to `target`; 0 keeps a size unless `allow_zero`, -1 is what is left over.
Shape reshaped(const Shape& shape, const std::vector<Index>& target, bool allow_zero) {
  const Index count = element_count(shape, "its input");
  Shape result;
  std::size_t open = target.size();  // where the -1 is
  for (std::size_t i = 0; i < target.size(); ++i) {
    Index d = target[i];
    if (d == 0 && !allow_zero) {
      if (i >= shape.size()) fail("the new shape keeps dimension ", i, ", which its input does not have");
      d = shape[i];
    }
    if (d == -1 && open == target.size()) {
      open = i;
      d = 1;
    }
    if (d < 0) fail("the new shape ", target, " makes no sense");
    result.push_back(d);
  }
  const Index rest = element_count(result, "the new shape");
  if (open < target.size() && rest > 0 && count % rest == 0) {
    result[open] = count / rest;
  }
  if (element_count(result, "the new shape") != count)
    fail("a tensor of ", shape, " cannot be reshaped to ", target);
  return result;
}

/// Slice's or Shape's bounds start and end along a dimension of `size`, clamped as ONNX says.
Index clamp_bound(Index bound, Index size, Index lowest, Index highest) {
  // sizes are far from overflow, bounds need not be
  const Index from_front = bound < 0 ? std::max(bound, -size - 1) + size : bound;
  return std::clamp(from_front, lowest, highest);
}

}  // namespace

Tensor fold_constant(const FoldContext& c) {
  if (c.node.proto().attribute_size() != 1) fail("a Constant needs exactly one value");
  const onnx::AttributeProto& a = c.node.proto().attribute(0);
  Tensor result;
  if (a.name() == "value") {
    if (!a.has_t()) fail("a Constant's value is no tensor");
    result = decode(a.t(), c.external);
  } else if (a.name() == "value_float") {
    result = Tensor::of_reals({}, {c.node.real(a.name(), 0.0)});
  } else if (a.name() == "value_int") {
    result = Tensor::of_integers({}, {c.node.integer(a.name(), 0)});
  } else if (a.name() == "value_floats") {
    result = Tensor::of_reals({a.floats_size()}, {a.floats().begin(), a.floats().end()});
  } else {
    result = Tensor::of_integers({a.ints_size()}, {a.ints().begin(), a.ints().end()});
  }
  c.budget.take(result.size());
  return result;
}

Tensor fold_shape_of(const FoldContext& c) {
  const Shape& shape = c.input(0).shape;
  const auto rank = static_cast<Index>(shape.size());
  const Index start = clamp_bound(c.node.integer("start", 0), rank, 0, rank);
  const Index end = std::max(start, clamp_bound(c.node.integer("end", rank), rank, 0, rank));
  Shape part(shape.begin() + start, shape.begin() + end);
  const auto size = static_cast<Index>(part.size());
  return Tensor::of_integers({size}, std::move(part));
}

Tensor fold_size(const FoldContext& c) {
  return Tensor::of_integers({}, {element_count(c.input(0).shape, "its input")});
}

Tensor fold_identity(const FoldContext& c) { return with_shape(c, c.input(0), c.input(0).shape); }

Tensor fold_cast(const FoldContext& c) {
  Tensor result = with_shape(c, c.input(0), c.input(0).shape);
  const Index type = c.node.integer("to", 0);
  if (is_float(type)) {
    if (result.kind == Kind::integer) {
      constexpr std::int64_t exact = std::int64_t{1} << 53;
      result.rounded = result.rounded || std::any_of(result.integers.begin(), result.integers.end(),
                                                     [](std::int64_t v) { return v > exact || v < -exact; });
      result.reals.assign(result.integers.begin(), result.integers.end());
      result.integers.clear();
      result.kind = Kind::real;
    }
    for (double& v : result.reals) {
      const double before = v;
      v = rounded_to(before, type);
      result.rounded = result.rounded || v != before;
    }
    result.half = type == onnx::TensorProto::FLOAT16 || type == onnx::TensorProto::BFLOAT16;
    return result;
  }
  const bool boolean = type == onnx::TensorProto::BOOL;
  if (!boolean && type != onnx::TensorProto::INT64 && type != onnx::TensorProto::INT32)
    fail("a cast of constants to ", type_name(type), " is not supported");
  if (result.kind == Kind::real) {
    for (const double v : result.reals)
      result.integers.push_back(boolean ? (v != 0.0 ? 1 : 0) : to_integer(v));
    result.reals.clear();
    result.kind = Kind::integer;
  }
  for (std::int64_t& v : result.integers) {
    if (boolean) v = v != 0 ? 1 : 0;
    if (type == onnx::TensorProto::INT32 && v != static_cast<std::int32_t>(v))
      fail("a constant is too large to be cast to INT32");
  }
  return result;
}

Tensor fold_reshape(const FoldContext& c) {
  const auto target = c.list("shape", 1);
  if (!target) fail("a Reshape has no shape");
  return with_shape(c, c.input(0), reshaped(c.input(0).shape, *target, c.node.integer("allowzero", 0) != 0));
}

Tensor fold_flatten(const FoldContext& c) {
  const Shape& x = c.input(0).shape;
  const auto rank = static_cast<Index>(x.size());
  const Index axis = c.node.integer("axis", 1);
  const Index at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at > rank) fail("axis ", axis, " does not exist in a tensor of rank ", rank);
  const Index rows = element_count({x.begin(), x.begin() + at}, "its input");
  return with_shape(c, c.input(0), {rows, element_count({x.begin() + at, x.end()}, "its input")});
}

/// Drops the given axes, or all of size 1 if there is no list.
Tensor fold_squeeze(const FoldContext& c) {
  const Shape& x = c.input(0).shape;
  const auto axes = c.list("axes", 1);
  std::vector<bool> drop(x.size(), false);
  if (!axes) std::transform(x.begin(), x.end(), drop.begin(), [](Index d) { return d == 1; });
  for (const Index axis : axes.value_or(Shape())) {
    const std::size_t at = axis_of(axis, x.size());
    if (x[at] != 1) fail("axis ", axis, " of a tensor of ", x, " cannot be squeezed");
    drop[at] = true;
  }
  Shape result;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!drop[i]) result.push_back(x[i]);
  }
  return with_shape(c, c.input(0), std::move(result));
}

Tensor fold_unsqueeze(const FoldContext& c) {
  const auto axes = c.list("axes", 1);
  if (!axes) fail("an Unsqueeze has no axes");
  const std::size_t rank = c.input(0).shape.size() + axes->size();
  element_count(Shape(rank, 1), "its result");  // bounds the rank
  std::vector<bool> added(rank, false);
  for (const Index axis : *axes) {
    const std::size_t at = axis_of(axis, rank);
    if (added[at]) fail("axis ", axis, " is inserted twice");
    added[at] = true;
  }
  Shape result;
  auto next = c.input(0).shape.begin();
  for (std::size_t i = 0; i < rank; ++i) result.push_back(added[i] ? 1 : *next++);
  return with_shape(c, c.input(0), std::move(result));
}

Tensor fold_transpose(const FoldContext& c) {
  const Tensor& x = c.input(0);
  std::vector<Index> order(x.shape.size());
  std::iota(order.begin(), order.end(), Index{0});
  const std::vector<Index> given = c.node.integers("perm").value_or(Shape(order.rbegin(), order.rend()));
  if (!std::is_permutation(given.begin(), given.end(), order.begin(), order.end()))
    fail("its perm is no permutation of the ", order.size(), " dimensions of its input");
  Shape shape;
  for (const Index axis : given) shape.push_back(at(x.shape, axis));
  c.budget.take(x.size());
  return gather_entries(x, std::move(shape), transpose_indices(x.shape, given));
}

Tensor fold_constant_of_shape(const FoldContext& c) {
  const Shape shape = integer_list(c.input(0), "a shape");
  Tensor value = Tensor::of_reals({1}, {0.0});
  if (const onnx::AttributeProto* a = c.node.find("value")) value = decode(a->t(), c.external);
  if (value.size() != 1) fail("the value of a ConstantOfShape must be one number");
  const Index count = element_count(shape, "its shape");
  c.budget.take(count);
  return gather_entries(value, shape, std::vector<Index>(static_cast<std::size_t>(count), 0));
}

Tensor fold_expand(const FoldContext& c) {
  const Tensor& x = c.input(0);
  const Shape shape = broadcast_shape(x.shape, integer_list(c.input(1), "a shape"));
  c.budget.take(element_count(shape, "its shape"));
  return gather_entries(x, shape, broadcast_indices(x.shape, shape));
}

Tensor fold_gather(const FoldContext& c) {
  const Tensor& x = c.input(0);
  const Tensor& which = c.input(1);
  if (which.kind != Kind::integer) fail("the indices of a Gather must be integers");
  const std::size_t axis = axis_of(c.node.integer("axis", 0), x.shape.size());
  const auto at = x.shape.begin() + static_cast<std::ptrdiff_t>(axis);
  Shape shape(x.shape.begin(), at);
  shape.insert(shape.end(), which.shape.begin(), which.shape.end());
  shape.insert(shape.end(), at + 1, x.shape.end());
  const Index count = element_count(shape, "its result");
  if (count == 0) return gather_entries(x, std::move(shape), {});
  c.budget.take(count);
  std::vector<Index> places;
  for (const Index w : which.integers) {
    if (w < -*at || w >= *at) fail("the index ", w, " is out of range");
    places.push_back(w < 0 ? w + *at : w);
  }
  return gather_entries(x, std::move(shape), indices_along(x.shape, axis, places));
}

Tensor fold_concat(const FoldContext& c) {
  Tensor result = c.input(0);
  const std::size_t axis = axis_of(c.node.integer("axis", 0), result.shape.size());
  Index along = 0;
  Index total = 0;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    const Tensor& x = c.input(i);
    Shape same = x.shape;
    if (same.size() == result.shape.size()) same[axis] = result.shape[axis];
    if (same != result.shape || x.kind != result.kind)
      fail("tensors of ", c.input(0).shape, " and ", x.shape, " cannot be joined along axis ", axis);
    along += x.shape[axis];
    total += x.size();
  }
  c.budget.take(total);
  result.reals.clear();
  result.integers.clear();
  const auto at = result.shape.begin() + static_cast<std::ptrdiff_t>(axis);
  const Index outer = element_count({result.shape.begin(), at}, "its input");
  const Index inner = element_count({at + 1, result.shape.end()}, "its input");
  for (Index o = 0; o < outer && total > 0; ++o) {
    for (const Tensor* x : c.inputs) {
      const Index piece = x->shape[axis] * inner;
      if (x->kind == Kind::real) {
        const auto from = x->reals.begin() + o * piece;
        result.reals.insert(result.reals.end(), from, from + piece);
      } else {
        const auto from = x->integers.begin() + o * piece;
        result.integers.insert(result.integers.end(), from, from + piece);
      }
    }
  }
  result.shape[axis] = along;
  return result;
}

Tensor fold_slice(const FoldContext& c) {
  const Tensor& x = c.input(0);
  const auto starts = c.list("starts", 1);
  const auto ends = c.list("ends", 2);
  auto axes = c.list("axes", 3);
  if (!starts || !ends || starts->size() != ends->size()) fail("a Slice has no starts and ends");
  if (!axes) {
    axes.emplace(starts->size());
    std::iota(axes->begin(), axes->end(), Index{0});
  }
  std::vector<Index> steps(starts->size(), 1);
  if (const Tensor* given = c.optional_input(4)) steps = integer_list(*given, "steps");
  if (axes->size() != starts->size() || steps.size() != starts->size())
    fail("the lists of a Slice differ in length");
  Tensor result = x;
  for (std::size_t s = 0; s < axes->size(); ++s) {
    const std::size_t axis = axis_of((*axes)[s], x.shape.size());
    const Index size = result.shape[axis];
    const Index step = steps[s];
    if (step == 0) fail("a Slice has a step of zero");
    const Index start = clamp_bound((*starts)[s], size, 0, step > 0 ? size : std::max<Index>(size - 1, 0));
    const Index end = clamp_bound((*ends)[s], size, step > 0 ? 0 : -1, size);
    // the whole dimension has been passed after `size` steps of any length
    std::vector<Index> picked;
    for (Index i = start; picked.size() < static_cast<std::size_t>(size) && (step > 0 ? i < end : i > end);) {
      picked.push_back(i);
      if (__builtin_add_overflow(i, step, &i)) break;
    }
    c.budget.take(result.size() + static_cast<Index>(picked.size()));
    Shape shape = result.shape;
    shape[axis] = static_cast<Index>(picked.size());
    result = gather_entries(result, std::move(shape), indices_along(result.shape, axis, picked));
  }
  return result;
}

}  // namespace geolip::formats::onnx_graph
