#include <ascent/patterns.hpp>
#include <problem/dual_norm.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::ascent {
namespace {

using backend::Buffer;
using backend::View;

// Power iterations on J'J for a vector objective. The start is a gradient of the objective already.
constexpr int power_iterations = 30;
// Rounding of the backward pass and the norm, taken off the value.
constexpr double rounding_allowance = 1e-13;
// The scaled network's numbers are about 1: a value below this may be made of numbers that have lost digits.
constexpr double least_value = 0x1p-300;

/// Columns of values, one a problem, that go up and down the network under fixed slopes.
class PatternPass {
 public:
  PatternPass(ascent::Model<double>& model, const std::vector<ascent::Pattern>& patterns)
      : model_(model), patterns_(patterns), count_(static_cast<Index>(patterns.size())) {}

  /// y = J x for each column
  std::vector<double> forward(std::vector<double> x) {
    for (std::size_t k = 0; k < model_.maps.size(); ++k) {
      x = run(model_.maps[k], x, true);
      if (k + 1 < model_.maps.size()) multiply(k, x);
    }
    return x;
  }

  /// x = J' y for each column
  std::vector<double> backward(std::vector<double> y) {
    for (std::size_t k = model_.maps.size(); k-- > 0;) {
      if (k + 1 < model_.maps.size()) multiply(k, y);
      y = run(model_.maps[k], y, false);
    }
    return y;
  }

 private:
  std::vector<double> run(operators::LinearMap<double>& map, const std::vector<double>& in, bool up) {
    const Buffer<double> from(model_.backend, in, count_);
    Buffer<double> to(model_.backend, up ? map.outputs() : map.inputs(), count_);
    if (up) {
      map.apply(from.view(), to.view());
    } else {
      map.adjoint(from.view(), to.view());
    }
    return to.download();
  }

  void multiply(std::size_t layer, std::vector<double>& x) const {
    const auto count = static_cast<std::size_t>(count_);
    for (std::size_t at = 0; at < x.size(); ++at) x[at] *= patterns_[at % count][layer][at / count];
  }

  ascent::Model<double>& model_;
  const std::vector<ascent::Pattern>& patterns_;
  Index count_;
};

/// Column b of a row-major matrix of `count` columns.
std::vector<double> column(const std::vector<double>& x, std::size_t count, std::size_t b) {
  std::vector<double> own;
  own.reserve(x.size() / count);
  for (std::size_t at = b; at < x.size(); at += count) own.push_back(x[at]);
  return own;
}

}  // namespace

double pattern_passes(const problem::Problem& problem) {
  return problem.vector ? 1.0 + 2.0 * power_iterations : 1.0;
}

std::vector<double> pattern_values(ascent::Model<double>& exact,
                                   const std::vector<problem::Problem>& problems,
                                   const std::vector<ascent::Pattern>& patterns) {
  const std::size_t count = problems.size();
  PatternPass pass(exact, patterns);
  const auto outputs = static_cast<std::size_t>(exact.outputs());
  std::vector<double> u(outputs * count);
  bool any_vector = false;
  for (std::size_t b = 0; b < count; ++b) {
    any_vector = any_vector || problems[b].vector;
    // a vector objective starts from a direction that no symmetry of the outputs singles out
    for (std::size_t i = 0; i < outputs && problems[b].vector; ++i)
      u[i * count + b] = kernels::normal(1, 1, i);
    const problem::Row& row = problems[b].row;
    for (std::size_t i = 0; i < row.index.size(); ++i)
      u[static_cast<std::size_t>(row.index[i]) * count + b] = row.value[i];
  }
  std::vector<double> g = pass.backward(u);
  std::vector<double> values(count);
  for (std::size_t b = 0; b < count; ++b)
    values[b] = problem::dual_norm(problems[b].ball, column(g, count, b));
  if (any_vector) {
    std::vector<double> x = g;
    for (int i = 0; i < power_iterations; ++i) {
      std::vector<double> norms(count);
      for (std::size_t b = 0; b < count; ++b) norms[b] = problem::dual_norm(column(x, count, b), Norm::l2);
      for (std::size_t at = 0; at < x.size(); ++at)
        x[at] /= norms[at % count] > 0.0 ? norms[at % count] : 1.0;
      // |x| = 1: |J x| is a lower bound on |J|
      const std::vector<double> y = pass.forward(x);
      for (std::size_t b = 0; b < count; ++b) {
        if (problems[b].vector) values[b] = problem::dual_norm(column(y, count, b), Norm::l2);
      }
      x = pass.backward(y);
    }
  }
  const bool accurate =
      std::none_of(exact.maps.begin(), exact.maps.end(), [](const auto& map) { return map.is_extreme(); });
  for (double& value : values) {
    const bool counts = accurate && std::isfinite(value) && value >= least_value;
    value = counts ? value * (1.0 - rounding_allowance) : 0.0;
  }
  return values;
}

}  // namespace geolip::ascent
