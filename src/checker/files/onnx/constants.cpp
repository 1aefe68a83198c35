#include "checker/files/onnx/constants.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace geolip::checker::onnx {
namespace {

struct Fold {
  const Node& node;
  const std::vector<const Tensor*>& inputs;
  ExternalFiles& files;
  Budget& budget;

  const Tensor& input(std::size_t i) const {
    if (i >= inputs.size() || inputs[i] == nullptr) {
      throw ReadError("operator " + node.op() + " lacks its input " + std::to_string(i));
    }
    return *inputs[i];
  }
  const Tensor* optional(std::size_t i) const { return i < inputs.size() ? inputs[i] : nullptr; }

  /// A list that is an attribute in older versions of an operator and an input in newer ones.
  std::optional<std::vector<Index>> list(const char* attribute, std::size_t i) const {
    if (const Tensor* given = optional(i)) return integer_list(*given, attribute);
    return node.integers(attribute);
  }

  Tensor with_shape(Shape shape) const {
    budget.take(input(0).size());
    Tensor result = input(0);
    result.shape = std::move(shape);
    return result;
  }
};

Tensor constant(const Fold& f) {
  const auto& attributes = f.node.message().attributes;
  if (attributes.size() != 1) throw ReadError("a Constant needs exactly one value");
  if (const Attribute* a = f.node.find("value", Attribute::Type::tensor); a != nullptr) {
    if (!a->tensor) throw ReadError("a Constant's value is no tensor");
    return decode(parse_tensor(*a->tensor), f.files, f.budget);
  }
  Tensor result;
  const Attribute& a = attributes.front();
  if (f.node.find("value_float", Attribute::Type::real) != nullptr) {
    result.lower = {a.real};
  } else if (f.node.find("value_floats", Attribute::Type::reals) != nullptr) {
    result.lower = a.reals;
    result.shape = {static_cast<Index>(a.reals.size())};
  } else if (f.node.find("value_int", Attribute::Type::integer) != nullptr) {
    result = Tensor::of_integers({}, {a.integer});
  } else {
    f.node.find("value_ints", Attribute::Type::integers);
    result = Tensor::of_integers({static_cast<Index>(a.integers.size())}, a.integers);
  }
  f.budget.take(result.size());
  return result;
}

Tensor shape_of(const Fold& f) { return fold_shape(f.node, f.input(0).shape); }

Tensor identity(const Fold& f) { return f.with_shape(f.input(0).shape); }

/// A cast that changes no number; others would round, and a rounded weight is another one.
Tensor cast(const Fold& f) {
  Tensor result = f.with_shape(f.input(0).shape);
  const Index type = f.node.integer("to", 0);
  if (is_float(type)) {
    if (!result.real) {
      constexpr Index largest = Index{1} << 24;  // up to here every format but the 16-bit ones is exact
      for (const Index v : result.integers) {
        const bool small_format =
            static_cast<Type>(type) == Type::float16 || static_cast<Type>(type) == Type::bfloat16;
        if (v < -largest || v > largest || (small_format && (v < -256 || v > 256))) {
          throw ReadError("a cast of large integers is not supported");
        }
        result.lower.push_back(static_cast<double>(v));
      }
      result.real = true;
      result.integers.clear();
      return result;
    }
    const auto t = static_cast<Type>(type);
    const bool fits = t == Type::float64 ||
                      (t == Type::float32 && result.exact() &&
                       std::all_of(result.lower.begin(), result.lower.end(),
                                   [](double v) { return static_cast<double>(static_cast<float>(v)) == v; }));
    if (!fits) throw ReadError("a cast of constants that rounds them is not supported");
    return result;
  }
  const auto t = static_cast<Type>(type);
  if (t != Type::int64 && t != Type::int32) {
    throw ReadError("a cast of constants to element type " + std::to_string(type) + " is not supported");
  }
  if (result.real) {
    if (!result.exact()) throw ReadError("a cast of constants that rounds them is not supported");
    for (const double v : result.lower) {
      if (!(std::abs(v) < 0x1p53)) throw ReadError("a constant is too large to be cast to an integer");
      result.integers.push_back(static_cast<Index>(v));
    }
    result.real = false;
    result.lower.clear();
  }
  for (const Index v : result.integers) {
    if (t == Type::int32 && v != static_cast<std::int32_t>(v)) {
      throw ReadError("a constant is too large to be cast to INT32");
    }
  }
  return result;
}

Tensor reshape(const Fold& f) {
  const auto target = f.list("shape", 1);
  if (!target) throw ReadError("a Reshape has no shape");
  return f.with_shape(reshaped(f.input(0).shape, *target, f.node.integer("allowzero", 0) != 0));
}

Tensor flatten(const Fold& f) { return f.with_shape(flattened(f.input(0).shape, f.node.integer("axis", 1))); }

Tensor squeeze(const Fold& f) { return f.with_shape(squeezed(f.input(0).shape, f.list("axes", 1))); }

Tensor unsqueeze(const Fold& f) {
  const auto axes = f.list("axes", 1);
  if (!axes) throw ReadError("an Unsqueeze has no axes");
  return f.with_shape(unsqueezed(f.input(0).shape, *axes));
}

Tensor transpose(const Fold& f) {
  const Tensor& x = f.input(0);
  f.budget.take(x.size());
  const std::vector<Index> perm = permutation_of(f.node, x.shape.size());
  return pick(x, permuted(x.shape, perm), transpose_sources(x.shape, perm));
}

Tensor constant_of_shape(const Fold& f) {
  const Shape shape = integer_list(f.input(0), "a shape");
  Tensor value;
  value.lower = {0.0};
  if (const Attribute* a = f.node.find("value", Attribute::Type::tensor); a != nullptr && a->tensor) {
    value = decode(parse_tensor(*a->tensor), f.files, f.budget);
  }
  if (value.size() != 1) throw ReadError("the value of a ConstantOfShape must be one number");
  const Index count = element_count(shape, "its shape");
  f.budget.take(count);
  return pick(value, shape, std::vector<Index>(static_cast<std::size_t>(count), 0));
}

Tensor expand(const Fold& f) {
  const Tensor& x = f.input(0);
  const Shape shape = broadcast(x.shape, integer_list(f.input(1), "a shape"));
  f.budget.take(element_count(shape, "its shape"));
  return pick(x, shape, broadcast_sources(x.shape, shape));
}

/// The tensor with the entries `chosen` of one axis; `replacement` takes that axis' place in the shape.
Tensor choose(const Fold& f, const Tensor& x, std::size_t axis, const std::vector<Index>& chosen,
              const Shape& replacement) {
  const auto at = x.shape.begin() + static_cast<std::ptrdiff_t>(axis);
  Shape shape(x.shape.begin(), at);
  shape.insert(shape.end(), replacement.begin(), replacement.end());
  shape.insert(shape.end(), at + 1, x.shape.end());
  const Index count = element_count(shape, "its result");
  f.budget.take(count);
  // what is empty may have sizes beyond all bounds
  const Index outer = count == 0 ? 0 : element_count({x.shape.begin(), at}, "its input");
  const Index inner = element_count({at + 1, x.shape.end()}, "its input");
  std::vector<Index> sources;
  for (Index o = 0; o < outer; ++o) {
    for (const Index c : chosen) {
      for (Index i = 0; i < inner; ++i) sources.push_back((o * *at + c) * inner + i);
    }
  }
  return pick(x, std::move(shape), sources);
}

Tensor gather(const Fold& f) {
  const Tensor& x = f.input(0);
  const Tensor& which = f.input(1);
  if (which.real) throw ReadError("the indices of a Gather must be integers");
  const std::size_t axis = axis_of(f.node.integer("axis", 0), x.shape.size());
  const Index size = x.shape[axis];
  std::vector<Index> chosen;
  for (const Index w : which.integers) {
    if (w < -size || w >= size) throw ReadError("the index " + std::to_string(w) + " is out of range");
    chosen.push_back(w < 0 ? w + size : w);
  }
  return choose(f, x, axis, chosen, which.shape);
}

Tensor concat(const Fold& f) {
  const Tensor& first = f.input(0);
  if (!f.node.has("axis")) throw ReadError("a Concat has no axis");
  const std::size_t axis = axis_of(f.node.integer("axis", 0), first.shape.size());
  Tensor result;
  result.real = first.real;
  result.shape = first.shape;
  result.shape[axis] = 0;
  for (std::size_t i = 0; i < f.inputs.size(); ++i) {
    const Tensor& x = f.input(i);
    Shape same = x.shape;
    if (same.size() == first.shape.size()) same[axis] = first.shape[axis];
    if (same != first.shape || x.real != first.real) {
      throw ReadError("tensors of " + shape_text(first.shape) + " and " + shape_text(x.shape) +
                      " cannot be joined along axis " + std::to_string(axis));
    }
    if (__builtin_add_overflow(result.shape[axis], x.shape[axis], &result.shape[axis])) {
      throw ReadError("its result has an impossible size");
    }
    f.budget.take(x.size());
  }
  const auto at = result.shape.begin() + static_cast<std::ptrdiff_t>(axis);
  const bool empty = element_count(result.shape, "its result") == 0;
  const Index outer = empty ? 0 : element_count({result.shape.begin(), at}, "its input");
  const Index inner = element_count({at + 1, result.shape.end()}, "its input");
  for (Index o = 0; o < outer; ++o) {
    for (const Tensor* x : f.inputs) {
      const Index piece = x->shape[axis] * inner;
      for (Index i = o * piece; i < (o + 1) * piece; ++i) {
        if (x->real) {
          result.push(x->at(i));
        } else {
          result.integers.push_back(x->integers[static_cast<std::size_t>(i)]);
        }
      }
    }
  }
  return result;
}

/// Slice's start or end counted from the front, in [lowest, highest].
Index clamped(Index bound, Index size, Index lowest, Index highest) {
  const Index from_front = bound < 0 ? std::max(bound, -size - 1) + size : bound;
  return std::clamp(from_front, lowest, highest);
}

Tensor slice(const Fold& f) {
  const auto starts = f.list("starts", 1);
  const auto ends = f.list("ends", 2);
  auto axes = f.list("axes", 3);
  if (!starts || !ends) throw ReadError("a Slice has no starts and ends");
  if (!axes) {
    axes.emplace(starts->size());
    std::iota(axes->begin(), axes->end(), Index{0});
  }
  std::vector<Index> steps(starts->size(), 1);
  if (const Tensor* given = f.optional(4)) steps = integer_list(*given, "steps");
  if (ends->size() != starts->size() || axes->size() != starts->size() || steps.size() != starts->size()) {
    throw ReadError("the lists of a Slice differ in length");
  }
  Tensor result = f.with_shape(f.input(0).shape);
  for (std::size_t s = 0; s < axes->size(); ++s) {
    const std::size_t axis = axis_of((*axes)[s], result.shape.size());
    const Index size = result.shape[axis];
    const Index step = steps[s];
    if (step == 0) throw ReadError("a Slice has a step of zero");
    f.budget.take(size);
    const Index start = clamped((*starts)[s], size, 0, step > 0 ? size : std::max<Index>(size - 1, 0));
    const Index end = clamped((*ends)[s], size, step > 0 ? 0 : -1, size);
    std::vector<Index> chosen;
    for (Index i = start; size > 0 && (step > 0 ? i < end : i > end);) {
      chosen.push_back(i);
      if (__builtin_add_overflow(i, step, &i)) break;
    }
    const auto count = static_cast<Index>(chosen.size());
    result = choose(f, result, axis, chosen, {count});
  }
  return result;
}

Index integer_result(std::string_view op, Index a, Index b) {
  Index result = 0;
  bool bad = false;
  if (op == "Add") {
    bad = __builtin_add_overflow(a, b, &result);
  } else if (op == "Sub") {
    bad = __builtin_sub_overflow(a, b, &result);
  } else if (op == "Mul") {
    bad = __builtin_mul_overflow(a, b, &result);
  } else {
    bad = b == 0 || (b == -1 && a == std::numeric_limits<Index>::min());
    if (!bad) result = a / b;
  }
  if (bad) throw ReadError("an operation on integers has no result");
  return result;
}

Enclosure real_result(std::string_view op, const Enclosure& a, const Enclosure& b) {
  if (op == "Add") return add(a, b);
  if (op == "Sub") return add(a, negate(b));
  if (op == "Mul") return multiply(a, b);
  return divide(a, b);
}

Tensor binary(const Fold& f) {
  const Tensor& a = f.input(0);
  const Tensor& b = f.input(1);
  if (a.real != b.real) throw ReadError("operands are of different kinds");
  const Shape shape = broadcast(a.shape, b.shape);
  const Index count = element_count(shape, "its result");
  f.budget.take(count);
  const std::vector<Index> ia = broadcast_sources(a.shape, shape);
  const std::vector<Index> ib = broadcast_sources(b.shape, shape);
  Tensor result;
  result.real = a.real;
  result.shape = shape;
  for (std::size_t i = 0; i < ia.size(); ++i) {
    if (a.real) {
      result.push(real_result(f.node.message().op, a.at(ia[i]), b.at(ib[i])));
    } else {
      result.integers.push_back(integer_result(f.node.message().op,
                                               a.integers[static_cast<std::size_t>(ia[i])],
                                               b.integers[static_cast<std::size_t>(ib[i])]));
    }
  }
  return result;
}

Enclosure unary_result(std::string_view op, const Enclosure& a) {
  if (op == "Neg") return negate(a);
  if (op == "Abs") return absolute(a);
  if (op == "Sqrt") return square_root(a);
  return divide(point(1.0), a);  // Reciprocal
}

Tensor unary(const Fold& f) {
  const Tensor& x = f.input(0);
  if (!x.real) throw ReadError("operator " + f.node.op() + " on integers is not supported");
  f.budget.take(x.size());
  Tensor result;
  result.shape = x.shape;
  for (Index i = 0; i < x.size(); ++i) result.push(unary_result(f.node.message().op, x.at(i)));
  return result;
}

struct Operator {
  Tensor (*handler)(const Fold&);
  std::size_t least;
  std::size_t most;
  std::vector<std::string_view> attributes;
};

const Operator* find(std::string_view op) {
  constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();
  static const std::unordered_map<std::string_view, Operator> table{
      {"Constant", {constant, 0, 0, {"value", "value_float", "value_floats", "value_int", "value_ints"}}},
      {"Shape", {shape_of, 1, 1, {"start", "end"}}},
      {"Size", {shape_of, 1, 1, {}}},
      {"Identity", {identity, 1, 1, {}}},
      {"Cast", {cast, 1, 1, {"to", "saturate"}}},
      {"Reshape", {reshape, 1, 2, {"allowzero", "shape"}}},
      {"Flatten", {flatten, 1, 1, {"axis"}}},
      {"Squeeze", {squeeze, 1, 2, {"axes"}}},
      {"Unsqueeze", {unsqueeze, 1, 2, {"axes"}}},
      {"Transpose", {transpose, 1, 1, {"perm"}}},
      {"ConstantOfShape", {constant_of_shape, 1, 1, {"value"}}},
      {"Expand", {expand, 2, 2, {}}},
      {"Gather", {gather, 2, 2, {"axis"}}},
      {"Concat", {concat, 1, any_number, {"axis"}}},
      {"Slice", {slice, 1, 5, {"axes", "starts", "ends"}}},
      {"Add", {binary, 2, 2, {}}},
      {"Sub", {binary, 2, 2, {}}},
      {"Mul", {binary, 2, 2, {}}},
      {"Div", {binary, 2, 2, {}}},
      {"Neg", {unary, 1, 1, {}}},
      {"Abs", {unary, 1, 1, {}}},
      {"Sqrt", {unary, 1, 1, {}}},
      {"Reciprocal", {unary, 1, 1, {}}},
  };
  const auto found = table.find(op);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace

Tensor fold_shape(const Node& node, const Shape& shape) {
  if (node.message().op == "Size") {
    node.require_attributes({});
    return Tensor::of_integers({}, {element_count(shape, "its input")});
  }
  node.require_attributes({"start", "end"});
  const auto rank = static_cast<Index>(shape.size());
  const Index start = clamped(node.integer("start", 0), rank, 0, rank);
  const Index end = std::max(start, clamped(node.integer("end", rank), rank, 0, rank));
  Shape part(shape.begin() + start, shape.begin() + end);
  const auto size = static_cast<Index>(part.size());
  return Tensor::of_integers({size}, std::move(part));
}

Tensor fold(const Node& node, const std::vector<const Tensor*>& inputs, ExternalFiles& files,
            Budget& budget) {
  const Operator* op = find(node.message().op);
  if (op == nullptr || !is_onnx_domain(node.message().domain)) {
    throw ReadError("operator " + node.op() + " on constants is not supported");
  }
  node.require_inputs(op->least, op->most);
  node.require_attributes(op->attributes);
  return op->handler({node, inputs, files, budget});
}

}  // namespace geolip::checker::onnx
