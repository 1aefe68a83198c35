#include <geolip/baselines.hpp>
#include <geolip/error.hpp>

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include <support/enumeration.hpp>
#include <support/random_networks.hpp>
#include <support/spectrum.hpp>

namespace geolip {
namespace {

/// Row i of a matrix as a vector.
std::vector<double> row(const Matrix& m, Index i) {
  const auto first = m.data.begin() + i * m.cols;
  return {first, first + m.cols};
}

TEST(GradientBound, IsTheLargestNormOfTheNetworksOwnGradients) {
  test::Random random(1);
  const Network network = test::random_biased_network(random, {5, 7, 6, 3}, Activation(ActivationKind::tanh));
  const Matrix inputs = random_inputs(300, 5, 2);  // more than one batch
  double sum = 0.0;
  double square = 0.0;
  double largest = 0.0;
  double spectral = 0.0;
  double rows = 0.0;
  for (Index i = 0; i < inputs.rows; ++i) {
    const std::vector<double> x = row(inputs, i);
    const std::vector<double> g = network.gradient(x, std::vector<double>{0.0, 1.0, -1.0});
    const Eigen::Map<const Eigen::VectorXd> v(g.data(), 5);
    sum = std::max(sum, v.lpNorm<1>());
    square = std::max(square, v.norm());
    largest = std::max(largest, v.lpNorm<Eigen::Infinity>());
    Eigen::MatrixXd jacobian(3, 5);
    for (Index k = 0; k < 3; ++k) {
      std::vector<double> unit(3, 0.0);
      unit[static_cast<std::size_t>(k)] = 1.0;
      const std::vector<double> r = network.gradient(x, unit);
      jacobian.row(k) = Eigen::Map<const Eigen::RowVectorXd>(r.data(), 5);
    }
    spectral = std::max(spectral, test::spectral_norm(jacobian));
    rows = std::max(rows, jacobian.cwiseAbs().rowwise().sum().maxCoeff());
  }
  const Objective margin = Objective::margin(1, 2);
  EXPECT_NEAR(gradient_bound(network, Norm::linf, margin, inputs), sum, 1e-12 * sum);
  EXPECT_NEAR(gradient_bound(network, Norm::l2, margin, inputs), square, 1e-12 * square);
  EXPECT_NEAR(gradient_bound(network, Norm::l1, margin, inputs), largest, 1e-12 * largest);
  EXPECT_NEAR(gradient_bound(network, Norm::l2, Objective::vector(), inputs), spectral, 1e-12 * spectral);
  EXPECT_NEAR(gradient_bound(network, Norm::linf, Objective::vector(), inputs), rows, 1e-12 * rows);
}

TEST(GradientBound, FindsTheSpectralNormOfJacobiansOfEitherShape) {
  test::Random random(4);
  for (const auto& widths : {std::vector<Index>{2, 5}, std::vector<Index>{5, 2}}) {
    const Network network = test::random_biased_network(random, widths, Activation(ActivationKind::relu));
    const double bound =
        gradient_bound(network, Norm::l2, Objective::vector(), random_inputs(1, widths[0], 0));
    const double exact = test::enumerate_fgl(network, Norm::l2, Objective::vector());
    EXPECT_NEAR(bound, exact, 1e-12 * exact);
  }
}

TEST(GradientBound, PassesOverInputsThatOverflow) {
  Network network(1);
  Dense dense{Matrix(1, 1), {}};
  dense.weight(0, 0) = 1e200;
  network.add({"w1", dense});
  network.add({"silu", Activation(ActivationKind::silu)});
  dense.weight(0, 0) = 1e-200;
  network.add({"w2", dense});
  Matrix inputs(2, 1);
  inputs(0, 0) = 1e200;
  inputs(1, 0) = 1.0;
  for (const Objective& objective : {Objective::output(0), Objective::vector()}) {
    const double bound = gradient_bound(network, Norm::l2, objective, inputs);
    EXPECT_TRUE(std::isfinite(bound));
    EXPECT_NEAR(bound, 1.0, 1e-12);
  }
}

TEST(GradientBound, RefusesInputsOfTheWrongWidth) {
  test::Random random(1);
  const Network network = test::random_biased_network(random, {3, 2}, Activation(ActivationKind::relu));
  try {
    gradient_bound(network, Norm::l2, Objective::output(0), Matrix(4, 2));
    FAIL() << "no exception";
  } catch (const QueryError& error) {
    EXPECT_STREQ(error.what(), "inputs: they have 2 columns but the network takes 3 coordinates");
  }
  EXPECT_THROW(gradient_bound(network, Norm::l1, Objective::vector(), Matrix(1, 3)), QueryError);
}

TEST(RandomInputs, AreStandardNormalAndRepeatable) {
  const Matrix x = random_inputs(500, 20, 42);
  EXPECT_EQ(x.data, random_inputs(500, 20, 42).data);
  EXPECT_NE(x.data, random_inputs(500, 20, 43).data);
  const Eigen::Map<const Eigen::ArrayXd> v(x.data.data(), 10000);
  EXPECT_NEAR(v.mean(), 0.0, 0.05);
  EXPECT_NEAR(v.square().mean(), 1.0, 0.06);
}

}  // namespace
}  // namespace geolip
