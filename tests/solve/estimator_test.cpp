// A network that stays on a device: what later queries cost, and that they do not depend on those before.
#include <bench/support/random_network.hpp>
#include <bench/support/timed_backend.hpp>
#include <geolip/error.hpp>
#include <geolip/estimate.hpp>
#include <geolip/estimator.hpp>
#include <solve/answer.hpp>
#include <support/random_graphs.hpp>

#include <gtest/gtest.h>

namespace geolip {
namespace {

Settings quick() {
  Settings settings;
  settings.gap = 1e-3;
  settings.starts = 8;
  return settings;
}

void expect_same_bits(const Result& a, const Result& b) {
  ASSERT_EQ(a.bounds.size(), b.bounds.size());
  for (std::size_t i = 0; i < a.bounds.size(); ++i) {
    EXPECT_EQ(a.bounds[i].lower, b.bounds[i].lower);
    EXPECT_EQ(a.bounds[i].relaxation, b.bounds[i].relaxation);
    EXPECT_EQ(a.bounds[i].upper, b.bounds[i].upper);
    EXPECT_EQ(a.bounds[i].status, b.bounds[i].status);
    EXPECT_EQ(a.bounds[i].iterations, b.bounds[i].iterations);
  }
}

/// Every neuron of the network between these slopes.
SlopeOverride everywhere(const Network& network, SlopeInterval interval) {
  SlopeOverride slopes;
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    if (std::holds_alternative<Activation>(network.layers()[l].op))
      slopes.layers.emplace_back(static_cast<std::size_t>(network.size(static_cast<Index>(l + 1))), interval);
  }
  return slopes;
}

/// Queries of every kind, each unlike the one before.
std::vector<Query> queries(const Network& network) {
  Objective local = Objective::output(0);
  local.slopes = everywhere(network, {0.25, 1.0});
  const Index last = network.outputs() - 1;
  return {{Norm::l2, {Objective::output(0)}},    {Norm::linf, {Objective::output(last), Objective::vector()}},
          {Norm::l1, {Objective::output(last)}}, {Norm::l2, {local, Objective::vector()}},
          {Norm::l2, {Objective::output(0)}},    {Norm::linf, {local}}};
}

TEST(Estimator, AnswersEveryQueryAsIfItWereTheFirst) {
  test::Random random(31);
  for (const Network& network :
       {test::random_network(random, {9, 24, 16, 3}), test::random_graph(random, 9, 9)}) {
    Estimator estimator(network, "cpu", 1);
    for (const Query& query : queries(network)) {
      Settings settings = quick();
      settings.device = "cpu";
      settings.threads = 1;
      expect_same_bits(estimator.estimate(query, settings), estimate(network, query, settings));
    }
  }
}

TEST(Estimator, SendsWeightsAndFindsTheirScalingOnce) {
  const Network network = bench::random_network({50, 120, 80, 5});
  const auto smallest_weight = std::size_t{80} * 5 * sizeof(float);
  const auto inner = backend::make_cpu_backend(1);
  bench::Watch watch;
  watch.apart = true;
  bench::TimedBackend device(*inner, watch);
  solve::Resident resident(device, network);
  Settings settings = quick();
  settings.precision = Precision::float32;
  settings.starts = 1;  // which are no more columns than that at a time
  solve::answer(resident, {Norm::l2, {Objective::output(0)}}, settings);
  EXPECT_GE(watch.largest_upload, 120 * 80 * sizeof(double));
  EXPECT_GT(watch.narrowed, 0U);
  EXPECT_GT(watch.noise64, 0U);
  const std::size_t weights = watch.bytes;
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    watch.largest_upload = watch.narrowed = watch.noise64 = 0;
    const Result result = solve::answer(resident, {norm, {Objective::output(3)}}, settings);
    EXPECT_TRUE(result.certified());
    // in l_1 unit vectors of the inputs go there
    EXPECT_LT(watch.largest_upload, norm == Norm::l1 ? 120 * 80 * sizeof(float) : smallest_weight);
    EXPECT_EQ(watch.narrowed, 0U);    // no weight is rounded to float32 again
    EXPECT_EQ(watch.noise64, 0U);     // which a calibration begins with
    EXPECT_EQ(watch.bytes, weights);  // nothing stays on the device but weights
  }
}

TEST(Estimator, OwnsItsNetworkAndMoves) {
  test::Random random(32);
  const Network network = test::random_network(random, {5, 8, 2});
  const Query query{Norm::l2, {Objective::output(1)}};
  std::optional<Estimator> first(std::in_place, Network(network), "cpu", 1);
  const Result before = first->estimate(query, quick());
  Estimator second(std::move(*first));
  first.reset();
  EXPECT_EQ(second.network().outputs(), 2);
  expect_same_bits(second.estimate(query, quick()), before);
}

TEST(Estimator, CanBeAskedAgainAfterAnError) {
  test::Random random(33);
  Estimator estimator(test::random_network(random, {5, 8, 2}), "cpu", 1);
  const Query query{Norm::l2, {Objective::output(1)}};
  const Result before = estimator.estimate(query, quick());
  EXPECT_THROW(estimator.estimate({Norm::l2, {Objective::output(2)}}, quick()), QueryError);
  Settings interrupted = quick();
  interrupted.observer = [](const Progress&) { throw std::bad_alloc(); };
  EXPECT_THROW(estimator.estimate(query, interrupted), std::bad_alloc);
  expect_same_bits(estimator.estimate(query, quick()), before);
}

TEST(Estimator, RefusesADeviceThatIsNotThereWhenItIsMade) {
  test::Random random(34);
  EXPECT_THROW(Estimator(test::random_network(random, {5, 8, 2}), "cuda:99"), QueryError);
}

}  // namespace
}  // namespace geolip
