// Problems that do not fit together are solved in batches: what a limit does between them, and what is said
// of them.
#include <bench/support/timed_backend.hpp>
#include <geolip/baselines.hpp>
#include <solve/estimate_on.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

namespace geolip {
namespace {

class Batches : public testing::Test {
 protected:
  /// The outputs one by one, in batches of a few.
  Query outputs() const {
    Query query{Norm::linf, {}};
    for (Index k = 0; k < network.outputs(); ++k) query.objectives.push_back(Objective::output(k));
    return query;
  }

  Result run(const Query& query) {
    const auto inner = backend::make_cpu_backend(1);
    bench::TimedBackend backend(*inner, watch);
    Result result = estimate_on(backend, network, query, settings);
    batches = (network.outputs() + result.prediction.batch - 1) / result.prediction.batch;
    return result;
  }

  /// A quarter of the memory that all problems together take.
  Batches() {
    settings.verify = Verify::off;
    settings.starts = 1;
    settings.max_iterations = 1;
    run(outputs());
    EXPECT_EQ(batches, 1);
    watch.memory = watch.peak_bytes / 4;
    settings.max_iterations = 300;
    run(outputs());
    EXPECT_GE(batches, 3);
  }

  test::Random random{41};
  const Network network = test::random_network(random, {20, 60, 40});
  Settings settings;
  bench::Watch watch;
  Index batches = 0;
};

TEST_F(Batches, NoneBeginsAfterAStop) {
  std::stop_source source;
  source.request_stop();
  settings.stop = source.get_token();
  const Query query = outputs();
  const Result result = run(query);
  EXPECT_GT(result.bounds.front().iterations, 0);
  Index untouched = 0;
  for (std::size_t k = 0; k < result.bounds.size(); ++k) {
    const Bound& bound = result.bounds[k];
    EXPECT_EQ(bound.status, Status::limit);
    EXPECT_EQ(bound.reason, "the run was stopped");
    if (bound.iterations > 0) continue;
    ++untouched;
    EXPECT_EQ(bound.lower, 0.0);
    EXPECT_DOUBLE_EQ(bound.upper, product_bound(network, Norm::linf, query.objectives[k]));
  }
  // the first batch alone has begun
  EXPECT_EQ(untouched, network.outputs() - network.outputs() / batches);
}

TEST_F(Batches, NoneBeginsAfterTheTimeLimit) {
  settings.time_limit = 1e-9;
  const Result result = run(outputs());
  EXPECT_GT(result.bounds.front().iterations, 0);
  EXPECT_EQ(result.bounds.back().iterations, 0);
  EXPECT_EQ(result.bounds.back().reason, "the time limit ended the run");
}

TEST_F(Batches, AMaximumIsBoundedThoughSomeOfItsBatchesNeverBegin) {
  const Query vector{Norm::linf, {Objective::vector()}};
  const double attained = run(vector).bounds.front().lower;
  settings.time_limit = 1e-9;
  const Bound cut = run(vector).bounds.front();
  EXPECT_EQ(cut.status, Status::limit);
  EXPECT_GE(cut.upper, attained);
  EXPECT_DOUBLE_EQ(cut.upper, product_bound(network, Norm::linf, Objective::vector()));
}

TEST_F(Batches, ThatMissTheirGapDoNotCountAsCertified) {
  settings.gap = 1e-12;  // out of reach
  settings.max_iterations = 2;
  Index seen = 0;
  settings.observer = [&](const Progress& progress) {
    ++seen;
    EXPECT_EQ(progress.certified, 0);
    EXPECT_EQ(progress.problems, network.outputs());
  };
  run(outputs());
  EXPECT_GE(seen, batches);  // at least one a batch
}

TEST_F(Batches, SecondsOfAMaximumAreTheSumOfTheirs) {
  settings.max_iterations = 30;
  watch.pause = 0.002;  // which each sweep that is waited for takes at the least, once a batch
  const Bound bound = run({Norm::linf, {Objective::vector()}}).bounds.front();
  EXPECT_GE(bound.seconds.ascent, watch.pause * static_cast<double>(batches));
}

}  // namespace
}  // namespace geolip
