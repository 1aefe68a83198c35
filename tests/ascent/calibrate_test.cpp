// Powers of two that bring every tensor to about unit size, and change nothing else.
#include <ascent/calibrate.hpp>
#include <support/prepared.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <numeric>

namespace geolip {
namespace {

using ascent::Ascent;
using ascent::Calibration;
using problem::Problem;
using test::Prepared;
using test::Random;
using test::row_problem;

/// A network whose layer k is multiplied by 2^exponents[k].
Network scaled_network(const std::vector<int>& exponents) {
  Random random(8);
  const Network plain = test::random_network(random, {12, 30, 25, 20, 4});
  return test::edited(plain, [&](Index k, Matrix& w) {
    for (double& entry : w.data) entry = std::ldexp(entry, exponents[static_cast<std::size_t>(k)]);
  });
}

class Calibrated : public testing::TestWithParam<std::vector<int>> {};

TEST_P(Calibrated, EveryTensorIsOfAboutUnitSize) {
  const Network network = scaled_network(GetParam());
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    Prepared setup(network);
    std::vector<Problem> problems{row_problem({1e-200, 0, 0, 0}, {norm}), row_problem({0, 1, -1, 0}, {norm}),
                                  row_problem({0, 0, 3e150, 1e150}, {norm})};
    const Calibration calibration = ascent::calibrate(*setup.backend, setup.chain, setup.slopes, problems, 1);
    ASSERT_EQ(calibration.rows.size(), 3U);
    for (std::size_t b = 0; b < problems.size(); ++b) {
      problems[b].row.scale(calibration.rows[b]);
    }
    setup.scaling = calibration.scaling;
    auto model = setup.model<float>();
    std::vector<Index> ids(problems.size());
    std::iota(ids.begin(), ids.end(), Index{0});
    Ascent<float> ascent(model, problems, ids, 8, 1);
    for (int sweep = 0; sweep < 20; ++sweep) ascent.sweep();
    for (const double value : ascent.values()) {
      EXPECT_GT(value, 0.125);
      EXPECT_LT(value, 16.0);
    }
    for (const double size : ascent.layer_sizes(setup.rows())) {
      EXPECT_GT(size, 0.125);
      EXPECT_LT(size, 16.0);
    }
  }
}

TEST_P(Calibrated, ScalingChangesOnlyTheExponentOfTheValue) {
  const Network network = scaled_network(GetParam());
  Prepared setup(network);
  std::vector<Problem> problems{row_problem({1, 0, 0, 0})};
  const Calibration calibration = ascent::calibrate(*setup.backend, setup.chain, setup.slopes, problems, 1);
  problems[0].row.scale(calibration.rows[0]);
  setup.scaling = calibration.scaling;
  auto model = setup.model<double>();
  Ascent<double> ascent(model, problems, {0}, 8, 1);
  const Network plain = scaled_network({0, 0, 0, 0});
  const Prepared unscaled(plain);
  auto reference_model = unscaled.model<double>();
  Ascent<double> reference(reference_model, {row_problem({1, 0, 0, 0})}, {0}, 8, 1);
  const int total = std::accumulate(GetParam().begin(), GetParam().end(), 0);
  for (int sweep = 0; sweep < 5; ++sweep) {
    ascent.sweep();
    reference.sweep();
    const double value =
        std::ldexp(ascent.values()[0], -calibration.scaling.output - calibration.rows[0] - total);
    // random starts do not depend on the scale, and powers of two are exact
    ASSERT_NEAR(value, reference.values()[0], 1e-12 * std::abs(reference.values()[0]));
  }
}

INSTANTIATE_TEST_SUITE_P(Scales, Calibrated,
                         testing::Values(std::vector<int>{0, 0, 0, 0}, std::vector<int>{-60, 50, -40, 30},
                                         std::vector<int>{200, 200, 200, 200},
                                         std::vector<int>{-250, -250, -250, -200},
                                         std::vector<int>{400, -800, 400, 0}));

TEST(Calibrate, TheVectorObjectiveIsScaledThroughTheOutput) {
  Random random(9);
  const Network plain = test::random_network(random, {6, 10, 4});
  const Network network = test::edited(plain, [](Index, Matrix& w) {
    for (double& entry : w.data) entry = std::ldexp(entry, 70);
  });
  Prepared setup(network);
  const std::vector<Problem> problems{test::vector_problem()};
  const Calibration calibration = ascent::calibrate(*setup.backend, setup.chain, setup.slopes, problems, 1);
  EXPECT_EQ(calibration.rows, std::vector<int>{0});
  setup.scaling = calibration.scaling;
  auto model = setup.model<float>();
  Ascent<float> ascent(model, problems, {0}, 4, 1);
  for (int sweep = 0; sweep < 20; ++sweep) ascent.sweep();
  EXPECT_GT(ascent.values()[0], 0.125);
  EXPECT_LT(ascent.values()[0], 16.0);
}

}  // namespace
}  // namespace geolip
