#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>

#include <baselines/product_cost.hpp>
#include <baselines/spectral_norm.hpp>
#include <support/random_networks.hpp>

namespace geolip::baselines {
namespace {

constexpr Eigen::Index too_large = 4097;

TEST(SpectralNorm, IsThatOfTheSingularValues) {
  Eigen::MatrixXd b(2, 3);
  b << 0.0, 0.5, 0.0, -0.25, 0.0, 0.0;
  const double bound = spectral_norm_up(b, 4.0);
  EXPECT_GE(bound, 0.5);
  EXPECT_LE(bound, 0.5 * (1.0 + 1e-10));
}

TEST(SpectralNorm, OfALargeMatrixIsBoundedByItsSums) {
  ASSERT_FALSE(has_exact_norm(too_large, too_large));
  ASSERT_TRUE(has_exact_norm(too_large, 10));
  // of these two the sums tell the norm itself
  const double of_diagonal = spectral_norm_up(0.5 * Eigen::MatrixXd::Identity(too_large, too_large), 4.0);
  EXPECT_GE(of_diagonal, 0.5);
  EXPECT_LE(of_diagonal, 0.5 * (1.0 + 1e-10));
  const double of_ones = spectral_norm_up(Eigen::MatrixXd::Constant(too_large, too_large, 0.5), 4.0);
  const double exact = 0.5 * static_cast<double>(too_large);
  EXPECT_GE(of_ones, exact);
  EXPECT_LE(of_ones, exact * (1.0 + 1e-9));
  // one long row: the Frobenius norm is the smaller one, and the norm itself
  Eigen::MatrixXd row = Eigen::MatrixXd::Zero(too_large, too_large);
  row.row(0).setConstant(0.5);
  const double of_row = spectral_norm_up(row, 4.0);
  EXPECT_GE(of_row, 0.5 * std::sqrt(static_cast<double>(too_large)));
  EXPECT_LE(of_row, 0.5 * std::sqrt(static_cast<double>(too_large)) * (1.0 + 1e-9));
}

TEST(ProductCost, IsThatOfTheSpectralNorms) {
  Network network(20);
  network.add({"a", Dense{Matrix(30, 20), {}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"b", Dense{Matrix(5, 30), {}}});
  EXPECT_EQ(product_multiplications(network, Norm::l2), 30 * 20 * 20 + 5 * 30 * 5);
  EXPECT_EQ(product_multiplications(network, Norm::linf), 30 * 20 + 5 * 30);
}

}  // namespace
}  // namespace geolip::baselines
