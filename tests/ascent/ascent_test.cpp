// Sweeps against the same formulas in Eigen, and what must hold of any sweep.
#include <ascent/ascent.hpp>
#include <ascent/dense_ascent.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace geolip {
namespace {

using ascent::Ascent;
using ascent::Model;
using ascent::Release;
using ascent::SweepNorms;
using problem::Problem;
using test::DenseAscent;
using test::Prepared;
using test::Random;
using test::row_problem;
using test::vector_problem;

constexpr std::uint64_t seed = 5;

Network some_network(const char* activation = "leaky_relu", const std::vector<Index>& widths = {6, 9, 8, 3}) {
  Random random(11);
  return test::random_network(random, widths, activation_from_name(activation));
}

std::vector<problem::Problem> some_problems(Norm norm) {
  std::vector<problem::Problem> problems{row_problem({1, 0, 0}), row_problem({0, 1, -1}),
                                         row_problem({0.3, -0.2, 2})};
  if (norm == Norm::l2) problems.push_back(vector_problem());
  for (std::size_t b = 0; b < problems.size(); ++b) {
    problems[b].ball.norm = norm;
    if (norm == Norm::l1) problems[b].ball.coordinates = {Index(2 * b)};
  }
  return problems;
}

std::vector<Index> ids_of(const std::vector<problem::Problem>& problems) {
  std::vector<Index> ids;
  for (std::size_t b = 0; b < problems.size(); ++b) ids.push_back(static_cast<Index>(10 + b));
  return ids;
}

template <class T>
constexpr double precision = std::is_same_v<T, float> ? 1e-3 : 1e-11;

class Sweeps : public testing::TestWithParam<Norm> {};

/// Rounding grows along a trajectory: few sweeps, and a tolerance of some ten thousand units.
template <class T>
void follows_the_formulas(Norm norm) {
  for (const char* activation : {"relu", "leaky_relu", "sigmoid", "gelu"}) {
    SCOPED_TRACE(activation);
    const Network network = some_network(activation);
    const Prepared setup(network);
    auto model = setup.model<T>();
    const auto problems = some_problems(norm);
    const auto ids = ids_of(problems);
    Ascent<T> ascent(model, problems, ids, 4, seed);
    std::vector<DenseAscent> dense;
    for (std::size_t b = 0; b < problems.size(); ++b) {
      dense.emplace_back(network, setup, problems[b], norm, ids[b], 4, seed);
    }
    for (int sweep = 0; sweep < 12; ++sweep) {
      ascent.sweep();
      const std::vector<double> values = ascent.values();
      const std::vector<SweepNorms> raw = ascent.norms();
      for (std::size_t b = 0; b < problems.size(); ++b) {
        const double expected = dense[b].sweep();
        ASSERT_NEAR(values[b], expected, precision<T> * (1.0 + std::abs(expected))) << "sweep " << sweep;
        ASSERT_EQ(raw[b].value, values[b]);
        for (std::size_t k = 0; k < setup.slopes.size(); ++k) {
          const auto g = test::to_eigen(raw[b].g[k]);
          const auto rho = test::to_eigen(raw[b].rho[k]);
          ASSERT_LE((g - dense[b].g[k]).norm(), precision<T> * dense[b].g[k].norm());
          ASSERT_LE((rho - dense[b].rho[k]).norm(), precision<T> * dense[b].rho[k].norm());
        }
        const auto input = test::to_eigen(raw[b].input);
        ASSERT_LE((input - dense[b].input).norm(), precision<T> * dense[b].input.norm());
      }
    }
    ascent.forward();
    const std::vector<double> values = ascent.values();
    for (std::size_t b = 0; b < problems.size(); ++b) {
      const double expected = dense[b].forward();
      EXPECT_NEAR(values[b], expected, precision<T> * (1.0 + std::abs(expected)));
    }
  }
}

TEST_P(Sweeps, DoubleFollowsTheFormulas) { follows_the_formulas<double>(GetParam()); }
TEST_P(Sweeps, FloatFollowsTheFormulas) { follows_the_formulas<float>(GetParam()); }

TEST_P(Sweeps, PlainOnesNeverLose) {
  // a state made anew has no momentum, so each of its sweeps is a plain one (M11)
  const Network network = some_network("leaky_relu", {6, 30, 20, 10, 3});
  const Prepared setup(network);
  auto model = setup.model<double>();
  const auto problems = some_problems(GetParam());
  Ascent<double> ascent(model, problems, ids_of(problems), 5, seed);
  std::vector<Index> all;
  for (std::size_t b = 0; b < problems.size(); ++b) all.push_back(static_cast<Index>(b));
  const std::vector<Index> ranks(problems.size(), 5);
  std::vector<double> before;
  std::vector<double> first;
  for (int sweep = 0; sweep < 60; ++sweep) {
    ascent.sweep();
    const std::vector<double> values = ascent.values();
    const std::vector<SweepNorms> raw = ascent.norms();
    for (std::size_t b = 0; b < before.size(); ++b) {
      ASSERT_GE(values[b], before[b] - 1e-13 * std::abs(before[b])) << "sweep " << sweep;
    }
    if (sweep == 0) first = values;
    before = values;
    // sum |G_0| stands between this value and the next; |F V|^2 is the half of <G, Y>
    for (std::size_t b = 0; b < values.size(); ++b) {
      const double sum = test::to_eigen(raw[b].input).sum();
      ASSERT_GE(sum, (problems[b].vector ? 2.0 : 1.0) * values[b] * (1.0 - 1e-13));
    }
    ascent = Ascent<double>(model, ascent, all, ranks, seed, Release::yes);
  }
  for (std::size_t b = 0; b < before.size(); ++b) EXPECT_GT(before[b], first[b] + 0.1 * std::abs(first[b]));
}

TEST_P(Sweeps, BestValuesAreTheLargestSeen) {
  const Network network = some_network();
  const Prepared setup(network);
  auto model = setup.model<double>();
  const auto problems = some_problems(GetParam());
  Ascent<double> ascent(model, problems, ids_of(problems), 2, seed);
  std::vector<double> best(problems.size(), 0.0);
  bool fell = false;
  for (int sweep = 0; sweep < 200; ++sweep) {
    ascent.sweep();
    const std::vector<double> values = ascent.values();
    for (std::size_t b = 0; b < best.size(); ++b) {
      fell = fell || values[b] < best[b];
      best[b] = std::max(best[b], values[b]);
    }
    ASSERT_EQ(ascent.best_values(), best);
  }
  EXPECT_TRUE(fell) << "momentum never overshot: the test has lost its point";
}

TEST_P(Sweeps, AProblemDoesNotFeelTheOthers) {
  const Network network = some_network("relu", {6, 40, 40, 3});
  const Prepared setup(network);
  auto model = setup.model<double>();
  const auto problems = some_problems(GetParam());
  const auto ids = ids_of(problems);
  Ascent<double> batch(model, problems, ids, 7, seed);
  std::vector<Ascent<double>> alone;
  for (std::size_t b = 0; b < problems.size(); ++b) {
    alone.emplace_back(model, std::vector<problem::Problem>{problems[b]}, std::vector<Index>{ids[b]}, 7,
                       seed);
  }
  for (int sweep = 0; sweep < 15; ++sweep) {
    batch.sweep();
    for (std::size_t b = 0; b < problems.size(); ++b) {
      alone[b].sweep();
      // the same sums, though a matrix product may take them in another order
      const double value = alone[b].values().front();
      ASSERT_NEAR(batch.values()[b], value, 1e-11 * (1.0 + std::abs(value)))
          << "problem " << b << " sweep " << sweep;
    }
  }
}

TEST_P(Sweeps, KeptProblemsKeepTheirValues) {
  const Network network = some_network();
  const Prepared setup(network);
  auto exact = setup.model<double>();
  auto model = setup.model<float>();
  const auto problems = some_problems(GetParam());
  Ascent<float> old(model, problems, ids_of(problems), 6, seed);
  for (int sweep = 0; sweep < 30; ++sweep) old.sweep();
  old.forward();
  const std::vector<double> before = old.values();
  const std::vector<Index> keep{2, 0};
  const auto expect_kept = [&](auto& next, double tolerance) {
    next.forward();
    const std::vector<double> after = next.values();
    ASSERT_EQ(after.size(), 2U);
    for (std::size_t b = 0; b < 2; ++b) {
      const auto from = static_cast<std::size_t>(keep[b]);
      EXPECT_NEAR(after[b], before[from], tolerance * std::abs(before[from]));
      EXPECT_EQ(next.id(static_cast<Index>(b)), old.id(keep[b]));
      EXPECT_EQ(next.problem(static_cast<Index>(b)).row, problems[from].row);
    }
  };
  Ascent<float> same(model, old, keep, {6, 6}, seed, Release::no);
  expect_kept(same, 4e-6);
  Ascent<double> wide(exact, old, keep, {6, 6}, seed, Release::no);
  expect_kept(wide, 4e-6);
  // New columns are random and about as large as a third of a row's other entries: most of the value stays.
  Ascent<float> grown(model, old, keep, {6, 12}, seed, Release::no);
  EXPECT_EQ(grown.rank(0), 6);
  EXPECT_EQ(grown.rank(1), 12);
  EXPECT_EQ(grown.columns(), 18);
  expect_kept(grown, 0.4);
  Ascent<double> both(exact, old, keep, {8, 9}, seed, Release::yes);
  expect_kept(both, 0.4);
  // and they are used: the problem is no longer stuck in its old columns
  for (int sweep = 0; sweep < 300; ++sweep) both.sweep();
  EXPECT_GE(both.best_values()[0], before[2] * (1.0 - 1e-6));
}

TEST_P(Sweeps, RoundedStartsAreSigns) {
  const Network network = some_network("relu");
  const Prepared setup(network);
  auto model = setup.model<double>();
  const auto problems = some_problems(GetParam());
  Ascent<double> source(model, problems, ids_of(problems), 6, seed);
  for (int sweep = 0; sweep < 50; ++sweep) source.sweep();
  auto starts = Ascent<double>::rounded(source, {2, 1}, 5, seed);
  ASSERT_EQ(starts.problems(), 10);
  EXPECT_EQ(starts.columns(), 10);
  EXPECT_EQ(starts.id(0), source.id(2));
  EXPECT_EQ(starts.id(9), source.id(1));
  starts.forward();
  const std::vector<Index> all{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (const ascent::Pattern& pattern : starts.patterns(all, setup.slopes)) {
    ASSERT_EQ(pattern.size(), 2U);
    for (const auto& layer : pattern) {
      for (const double slope : layer) EXPECT_TRUE(slope == 0.0 || slope == 1.0);
    }
  }
  for (int sweep = 0; sweep < 5; ++sweep) starts.sweep();
  source.forward();
  for (std::size_t b = 0; b < 10; ++b) {
    // a rank-one point is a point of the relaxation
    EXPECT_LE(starts.best_values()[b], source.best_values()[b < 5 ? 2 : 1] * 1.01);
    EXPECT_GT(starts.best_values()[b], 0.0);
  }
}

TEST_P(Sweeps, LayerSizesAreTheLargestOfTheBatch) {
  const Network network = some_network();
  const Prepared setup(network);
  auto model = setup.model<double>();
  const auto problems = some_problems(GetParam());
  Ascent<double> ascent(model, problems, ids_of(problems), 3, seed);
  ascent.sweep();
  const auto raw = ascent.norms();
  const std::vector<double> sizes = ascent.layer_sizes(setup.rows());
  ASSERT_EQ(sizes.size(), 2U);
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    double largest = 0.0;
    for (const auto& m : raw) {
      largest = std::max(largest,
                         test::to_eigen(m.rho[k]).norm() / std::sqrt(static_cast<double>(m.rho[k].size())));
    }
    EXPECT_NEAR(sizes[k], largest, 1e-14 * largest);
  }
}

INSTANTIATE_TEST_SUITE_P(Norms, Sweeps, testing::Values(Norm::linf, Norm::l2, Norm::l1),
                         [](const auto& param_info) { return std::string(to_string(param_info.param)); });

}  // namespace
}  // namespace geolip
