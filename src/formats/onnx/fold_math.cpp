#include <formats/onnx/exact.hpp>
#include <formats/onnx/fold.hpp>

#include <network/at.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <unordered_map>

namespace geolip::formats::onnx_graph {
namespace {

double apply_real(const std::string& op, double a, double b) {
  if (op == "Add") return a + b;
  if (op == "Sub") return a - b;
  if (op == "Mul") return a * b;
  if (op == "Div") return a / b;
  return std::pow(a, b);
}

/// Whether apply_real() gave `result` without rounding.
bool is_exact(const std::string& op, double a, double b, double result) {
  if (op == "Add") return is_exact_sum(a, b, result);
  if (op == "Sub") return is_exact_sum(a, -b, result);
  if (op == "Mul") return is_exact_product(a, b, result);
  if (op == "Div") return is_exact_product(result, b, a);
  return false;
}

/// Integers are shapes and indices: what does not fit is refused, not wrapped around.
std::int64_t apply_integer(const std::string& op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool bad = false;
  if (op == "Add") {
    bad = __builtin_add_overflow(a, b, &result);
  } else if (op == "Sub") {
    bad = __builtin_sub_overflow(a, b, &result);
  } else if (op == "Mul") {
    bad = __builtin_mul_overflow(a, b, &result);
  } else if (op == "Div") {
    bad = b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min());
    if (!bad) result = a / b;
  } else {
    fail("operator ", op, " on integers is not supported");
  }
  if (bad) fail("operator ", op, " of the integers ", a, " and ", b, " has no result");
  return result;
}

double apply_unary(const std::string& op, double x) {
  if (op == "Neg") return -x;
  if (op == "Abs") return std::abs(x);
  if (op == "Sqrt") return std::sqrt(x);
  if (op == "Reciprocal") return 1.0 / x;
  if (op == "Exp") return std::exp(x);
  if (op == "Log") return std::log(x);
  if (op == "Softplus") return activation_value(Activation(ActivationKind::softplus), 0, x);
  if (op == "Sigmoid") return activation_value(Activation(ActivationKind::sigmoid), 0, x);
  if (op == "Tanh") return std::tanh(x);
  return std::max(x, 0.0);  // Relu
}

std::vector<double> reals_of(const Tensor& tensor) {
  if (tensor.kind == Kind::real) return tensor.reals;
  return {tensor.integers.begin(), tensor.integers.end()};
}

/// How a reduction starts and goes on.
struct Reduction {
  double start;
  double (*step)(double, double);
};

Reduction reduction_of(const std::string& op) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  if (op == "ReduceMax") return {-inf, [](double a, double x) { return std::max(a, x); }};
  if (op == "ReduceMin") return {inf, [](double a, double x) { return std::min(a, x); }};
  if (op == "ReduceProd") return {1.0, [](double a, double x) { return a * x; }};
  if (op == "ReduceL1") return {0.0, [](double a, double x) { return a + std::abs(x); }};
  if (op == "ReduceL2" || op == "ReduceSumSquare") return {0.0, [](double a, double x) { return a + x * x; }};
  return {0.0, [](double a, double x) { return a + x; }};  // ReduceSum, ReduceMean
}

/// A matrix operand of a product, read through its transpose if asked for.
struct Operand {
  const Tensor& tensor;
  Index rows;
  Index cols;
  bool transposed;

  double operator()(Index i, Index j) const {
    return at(tensor.reals, transposed ? j * rows + i : i * cols + j);
  }
};

Operand operand(const Tensor& tensor, bool transposed) {
  if (tensor.kind != Kind::real || tensor.shape.size() != 2)
    fail("the operands of a product of constants must be real matrices");
  return {tensor, tensor.shape[transposed ? 1 : 0], tensor.shape[transposed ? 0 : 1], transposed};
}

Tensor product(const FoldContext& c, const Operand& a, const Operand& b) {
  if (a.cols != b.rows)
    fail("matrices of ", Shape{a.rows, a.cols}, " and ", Shape{b.rows, b.cols}, " cannot be multiplied");
  const Index count = checked_product(a.rows, b.cols, "its result");
  c.budget.take(count);
  c.budget.work(checked_product(count, a.cols, "its result"));
  std::vector<double> values(static_cast<std::size_t>(count), 0.0);
  for (Index i = 0; i < a.rows; ++i) {
    for (Index k = 0; k < a.cols; ++k) {
      const double factor = a(i, k);
      for (Index j = 0; j < b.cols; ++j) at(values, i * b.cols + j) += factor * b(k, j);
    }
  }
  Tensor result = Tensor::of_reals({a.rows, b.cols}, std::move(values));
  result.rounded = true;
  return result;
}

}  // namespace

Tensor fold_binary(const FoldContext& c) {
  if (c.node.has("broadcast") || c.node.has("axis"))
    fail("operator ", c.node.op(), " with broadcast or axis is not supported on constants");
  const Tensor& a = c.input(0);
  const Tensor& b = c.input(1);
  const bool mixed_power = c.node.op() == "Pow" && a.kind == Kind::real;
  if (a.kind != b.kind && !mixed_power) fail("operands are of different kinds");
  const Shape shape = broadcast_shape(a.shape, b.shape);
  c.budget.take(element_count(shape, "its result"));
  const std::vector<Index> ia = broadcast_indices(a.shape, shape);
  const std::vector<Index> ib = broadcast_indices(b.shape, shape);
  Tensor result;
  result.kind = a.kind;
  result.half = a.half && b.half;
  result.shape = shape;
  const std::vector<double> exponents = mixed_power ? reals_of(b) : std::vector<double>();
  const std::vector<double>& right = mixed_power ? exponents : b.reals;
  for (std::size_t i = 0; i < ia.size(); ++i) {
    if (a.kind == Kind::real) {
      const double x = at(a.reals, ia[i]);
      const double y = at(right, ib[i]);
      const double value = apply_real(c.node.op(), x, y);
      result.rounded = result.rounded || !is_exact(c.node.op(), x, y, value);
      result.reals.push_back(value);
    } else {
      result.integers.push_back(apply_integer(c.node.op(), at(a.integers, ia[i]), at(b.integers, ib[i])));
    }
  }
  return result;
}

Tensor fold_unary(const FoldContext& c) {
  Tensor result = c.input(0);
  if (result.kind != Kind::real) fail("operator ", c.node.op(), " on integers is not supported");
  c.budget.take(result.size());
  for (double& v : result.reals) {
    const double x = v;
    v = apply_unary(c.node.op(), x);
    const std::string& op = c.node.op();
    const bool exact = op == "Neg" || op == "Abs" || op == "Relu" ||
                       (op == "Sqrt" && is_exact_product(v, v, x)) ||
                       (op == "Reciprocal" && is_exact_product(v, x, 1.0));
    result.rounded = result.rounded || !exact;
  }
  return result;
}

Tensor fold_reduce(const FoldContext& c) {
  const Tensor& x = c.input(0);
  const std::string& op = c.node.op();
  const std::size_t rank = x.shape.size();
  const std::optional<std::vector<Index>> axes = c.list("axes", 1);
  const bool none = !axes || axes->empty();
  c.budget.take(x.size());
  if (none && c.node.integer("noop_with_empty_axes", 0) != 0) return x;
  std::vector<bool> reduced(rank, none);
  if (!none) {
    for (const Index axis : *axes) reduced[axis_of(axis, rank)] = true;
  }
  Shape kept = x.shape;
  for (std::size_t i = 0; i < rank; ++i) {
    if (reduced[i]) kept[i] = 1;
  }
  const Index count = element_count(kept, "its result");
  c.budget.take(count);
  const Reduction reduction = reduction_of(op);
  std::vector<double> values(static_cast<std::size_t>(count), reduction.start);
  const std::vector<double> entries = reals_of(x);
  const std::vector<Index> target = broadcast_indices(kept, x.shape);
  const bool whole = x.kind == Kind::integer;
  if (whole && (op == "ReduceL2" || op == "ReduceMean"))
    fail("operator ", op, " on integers is not supported");
  constexpr double exact = 9007199254740992.0;  // 2^53: sums and products of integers are exact below it
  for (std::size_t i = 0; i < entries.size(); ++i) {
    double& v = at(values, target[i]);
    v = reduction.step(v, entries[i]);
    if (whole && !(std::abs(v) < exact && std::abs(entries[i]) < exact))
      fail("a reduction of integers is not exact");
  }
  const double share = static_cast<double>(count) / static_cast<double>(x.size());
  for (double& v : values) {
    if (op == "ReduceL2") v = std::sqrt(v);
    if (op == "ReduceMean") v *= share;
  }
  if (c.node.integer("keepdims", 1) == 0) {
    Shape shape;
    for (std::size_t i = 0; i < rank; ++i) {
      if (!reduced[i]) shape.push_back(x.shape[i]);
    }
    kept = std::move(shape);
  }
  if (!whole) {
    Tensor result = Tensor::of_reals(std::move(kept), std::move(values));
    result.rounded = op != "ReduceMax" && op != "ReduceMin";
    return result;
  }
  std::vector<std::int64_t> integers;
  for (const double v : values) {
    if (!(std::abs(v) < exact)) fail("a reduction of integers is not exact");  // of no entries
    integers.push_back(static_cast<std::int64_t>(v));
  }
  return Tensor::of_integers(std::move(kept), std::move(integers));
}

Tensor fold_matmul(const FoldContext& c) {
  Tensor a = c.input(0);
  Tensor b = c.input(1);
  c.budget.take(a.size() + b.size());
  const bool row = a.shape.size() == 1;
  const bool column = b.shape.size() == 1;
  if (row) a.shape.insert(a.shape.begin(), 1);
  if (column) b.shape.push_back(1);
  Tensor result = product(c, operand(a, false), operand(b, false));
  if (column) result.shape.pop_back();
  if (row) result.shape.erase(result.shape.begin());
  return result;
}

Tensor fold_gemm(const FoldContext& c) {
  const double alpha = c.node.real("alpha", 1.0);
  const double beta = c.node.real("beta", 1.0);
  Tensor result = product(c, operand(c.input(0), c.node.integer("transA", 0) != 0),
                          operand(c.input(1), c.node.integer("transB", 0) != 0));
  for (double& v : result.reals) v *= alpha;
  if (const Tensor* addend = c.optional_input(2)) {
    if (addend->kind != Kind::real || broadcast_shape(addend->shape, result.shape) != result.shape)
      fail("the addend of a Gemm is ", addend->shape, ", which does not fit");
    const std::vector<Index> from = broadcast_indices(addend->shape, result.shape);
    for (std::size_t i = 0; i < from.size(); ++i) {
      result.reals[i] += beta * at(addend->reals, from[i]);
    }
  }
  return result;
}

}  // namespace geolip::formats::onnx_graph
