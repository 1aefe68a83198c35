// The same seed gives the same bits, whatever the threads; another seed gives other numbers that hold as
// well.
#include <geolip/estimate.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace geolip {
namespace {

/// A network whose products and rows are cut into several pieces, and objectives of every kind.
Result run(Norm norm, int threads, std::uint64_t seed) {
  test::Random random(4);
  const Network network = test::random_network(
      random, norm == Norm::l1 ? std::vector<Index>{10, 60, 40, 4} : std::vector<Index>{50, 200, 150, 4});
  Query query;
  query.norm = norm;
  query.objectives = {Objective::output(0), Objective::margin(1, 2),
                      Objective::weighted({1.0, 0.5, -0.25, 2.0})};
  if (norm != Norm::l1) query.objectives.push_back(Objective::vector());
  Settings settings;
  settings.gap = 1e-3;
  settings.starts = 8;
  settings.threads = threads;
  settings.seed = seed;
  return estimate(network, query, settings);
}

void expect_same_bits(const Result& a, const Result& b) {
  ASSERT_EQ(a.bounds.size(), b.bounds.size());
  for (std::size_t i = 0; i < a.bounds.size(); ++i) {
    EXPECT_EQ(a.bounds[i].lower, b.bounds[i].lower);
    EXPECT_EQ(a.bounds[i].relaxation, b.bounds[i].relaxation);
    EXPECT_EQ(a.bounds[i].upper, b.bounds[i].upper);
    EXPECT_EQ(a.bounds[i].iterations, b.bounds[i].iterations);
    EXPECT_EQ(a.bounds[i].rank, b.bounds[i].rank);
  }
}

class EstimateDeterminism : public testing::TestWithParam<Norm> {};

TEST_P(EstimateDeterminism, SameBitsBesideAnotherEstimate) {
  const Result alone = run(GetParam(), 2, 0);
  for (int repetition = 0; repetition < 2; ++repetition) {
    std::array<Result, 2> together;
    {
      std::vector<std::jthread> threads;
      for (Result& result : together) {
        threads.emplace_back([&result, norm = GetParam()] { result = run(norm, 2, 0); });
      }
    }
    for (const Result& result : together) expect_same_bits(alone, result);
  }
}

TEST_P(EstimateDeterminism, SameBitsWhateverTheThreads) {
  const Result one = run(GetParam(), 1, 0);
  EXPECT_TRUE(one.certified());
  for (const int threads : {1, 2, 5}) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    expect_same_bits(one, run(GetParam(), threads, 0));
  }
}

TEST_P(EstimateDeterminism, AnotherSeedIsAnotherPathToTheSameOptimum) {
  const Result a = run(GetParam(), 1, 0);
  const Result b = run(GetParam(), 1, 1);
  bool differs = false;
  for (std::size_t i = 0; i < a.bounds.size(); ++i) {
    differs = differs || a.bounds[i].relaxation != b.bounds[i].relaxation;
    EXPECT_NE(b.bounds[i].status, Status::limit);
    // one run's relaxation lies below the optimum, the other's bound above
    EXPECT_LE(a.bounds[i].relaxation, b.bounds[i].upper);
    EXPECT_LE(b.bounds[i].relaxation, a.bounds[i].upper);
    EXPECT_LE(b.bounds[i].lower, a.bounds[i].upper);
  }
  EXPECT_TRUE(differs);
}

INSTANTIATE_TEST_SUITE_P(Norms, EstimateDeterminism, testing::Values(Norm::linf, Norm::l2, Norm::l1),
                         [](const auto& param_info) { return std::string(to_string(param_info.param)); });

}  // namespace
}  // namespace geolip
