// What a run is predicted to take, against what it takes, and how problems are shared out where memory is
// short.
#include <bench/support/timed_backend.hpp>
#include <geolip/error.hpp>
#include <solve/estimate_on.hpp>
#include <support/messages.hpp>
#include <support/random_graphs.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace geolip {
namespace {

using bench::TimedBackend;
using bench::Watch;
using test::Random;

Settings quick() {
  Settings settings;
  settings.gap = 1e-3;
  settings.verify = Verify::off;
  settings.max_iterations = 60;
  return settings;
}

/// A run on the CPU, watched.
Result run(const Network& network, const Query& query, const Settings& settings, Watch& watch,
           int threads = 1) {
  const auto inner = backend::make_cpu_backend(threads);
  TimedBackend backend(*inner, watch);
  return estimate_on(backend, network, query, settings);
}

/// The network's weights, which the CPU backend uses in place.
double own_bytes(const Network& network) {
  double bytes = 0.0;
  for (const Layer& layer : network.layers()) {
    if (const auto* dense = std::get_if<Dense>(&layer.op))
      bytes += static_cast<double>(dense->weight.data.size() * sizeof(double));
  }
  return bytes;
}

std::vector<Objective> all_outputs(const Network& network) {
  std::vector<Objective> objectives;
  for (Index k = 0; k < network.outputs(); ++k) objectives.push_back(Objective::output(k));
  return objectives;
}

Network chain(Random& random, const std::vector<Index>& widths) {
  return test::random_network(random, widths, Activation(ActivationKind::relu));
}

Conv conv(Random& random, Index channels, Index filters) {
  Conv layer;
  layer.image = {8, 8};
  layer.channels = channels;
  layer.filters = filters;
  layer.kernel = {3, 3};
  layer.pads_before = layer.pads_after = {1, 1};
  for (Index i = 0; i < filters * channels * 9; ++i) layer.weight.push_back(0.2 * random.normal());
  return layer;
}

/// 1 x 8 x 8 - conv 6 - relu - conv 6 - relu - conv 6
Network stack(Random& random) {
  Network network(8 * 8);
  network.add({"first", conv(random, 1, 6)});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"second", conv(random, 6, 6)});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"third", conv(random, 6, 6)});
  return network;
}

/// 2 x 8 x 8 - conv 8 - relu - conv 8 and the shortcut - relu - dense 5
Network residual(Random& random) {
  Network network(2 * 8 * 8);
  network.add({"first", conv(random, 2, 8)});
  const Index begin = network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"second", conv(random, 8, 8)});
  network.add({"relu", Activation(ActivationKind::relu)});
  const Index end = network.add({"third", conv(random, 8, 8)});
  network.add({"sum", Add{}}, {begin, end});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"dense", Dense{test::random_matrix(random, 5, 8 * 8 * 8, 0.1), {}}});
  return network;
}

/// The same of dense layers, whose certificates are made layer by layer.
Network dense_residual(Random& random) {
  constexpr Index width = 150;
  Network network(40);
  network.add({"first", Dense{test::random_matrix(random, width, 40, 0.1), {}}});
  const Index begin = network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"second", Dense{test::random_matrix(random, width, width, 0.1), {}}});
  const Index end = network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"sum", Add{}}, {begin, end});
  network.add({"third", Dense{test::random_matrix(random, width, width, 0.1), {}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"last", Dense{test::random_matrix(random, 5, width, 0.1), {}}});
  return network;
}

struct Case {
  const char* name;
  Network network;
};

std::vector<Case> small_cases() {
  Random random(5);
  std::vector<Case> all;
  all.push_back({"deep", chain(random, {10, 30, 30, 30, 30, 4})});
  all.push_back({"many outputs", chain(random, {8, 30, 200})});
  for (int i = 0; i < 6; ++i) all.push_back({"graph", test::random_graph(random, 9, 9)});
  return all;
}

std::vector<Case> large_cases() {
  Random random(6);
  std::vector<Case> all;
  all.push_back({"wide", chain(random, {40, 300, 3})});
  all.push_back({"very wide", chain(random, {12, 4500, 3})});
  all.push_back({"stack", stack(random)});
  all.push_back({"residual", residual(random)});
  return all;
}

/// Bytes that a run took, and what was predicted beside the network's own weights.
struct Taken {
  double peak = 0.0;
  double predicted = 0.0;
};

/// Runs a query and compares the memory that it took with the prediction.
Taken run_and_compare(const Network& network, Norm norm, Settings settings) {
  settings.rank = settings.max_rank = 16;  // the prediction is for the first rank
  Prediction announced;
  settings.begin = [&](const std::string&, const Prediction& prediction) { announced = prediction; };
  Watch watch;
  Query query{norm, {Objective::output(0), Objective::output(network.outputs() - 1)}};
  if (norm == Norm::l2) query.objectives.push_back(Objective::vector());
  const Result result = run(network, query, settings, watch);
  if (watch.peak_bytes == 0) return {};  // nothing joins these outputs to the input
  EXPECT_EQ(announced.bytes, result.prediction.bytes);
  EXPECT_GE(announced.batch, 1);
  const Taken taken{static_cast<double>(watch.peak_bytes), result.prediction.bytes - own_bytes(network)};
  EXPECT_LE(taken.peak, taken.predicted);
  return taken;
}

struct Arithmetic {
  const char* name;
  Norm norm;
  Precision precision;
};

Settings settings_for(const Arithmetic& arithmetic) {
  Settings settings = quick();
  settings.precision = arithmetic.precision;
  return settings;
}

std::string name_of(const testing::TestParamInfo<Arithmetic>& info) { return info.param.name; }

class Plans : public testing::TestWithParam<Arithmetic> {};

TEST_P(Plans, MemoryStaysBelowThePrediction) {
  for (const Case& each : small_cases()) {
    SCOPED_TRACE(each.name);
    run_and_compare(each.network, GetParam().norm, settings_for(GetParam()));
  }
}

const Arithmetic linf{"linf", Norm::linf, Precision::automatic};
const Arithmetic l2{"l2", Norm::l2, Precision::automatic};
const Arithmetic l2_double{"l2_float64", Norm::l2, Precision::float64};
const Arithmetic l1{"l1", Norm::l1, Precision::automatic};

INSTANTIATE_TEST_SUITE_P(Norms, Plans, testing::Values(linf, l2, l2_double, l1), name_of);

class LargePlans : public testing::TestWithParam<Arithmetic> {};

TEST_P(LargePlans, RefuseNothingThatFits) {
  for (const Case& each : large_cases()) {
    SCOPED_TRACE(each.name);
    const Taken taken = run_and_compare(each.network, GetParam().norm, settings_for(GetParam()));
    constexpr double unfolded_images =
        12.0 * (1U << 20U);  // whatever the size: 4 MiB in each of three places
    EXPECT_GE(taken.peak + unfolded_images, 0.2 * taken.predicted);
  }
}

// l_1 is predicted for all coordinates at once
INSTANTIATE_TEST_SUITE_P(Norms, LargePlans, testing::Values(linf, l2, l2_double), name_of);

TEST(ShortMemory, ProblemsAreSolvedInBatchesThatFit) {
  Random random(6);
  const Network network = chain(random, {20, 60, 40});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    SCOPED_TRACE(to_string(norm));
    Settings settings = quick();
    settings.max_iterations = norm == Norm::l1 ? 50 : 300;
    const Query query{norm, all_outputs(network)};
    Watch free;
    const Result together = run(network, query, settings, free);
    Watch tight;
    tight.memory = free.peak_bytes / 4;
    const Result apart = run(network, query, settings, tight);
    EXPECT_LT(apart.prediction.batch, together.prediction.batch);
    EXPECT_LE(tight.peak_bytes, tight.memory);
    for (std::size_t k = 0; k < together.bounds.size(); ++k) {
      EXPECT_EQ(apart.bounds[k].status, together.bounds[k].status);
      EXPECT_NEAR(apart.bounds[k].upper, together.bounds[k].upper, 2e-3 * together.bounds[k].upper);
      EXPECT_LE(apart.bounds[k].lower, apart.bounds[k].upper);
    }
  }
}

TEST(ShortMemory, TheRankStaysWhereMoreDoesNotFit) {
  Random random(7);
  const Network network = chain(random, {30, 300, 1});
  Settings settings = quick();
  settings.gap = 1e-9;  // out of reach, so that the rank grows as far as it may
  settings.max_iterations = 600;
  const Query query{Norm::linf, {Objective::output(0)}};
  Watch free;
  const Result grown = run(network, query, settings, free);
  Watch tight;
  tight.memory = static_cast<std::size_t>(grown.prediction.bytes / 0.9);
  const Result kept = run(network, query, settings, tight);
  EXPECT_LE(static_cast<double>(tight.peak_bytes), 0.9 * static_cast<double>(tight.memory));
  EXPECT_LT(kept.bounds[0].rank, grown.bounds[0].rank);
  EXPECT_NEAR(kept.bounds[0].upper, grown.bounds[0].upper, 1e-3 * grown.bounds[0].upper);
}

TEST(ShortMemory, WeightsPassThroughTheDeviceWhereTheyDoNotFit) {
  Random random(12);
  const Network network = chain(random, {200, 20, 200, 20, 200, 20, 200, 20, 200, 2});
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    SCOPED_TRACE(to_string(norm));
    Settings settings = quick();
    settings.rank = settings.max_rank = 2;
    const Query query{norm, {Objective::output(0), Objective::vector()}};
    Watch free;
    free.apart = true;
    const Result resident = run(network, query, settings, free);
    EXPECT_FALSE(resident.prediction.weights_on_host);
    EXPECT_LE(static_cast<double>(free.peak_bytes), resident.prediction.bytes);
    Watch tight;
    tight.apart = true;
    tight.several_queues = true;
    // less than everything takes with the weights of six layers in both arithmetics
    const double less = resident.prediction.bytes - 6.0 * 4000.0 * (sizeof(float) + sizeof(double));
    tight.memory = static_cast<std::size_t>(less / 0.9);
    const Result passing = run(network, query, settings, tight, 3);
    EXPECT_TRUE(passing.prediction.weights_on_host);
    EXPECT_LE(static_cast<double>(tight.peak_bytes), passing.prediction.bytes);
    EXPECT_LE(passing.prediction.bytes, less * (1.0 + 1e-6));
    for (std::size_t k = 0; k < resident.bounds.size(); ++k) {
      EXPECT_EQ(passing.bounds[k].upper, resident.bounds[k].upper);
      EXPECT_EQ(passing.bounds[k].lower, resident.bounds[k].lower);
    }
  }
}

TEST(ShortMemory, WhatDoesNotFitIsRefusedWithTheNumbers) {
  Random random(8);
  const Network network = chain(random, {20, 500, 2});
  Watch watch;
  watch.memory = 1U << 20U;
  const std::string message = test::message_of<NetworkError>([&] {
    run(network, {Norm::l2, {Objective::output(0)}}, quick(), watch);
  });
  EXPECT_THAT(message, testing::MatchesRegex("network: it needs about 0\\.1 GB of memory \\(0\\.1 GB for a "
                                             "certificate, 0\\.1 GB for the sweeps\\), and the device has "
                                             "0\\.1 GB"));
  EXPECT_EQ(watch.peak_bytes, 0U);
}

TEST(CertificatesAtOnce, TakeNoMoreThanIsPredicted) {
  Random random(10);
  for (const Network& network : {chain(random, {12, 150, 120, 6}), dense_residual(random)}) {
    for (const Norm norm : {Norm::linf, Norm::l1}) {
      SCOPED_TRACE(to_string(norm));
      Settings settings = quick();
      settings.rank = settings.max_rank = 16;
      if (norm == Norm::l1) settings.time_limit = 1.0;  // it is about memory, not about all inputs
      const Query query{norm, all_outputs(network)};
      Watch watch;
      watch.several_queues = true;
      const Result result = run(network, query, settings, watch, 4);
      EXPECT_GT(result.prediction.certificates, 1);
      EXPECT_LE(static_cast<double>(watch.peak_bytes), result.prediction.bytes - own_bytes(network));
    }
  }
}

TEST(CertificatesAtOnce, AreFewerWhereMemoryIsShort) {
  Random random(11);
  const Network network = chain(random, {30, 200, 6});
  const Query query{Norm::l2, all_outputs(network)};
  Settings settings = quick();
  settings.rank = settings.max_rank = 8;
  Watch free;
  free.several_queues = true;
  const Result many = run(network, query, settings, free, 4);
  EXPECT_EQ(many.prediction.certificates, 4);
  Watch tight;
  tight.several_queues = true;
  const double less = many.prediction.bytes - 1.5 * many.prediction.certificate_bytes;
  tight.memory = static_cast<std::size_t>(less / 0.9);
  const Result few = run(network, query, settings, tight, 4);
  EXPECT_EQ(few.prediction.batch, many.prediction.batch);
  EXPECT_GT(few.prediction.certificates, 0);
  EXPECT_LT(few.prediction.certificates, 4);
  EXPECT_LE(static_cast<double>(tight.peak_bytes), less);
  for (std::size_t k = 0; k < many.bounds.size(); ++k) EXPECT_EQ(few.bounds[k].upper, many.bounds[k].upper);
}

TEST(Prediction, IsMadeBeforeAnythingIsAllocated) {
  Random random(9);
  const Network network = chain(random, {20, 100, 2});
  Watch watch;
  Settings settings = quick();
  std::string device;
  std::size_t before = 1;
  settings.begin = [&](const std::string& name, const Prediction&) {
    device = name;
    before = watch.peak_bytes;
  };
  const Result result = run(network, {Norm::l2, {Objective::output(0)}}, settings, watch);
  EXPECT_EQ(device, result.device);
  EXPECT_EQ(before, 0U);
  EXPECT_GT(watch.peak_bytes, 0U);
}

/// Rows of |w| = 1 but for one of 3: the maximum is that one's. All outputs in one state would take
/// more than 70 MB, growing with the square of their number.
TEST(WideOutputs, OfAVectorAreBoundedSomeAtATime) {
  constexpr Index outputs = 520;
  Network network(2);
  Dense first{Matrix(1, 2), {}};
  first.weight.data = {0.5, -0.5};
  network.add({"first", first});
  network.add({"relu", Activation(ActivationKind::relu)});
  Dense last{Matrix(outputs, 1), {}};
  for (Index k = 0; k < outputs; ++k) last.weight(k, 0) = k == 300 ? -3.0 : 1.0;
  network.add({"last", last});
  Watch watch;
  const Result result = run(network, {Norm::linf, {Objective::vector()}}, quick(), watch);
  EXPECT_GE(result.bounds[0].upper, 3.0);
  EXPECT_LE(result.bounds[0].upper, 3.0 * (1.0 + 1e-3));
  EXPECT_GE(result.bounds[0].lower, 3.0 * (1.0 - 1e-3));
  EXPECT_LT(watch.peak_bytes, 40'000'000U);
}

}  // namespace
}  // namespace geolip
