// Whole estimates on a device agree with those of the CPU, and give the same bits when they are repeated.
#include <geolip/estimate.hpp>
#include <support/backends.hpp>
#include <support/random_graphs.hpp>

#include <gtest/gtest.h>

namespace geolip {
namespace {

class Devices : public test::OnEveryBackend {
 protected:
  /// The bounds of every kind of objective on the parameter's backend.
  static Result run(const Network& network, Norm norm, const std::string& device) {
    Query query;
    query.norm = norm;
    query.objectives = {Objective::output(0)};
    if (network.outputs() > 1) query.objectives.push_back(Objective::margin(0, network.outputs() - 1));
    if (norm != Norm::l1) query.objectives.push_back(Objective::vector());
    Settings settings;
    settings.gap = 1e-3;
    settings.starts = 8;
    settings.threads = device == "cpu3" ? 3 : 1;
    settings.device = device.starts_with("cpu") ? "cpu" : device;
    settings.max_iterations = 3000;
    return estimate(network, query, settings);
  }

  /// The optima lie between what either device attained and what either proved.
  static void compare(const Network& network, Norm norm) {
    const Result cpu = run(network, norm, "cpu");
    const Result device = run(network, norm, GetParam());
    const Result again = run(network, norm, GetParam());
    ASSERT_EQ(device.bounds.size(), cpu.bounds.size());
    for (std::size_t i = 0; i < cpu.bounds.size(); ++i) {
      SCOPED_TRACE(i);
      const Bound& a = cpu.bounds[i];
      const Bound& b = device.bounds[i];
      EXPECT_EQ(b.status, a.status);
      EXPECT_LE(b.lower, b.upper);
      EXPECT_LE(a.relaxation, b.upper);
      EXPECT_LE(b.relaxation, a.upper);
      EXPECT_LE(b.lower, a.upper);
      EXPECT_EQ(b.lower, again.bounds[i].lower);
      EXPECT_EQ(b.relaxation, again.bounds[i].relaxation);
      EXPECT_EQ(b.upper, again.bounds[i].upper);
    }
  }
};
GEOLIP_ON_EVERY_BACKEND(Devices);

TEST_P(Devices, AgreeOnAChain) {
  test::Random random(21);
  const Network network = test::random_network(random, {9, 20, 14, 3});
  for (const Norm norm : {Norm::linf, Norm::l2}) compare(network, norm);
}

TEST_P(Devices, AgreeInL1) {
  test::Random random(22);
  compare(test::random_network(random, {4, 12, 8, 2}), Norm::l1);
}

TEST_P(Devices, AgreeOnGraphs) {
  test::Random random(23);
  for (int i = 0; i < 6; ++i) {
    SCOPED_TRACE(i);
    const Network network = test::random_graph(random, 9, 12);
    compare(network, i % 2 == 0 ? Norm::linf : Norm::l2);
  }
}

}  // namespace
}  // namespace geolip
