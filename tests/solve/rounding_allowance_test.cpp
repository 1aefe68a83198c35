// What rounding can do to stages of several layers, against what errors of a known size do.
#include <ascent/calibrate.hpp>
#include <geolip/estimate.hpp>
#include <problem/absolute.hpp>
#include <solve/rounding_allowance.hpp>
#include <support/prepared.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace geolip {
namespace {

using ascent::Ascent;
using Eigen::MatrixXd;
using problem::Problem;
using test::Prepared;
using test::Random;

constexpr double first_order_safety = 4.0;
constexpr Index rank = 8;

Matrix to_matrix(const MatrixXd& w) {
  Matrix result(w.rows(), w.cols());
  for (Index i = 0; i < w.rows(); ++i) {
    for (Index j = 0; j < w.cols(); ++j) result(i, j) = w(i, j);
  }
  return result;
}

/// Dense layers B_k A_k, with ReLU between the pairs.
struct Pairs {
  std::vector<MatrixXd> a;
  std::vector<MatrixXd> b;

  explicit Pairs(Random& random, const std::vector<Index>& widths) {
    for (std::size_t k = 0; k + 1 < widths.size(); ++k) {
      a.push_back(MatrixXd::NullaryExpr(9, widths[k], [&] { return random.normal(); }) / 3.0);
      b.push_back(MatrixXd::NullaryExpr(widths[k + 1], 9, [&] { return random.normal(); }) / 3.0);
    }
  }

  static Network join(const std::vector<std::vector<MatrixXd>>& stages) {
    Network network(stages.front().front().cols());
    for (std::size_t k = 0; k < stages.size(); ++k) {
      for (const MatrixXd& w : stages[k])
        network.add({"w" + std::to_string(network.layers().size()), Dense{to_matrix(w), {}}});
      if (k + 1 < stages.size()) network.add({"relu" + std::to_string(k), Activation(ActivationKind::relu)});
    }
    return network;
  }

  Network network() const {
    std::vector<std::vector<MatrixXd>> stages;
    for (std::size_t k = 0; k < a.size(); ++k) stages.push_back({a[k], b[k]});
    return join(stages);
  }

  /// The products, one entry off by `share` of |B||A|.
  Network product_with_error(std::size_t stage, Index i, Index j, double share) const {
    std::vector<std::vector<MatrixXd>> stages;
    for (std::size_t k = 0; k < a.size(); ++k) stages.push_back({b[k] * a[k]});
    stages[stage].front()(i, j) += share * b[stage].row(i).cwiseAbs().dot(a[stage].col(j).cwiseAbs());
    return join(stages);
  }
};

struct Point {
  double value = 0.0;
  double effect = 0.0;  ///< in the network's own units
};

/// After sweeps enough for about ten digits of the value.
Point climb(const Network& network, const Problem& problem, bool calibrated = false) {
  Prepared setup(network);
  Problem scaled = problem;
  int exponent = 0;
  if (calibrated) {
    const ascent::Calibration found =
        ascent::calibrate(*setup.backend, setup.chain, setup.slopes, {problem}, 3);
    setup.scaling = found.scaling;
    scaled.row.scale(found.rows[0]);
    exponent = found.scaling.output + found.rows[0];
  }
  auto model = setup.model<double>();
  Ascent<double> ascent(model, {scaled}, {0}, rank, 3);
  for (int sweep = 0; sweep < 600; ++sweep) ascent.sweep();
  const ascent::SweepNorms raw = ascent.norms().front();
  Point point;
  point.value = std::ldexp(problem.vector ? std::sqrt(raw.value) : raw.value, -exponent);
  point.effect =
      std::ldexp(solve::rounding_effect(setup.chain, setup.slopes, setup.scaling, scaled, raw), -exponent);
  return point;
}

Problem problem_for(Norm norm, bool vector) {
  Problem problem = vector ? test::vector_problem() : test::row_problem({1.0, -1.0, 0.0});
  problem.ball.norm = norm;
  if (norm == Norm::l1) problem.ball.coordinates = {1};
  return problem;
}

TEST(RoundingEffect, CoversTheWorstErrorsOfItsSizeAndNotMuchMore) {
  constexpr double factor = 1e7;  // errors of 1e-7 or so, which the values show
  Random random(91);
  const Pairs pairs(random, {4, 5, 5, 3});
  const Network network = pairs.network();
  const problem::Chain chain = problem::make_chain(network);
  for (const auto& [norm, vector] : {std::pair(Norm::linf, false), std::pair(Norm::l2, false),
                                     std::pair(Norm::l2, true), std::pair(Norm::l1, false)}) {
    SCOPED_TRACE(std::string(to_string(norm)) + (vector ? " vector" : ""));
    const Problem problem = problem_for(norm, vector);
    const Point point = climb(network, problem);
    // with the worst signs all entries' effects add up
    double worst = 0.0;
    for (std::size_t k = 0; k < pairs.a.size(); ++k) {
      const double share = factor * problem::sum_rounding(chain.stages[k]);
      for (Index i = 0; i < pairs.b[k].rows(); ++i) {
        for (Index j = 0; j < pairs.a[k].cols(); ++j) {
          const Network off = pairs.product_with_error(k, i, j, share);
          worst += std::abs(climb(off, problem).value - point.value);
        }
      }
    }
    const double covered = factor * point.effect / first_order_safety;
    EXPECT_LE(worst, covered);
    EXPECT_GT(worst, 0.2 * covered);
  }
}

TEST(RoundingEffect, DoesNotDependOnUnits) {
  Random random(92);
  Pairs pairs(random, {6, 8, 7, 3});
  pairs.a[1] *= 1e5;
  pairs.b[0].row(3) *= 1e-4;
  pairs.b[2] *= 1e-9;
  for (const auto& [norm, vector] : {std::pair(Norm::linf, false), std::pair(Norm::l2, false),
                                     std::pair(Norm::l2, true), std::pair(Norm::l1, false)}) {
    SCOPED_TRACE(std::string(to_string(norm)) + (vector ? " vector" : ""));
    const Problem problem = problem_for(norm, vector);
    const Point unscaled = climb(pairs.network(), problem);
    const Point scaled = climb(pairs.network(), problem, true);
    EXPECT_NEAR(scaled.value, unscaled.value, 1e-6 * unscaled.value);
    EXPECT_NEAR(scaled.effect, unscaled.effect, 1e-3 * unscaled.effect);
  }
}

TEST(RoundingEffect, IsZeroWhereNothingCancels) {
  Random random(93);
  const Network network = test::random_network(random, {5, 7, 3}, Activation(ActivationKind::relu));
  EXPECT_EQ(climb(network, problem_for(Norm::l2, false)).effect, 0.0);
  EXPECT_GT(climb(network, test::row_problem({0.3, 0.3, 0.0})).effect, 0.0);
  EXPECT_GT(climb(network, test::row_problem({1.0, 1.0, 1.0})).effect, 0.0);
}

// Two stages that cancel as computed, with `between` layers of weight one from the first to the second: all
// norms of gradients are zero, and those of vectors from the first on.
TEST(RoundingEffect, DoesNotTrustGradientsBehindWhatCancels) {
  const MatrixXd one = MatrixXd::Ones(1, 1);
  const MatrixXd out = MatrixXd::Ones(2, 1);
  const MatrixXd difference = (MatrixXd(1, 2) << 1.0, -1.0).finished();
  for (const std::size_t between : {1, 2, 5}) {
    std::vector<std::vector<MatrixXd>> stages(between + 2, {one});
    stages[1] = {out, difference};
    stages.back() = {out, difference};
    const Network network = Pairs::join(stages);
    const Prepared setup(network);
    ascent::SweepNorms raw;
    raw.g.assign(between + 1, {0.0});
    raw.rho.assign(between + 1, {0.0});
    raw.rho[0] = {1.0};
    const double effect =
        solve::rounding_effect(setup.chain, setup.slopes, setup.scaling, test::row_problem({1.0}), raw);
    // no less than the rounding of the first, with slopes of one behind it, and no more than all of it
    EXPECT_GT(effect, 0x1p-52);
    EXPECT_LT(effect, 0x1p-40);
  }
}

/// x + B relu(A x), so many times: what the weights' absolute values give grows beyond all bounds.
Network residual(Index blocks, Index width) {
  Random random(94);
  const double scale = 1.0 / std::sqrt(static_cast<double>(width));
  Network network(width);
  const auto dense = [&] { return Dense{test::random_matrix(random, width, width, scale), {}}; };
  Index x = 0;
  for (Index k = 0; k < blocks; ++k) {
    const std::string name = std::to_string(k);
    network.add({"a" + name, dense()}, {x});
    network.add({"relu" + name, Activation(ActivationKind::relu)});
    const Index y = network.add({"b" + name, dense()});
    x = network.add({"sum" + name, Add{}}, {x, y});
  }
  return network;
}

TEST(RoundingEffect, LeavesDeepResidualNetworksTheirBounds) {
  Settings settings;
  settings.verify = Verify::on;
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    const Result result = estimate(residual(24, 12), {norm, {Objective::output(0)}}, settings);
    const Bound& bound = result.bounds.front();
    EXPECT_TRUE(bound.proved()) << bound.reason;
    EXPECT_GT(bound.lower, 0.01 * bound.upper);
  }
}

}  // namespace
}  // namespace geolip
