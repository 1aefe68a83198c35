#include <problem/absolute.hpp>
#include <support/prepared.hpp>
#include <support/random_graphs.hpp>

#include <gtest/gtest.h>

#include <numeric>

namespace geolip {
namespace {

using test::Random;

std::vector<double> sizes(Random& random, Index n) {
  std::vector<double> x(static_cast<std::size_t>(n));
  for (double& v : x) v = random.uniform();
  return x;
}

double dot(const std::vector<double>& x, const std::vector<double>& y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

TEST(Absolute, AppliesAndItsAdjointBelongToOneMatrixAboveTheStage) {
  Random random(71);
  int stages = 0;
  for (int trial = 0; trial < 200; ++trial) {
    SCOPED_TRACE(trial);
    const Network network = test::random_graph(random, 12, 9);
    const problem::Chain chain = problem::make_chain(network);
    const problem::Scaling unit = problem::unit_scaling(chain);
    const std::unique_ptr<backend::Backend> backend = backend::make_cpu_backend(1);
    for (std::size_t k = 0; k < chain.stages.size(); ++k) {
      const problem::Stage& stage = chain.stages[k];
      const std::vector<double> x = sizes(random, stage.inputs);
      const std::vector<double> y = sizes(random, stage.outputs);
      const std::vector<double> up = problem::absolute_apply(stage, x);
      const std::vector<double> down = problem::absolute_adjoint(stage, y);
      ASSERT_EQ(static_cast<Index>(up.size()), stage.outputs);
      ASSERT_EQ(static_cast<Index>(down.size()), stage.inputs);
      EXPECT_NEAR(dot(y, up), dot(down, x), 1e-12 * dot(y, up));

      operators::LinearMap<double> map(*backend, chain, static_cast<Index>(k), unit,
                                       std::make_shared<operators::Intermediates<double>>(*backend, nullptr));
      const backend::Buffer<double> from(*backend, x, 1);
      backend::Buffer<double> to(*backend, stage.outputs, 1);
      map.apply(from.view(), to.view());
      const std::vector<double> signed_up = to.download();
      for (std::size_t i = 0; i < up.size(); ++i) EXPECT_LE(std::abs(signed_up[i]), up[i] * (1.0 + 1e-12));
      ++stages;
    }
  }
  EXPECT_GT(stages, 300);
}

TEST(Absolute, TakesEveryLayersEntriesPositive) {
  Network network(2);
  Matrix a(2, 2);
  a.data = {1.0, -2.0, -3.0, 4.0};
  const Index x = network.add({"a", Dense{a, {}}});
  Affine scale;
  scale.scale = {-2.0, 0.5};
  const Index y = network.add({"scale", scale}, {x});
  Add difference;
  difference.coefficients = {1.0, -3.0};
  network.add({"difference", difference}, {x, y});
  const problem::Chain chain = problem::make_chain(network);
  ASSERT_EQ(chain.stages.size(), 1U);
  // |A| = (1 2; 3 4), and 1 + 3 * 2 = 7, 1 + 3 * 0.5 = 2.5 times that
  EXPECT_EQ(problem::absolute_apply(chain.stages[0], {1.0, 10.0}), (std::vector<double>{147.0, 107.5}));
  EXPECT_EQ(problem::absolute_adjoint(chain.stages[0], {1.0, 10.0}), (std::vector<double>{82.0, 114.0}));
  EXPECT_TRUE(problem::may_cancel(chain.stages[0]));
}

TEST(Absolute, OneLayerThatAddsUpCannotCancel) {
  const auto network = [](bool again) {
    Network made(3);
    made.add({"w", Dense{Matrix(2, 3), {}}});
    made.add({"scale", Affine{{2.0, 3.0}, {}}});
    if (again) made.add({"again", Dense{Matrix(1, 2), {}}});
    return made;
  };
  const Network once = network(false);
  const Network twice = network(true);
  const problem::Chain one = problem::make_chain(once);
  const problem::Chain two = problem::make_chain(twice);
  EXPECT_FALSE(problem::may_cancel(one.stages[0]));
  EXPECT_TRUE(problem::may_cancel(two.stages[0]));
  EXPECT_GT(problem::sum_rounding(two.stages[0]), problem::sum_rounding(one.stages[0]));
}

}  // namespace
}  // namespace geolip
