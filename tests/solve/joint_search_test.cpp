// l_1: how many of the inputs are solved by themselves, and what is known when time is short.
#include <bench/support/timed_backend.hpp>
#include <solve/estimate_on.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace geolip {
namespace {

using test::Random;

constexpr Index inputs = 120;

/// Inputs of different weight, as the pixels of an image have.
Network some_network() {
  Random random(51);
  Network network(inputs);
  Matrix first = test::random_matrix(random, 20, inputs, 0.2);
  for (Index i = 0; i < first.rows; ++i) {
    for (Index j = 0; j < inputs; ++j) first(i, j) *= std::exp(-0.004 * static_cast<double>(j));
  }
  network.add({"first", Dense{first, {}}});
  network.add({"relu1", Activation(ActivationKind::relu)});
  network.add({"second", Dense{test::random_matrix(random, 12, 20, 0.3), {}}});
  network.add({"relu2", Activation(ActivationKind::relu)});
  network.add({"last", Dense{test::random_matrix(random, 2, 12, 0.3), {}}});
  return network;
}

Result run(const Settings& settings, bench::Watch& watch) {
  const Network network = some_network();
  const auto inner = backend::make_cpu_backend(1);
  bench::TimedBackend backend(*inner, watch);
  return estimate_on(backend, network, {Norm::l1, {Objective::output(0)}}, settings);
}

TEST(JointSearch, SparesMostInputsACertificateOfTheirOwn) {
  Settings settings;
  settings.verify = Verify::off;
  bench::Watch watch;
  const Result result = run(settings, watch);
  EXPECT_EQ(result.bounds.front().status, Status::certified);
  // two factorisations a certificate
  EXPECT_LT(watch.factorisations, static_cast<std::size_t>(inputs) / 2);
}

TEST(JointSearch, BoundsAllInputsHoweverShortTheTime) {
  Settings settings;
  settings.verify = Verify::off;
  bench::Watch watch;
  const double certified = run(settings, watch).bounds.front().upper;
  settings.time_limit = 1e-9;
  const Bound bound = run(settings, watch).bounds.front();
  EXPECT_GE(bound.upper, certified * (1.0 - 1e-9));
  EXPECT_LE(bound.upper, 2.0 * certified);
}

TEST(JointSearch, IsProvedByTheChecker) {
  Settings settings;
  settings.verify = Verify::on;
  bench::Watch watch;
  const Result result = run(settings, watch);
  EXPECT_TRUE(result.bounds.front().proved()) << result.bounds.front().reason;
}

}  // namespace
}  // namespace geolip
