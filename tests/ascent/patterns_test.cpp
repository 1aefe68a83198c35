// Lower bounds: the value of a pattern, and that none exceeds the definition.
#include <ascent/patterns.hpp>
#include <support/enumeration.hpp>
#include <support/prepared.hpp>
#include <support/random_networks.hpp>
#include <support/spectrum.hpp>

#include <gtest/gtest.h>

#include <numeric>

namespace geolip {
namespace {

using ascent::Ascent;
using ascent::Pattern;
using Eigen::MatrixXd;
using problem::Problem;
using test::Prepared;
using test::Random;
using test::row_problem;
using test::vector_problem;

/// F D_L W_L ... D_1 W_1
MatrixXd jacobian(const Network& network, const Pattern& pattern) {
  const auto weights = test::dense_weights(network);
  MatrixXd j = weights.front();
  for (std::size_t k = 0; k < pattern.size(); ++k) {
    j = (weights[k + 1] * (test::to_eigen(pattern[k]).asDiagonal() * j)).eval();
  }
  return j;
}

double dual_norm(const Eigen::RowVectorXd& g, Norm norm, Index coordinate) {
  if (norm == Norm::l1) return std::abs(g[coordinate]);
  return norm == Norm::linf ? g.lpNorm<1>() : g.norm();
}

class Rounding : public testing::TestWithParam<Norm> {};

TEST_P(Rounding, PatternValuesAreDualNormsOfTheGradient) {
  Random random(1);
  const Network network = test::random_network(random, {7, 20, 15, 4});
  const Prepared prepared(network);
  auto model = prepared.model<double>();
  std::vector<problem::Problem> problems;
  std::vector<Pattern> patterns;
  for (int p = 0; p < 30; ++p) {
    problems.push_back(row_problem({random.normal(), random.normal(), 0.0, random.normal()}));
    problems.back().ball.norm = GetParam();
    if (GetParam() == Norm::l1) problems.back().ball.coordinates = {random.integer(0, 6)};
    Pattern& pattern = patterns.emplace_back();
    for (const auto& layer : prepared.slopes) {
      auto& slopes = pattern.emplace_back();
      for (Index i = 0; i < layer.neurons; ++i) slopes.push_back(random.chance(0.6) ? 1.0 : 0.0);
    }
  }
  const std::vector<double> values = ascent::pattern_values(model, problems, patterns);
  for (std::size_t p = 0; p < problems.size(); ++p) {
    const Eigen::RowVectorXd g =
        test::to_eigen(problems[p].row.dense()).transpose() * jacobian(network, patterns[p]);
    const std::vector<Index>& moving = problems[p].ball.coordinates;
    const double expected = dual_norm(g, GetParam(), moving.empty() ? -1 : moving.front());
    EXPECT_NEAR(values[p], expected, 1e-12 * expected);
    EXPECT_LE(values[p], expected);
  }
}

TEST_P(Rounding, NeverExceedsTheDefinition) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<Index> widths;
    for (Index k = random.integer(2, 4); k > 0; --k) widths.push_back(random.integer(1, 5));
    const char* kinds[] = {"relu", "leaky_relu", "gelu", "sigmoid"};
    const Network network = test::random_network(random, widths, activation_from_name(kinds[seed % 4]));
    const Prepared prepared(network);
    auto exact = prepared.model<double>();
    auto model = prepared.model<float>();
    std::vector<double> row(static_cast<std::size_t>(widths.back()));
    for (double& u : row) u = random.normal();
    std::vector<problem::Problem> problems;
    if (GetParam() == Norm::l1) {
      for (Index j = 0; j < widths.front(); ++j) {
        problems.push_back(row_problem(row, {Norm::l1, {j}}));
      }
    } else {
      problems.push_back(row_problem(row, {GetParam()}));
    }
    if (GetParam() == Norm::l2) problems.push_back(vector_problem());
    std::vector<Index> all(problems.size());
    std::iota(all.begin(), all.end(), Index{0});
    Ascent<float> source(model, problems, all, 6, seed);
    for (int sweep = 0; sweep < 60; ++sweep) source.sweep();
    ascent::Search search;
    search.starts = 8;
    search.wave = 4;
    const std::vector<double> lower =
        ascent::lower_bounds(model, exact, prepared.slopes, source, all, search);
    const double fgl = test::enumerate_fgl(network, GetParam(), Objective::weighted(row));
    for (std::size_t b = 0; b < problems.size(); ++b) {
      const double limit =
          problems[b].vector ? test::enumerate_fgl(network, Norm::l2, Objective::vector()) : fgl;
      EXPECT_LE(lower[b], limit);
      if (GetParam() != Norm::l1) {
        EXPECT_GE(lower[b], 0.7 * limit);
      }
    }
  }
}

TEST_P(Rounding, StopsBetweenWavesAndNeverLosesByMore) {
  Random random(3);
  const Network network = test::random_network(random, {6, 40, 30, 1});
  const Prepared prepared(network);
  auto model = prepared.model<double>();
  problem::Problem problem = row_problem({1.0}, {GetParam()});
  if (GetParam() == Norm::l1) problem.ball.coordinates = {2};
  Ascent<double> source(model, {problem}, {0}, 6, 1);
  for (int sweep = 0; sweep < 20; ++sweep) source.sweep();
  ascent::Search search;
  search.starts = 12;
  search.wave = 3;
  int asked = 0;
  search.stop = [&] { return ++asked == 2; };
  const double stopped = ascent::lower_bounds(model, model, prepared.slopes, source, {0}, search).front();
  EXPECT_EQ(asked, 2);
  search.stop = nullptr;
  const double full = ascent::lower_bounds(model, model, prepared.slopes, source, {0}, search).front();
  EXPECT_GE(full, stopped);
  search.starts = 6;  // the two waves done before
  EXPECT_EQ(ascent::lower_bounds(model, model, prepared.slopes, source, {0}, search).front(), stopped);
}

INSTANTIATE_TEST_SUITE_P(Norms, Rounding, testing::Values(Norm::linf, Norm::l2, Norm::l1),
                         [](const auto& param_info) { return std::string(to_string(param_info.param)); });

TEST(PatternValues, OfTheVectorObjectiveApproachTheSpectralNormFromBelow) {
  Random random(2);
  const Network network = test::random_network(random, {9, 14, 12, 6});
  const Prepared prepared(network);
  auto model = prepared.model<double>();
  std::vector<Pattern> patterns(10);
  for (Pattern& pattern : patterns) {
    for (const auto& layer : prepared.slopes) {
      auto& slopes = pattern.emplace_back();
      for (Index i = 0; i < layer.neurons; ++i) slopes.push_back(random.chance(0.7) ? 1.0 : 0.0);
    }
  }
  const auto values =
      ascent::pattern_values(model, std::vector<problem::Problem>(10, vector_problem()), patterns);
  for (std::size_t p = 0; p < patterns.size(); ++p) {
    const double norm = test::spectral_norm(jacobian(network, patterns[p]));
    EXPECT_LE(values[p], norm);
    EXPECT_GE(values[p], 0.97 * norm);
  }
}

TEST(PatternValues, ZeroGradientsAreWorthNothing) {
  Random random(4);
  const Network network = test::random_network(random, {3, 4, 2});
  const Prepared prepared(network);
  auto model = prepared.model<double>();
  const Pattern off{std::vector<double>(4, 0.0)};
  EXPECT_EQ(ascent::pattern_values(model, {row_problem({1, 1}), vector_problem()}, {off, off}),
            (std::vector<double>{0.0, 0.0}));
}

}  // namespace
}  // namespace geolip
