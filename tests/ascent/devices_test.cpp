// Sweeps on every backend: the values of the CPU's, and a recording where the backend makes one.
#include <support/backends.hpp>
#include <support/prepared.hpp>
#include <support/random_networks.hpp>

#include <ascent/ascent.hpp>

#include <cmath>

namespace geolip {
namespace {

class SweepsOnDevices : public test::OnEveryBackend {
 protected:
  /// Objectives of a joint problem after each of some sweeps.
  static std::vector<double> joint_values(std::unique_ptr<backend::Backend> backend, bool& recorded) {
    test::Random random(32);
    const Network network = test::random_network(random, {7, 12, 9, 3});
    test::Prepared setup(network);
    setup.backend = std::move(backend);
    auto model = setup.model<double>();
    problem::Problem problem = test::row_problem({1, -2, 0.5});
    problem.ball = {Norm::l1, {0, 2, 3, 6}};
    ascent::Ascent<double> ascent(model, {problem}, {0}, 8, 1);
    std::vector<double> all;
    for (int i = 0; i < 12; ++i) {
      ascent.sweep();
      all.push_back(ascent.values().front());
    }
    recorded = recorded && ascent.is_recorded();
    return all;
  }

  /// Objectives after each of some sweeps, of two problems of ranks 4 and then 8.
  static std::vector<double> values(std::unique_ptr<backend::Backend> backend, Norm norm, bool& recorded) {
    test::Random random(31);
    const Network network = test::random_network(random, {7, 12, 9, 3});
    test::Prepared setup(network);
    setup.backend = std::move(backend);
    auto model = setup.model<double>();
    std::vector<problem::Problem> problems{test::row_problem({1, 0, 0}), test::row_problem({0, 1, -1})};
    for (auto& problem : problems) {
      problem.ball.norm = norm;
      if (norm == Norm::l1) problem.ball.coordinates = {3};
    }
    std::vector<double> all;
    ascent::Ascent<double> ascent(model, problems, {0, 1}, 4, 1);
    const auto run = [&](ascent::Ascent<double>& state) {
      for (int i = 0; i < 8; ++i) {
        state.sweep();
        for (const double value : state.values()) all.push_back(value);
      }
      recorded = recorded && state.is_recorded();
    };
    run(ascent);
    ascent = ascent::Ascent<double>(model, ascent, {0, 1}, {8, 4}, 1, ascent::Release::yes);
    EXPECT_FALSE(ascent.is_recorded());
    run(ascent);
    return all;
  }
};
GEOLIP_ON_EVERY_BACKEND(SweepsOnDevices);

TEST_P(SweepsOnDevices, FollowThoseOfTheCpu) {
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    SCOPED_TRACE(to_string(norm));
    bool recorded = true;
    const std::vector<double> device = values(test::make_named_backend(GetParam()), norm, recorded);
    EXPECT_EQ(recorded, GetParam() == "cuda");
    const std::vector<double> cpu = values(backend::make_cpu_backend(1), norm, recorded);
    ASSERT_EQ(device.size(), cpu.size());
    for (std::size_t i = 0; i < cpu.size(); ++i) EXPECT_NEAR(device[i], cpu[i], 1e-10 * std::abs(cpu.back()));
  }
}

TEST_P(SweepsOnDevices, OfJointProblemsFollowThoseOfTheCpu) {
  bool recorded = true;
  const std::vector<double> device = joint_values(test::make_named_backend(GetParam()), recorded);
  EXPECT_EQ(recorded, GetParam() == "cuda");
  const std::vector<double> cpu = joint_values(backend::make_cpu_backend(1), recorded);
  for (std::size_t i = 0; i < cpu.size(); ++i) EXPECT_NEAR(device[i], cpu[i], 1e-10 * std::abs(cpu.back()));
}

}  // namespace
}  // namespace geolip
