// The bound on the largest eigenvalue is a bound, and a close one.
#include <certificate/largest_eigenvalue.hpp>
#include <support/backends.hpp>
#include <support/device_matrix.hpp>
#include <support/spectrum.hpp>

#include <limits>

namespace geolip {
namespace {

using Rows = test::RowMajor<double>;
using test::Random;
using test::random_values;

class LargestEigenvalue : public test::OnEveryBackend {
 protected:
  /// Only the lower triangle is given.
  std::optional<double> bound(Rows m) {
    m.triangularView<Eigen::StrictlyUpper>().setConstant(std::numeric_limits<double>::quiet_NaN());
    certificate::Workspace workspace(backend());
    const auto view = workspace.pivot.take(m.rows(), m.rows());
    backend().upload(view.data, m.data(), static_cast<std::size_t>(m.size()) * sizeof(double));
    return certificate::largest_eigenvalue_bound(workspace, m.rows());
  }
  void expect_tight(const Rows& m, double largest) {
    const auto found = bound(m);
    ASSERT_TRUE(found);
    EXPECT_GE(*found, largest * (1.0 - 1e-14));
    EXPECT_LE(*found, largest * (1.0 + 1e-8));
  }
  static double exact(const Rows& m) { return test::symmetric_eigenvalues(m).maxCoeff(); }
  /// Random directions with the given eigenvalues.
  static Rows with_spectrum(Random& random, const Eigen::VectorXd& values) {
    const Eigen::MatrixXd g = random_values<double>(random, values.size(), values.size());
    const Eigen::MatrixXd q = test::orthogonal_basis(g);
    return q * values.asDiagonal() * q.transpose();
  }
};

TEST_P(LargestEigenvalue, OfRandomMatrices) {
  Random random(1);
  for (const Index n : {2, 3, 10, 59, 61, 150, 300}) {
    const Rows g = random_values<double>(random, n, n + 5);
    const Rows m = g * g.transpose();
    expect_tight(m, exact(m));
  }
}

TEST_P(LargestEigenvalue, OfClusters) {
  Random random(2);
  constexpr Index n = 200;
  Eigen::VectorXd values = Eigen::VectorXd::Constant(n, 1.0);
  expect_tight(with_spectrum(random, values), 1.0);
  values[0] = 1.0 + 1e-6;
  expect_tight(with_spectrum(random, values), 1.0 + 1e-6);
  values.tail(n / 2).setConstant(1e-8);
  expect_tight(with_spectrum(random, values), 1.0 + 1e-6);
  for (Index i = 0; i < n; ++i) values[i] = 1.0 - std::pow(0.8, static_cast<double>(i));
  expect_tight(with_spectrum(random, values), values.maxCoeff());
}

TEST_P(LargestEigenvalue, OfASpectrumThatLanczosDoesNotResolve) {
  // evenly spread: after 60 steps the Ritz value lies below the eigenvalue, and may only cost tightness
  Random random(3);
  constexpr Index n = 400;
  const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(n, 0.0, 1.0);
  const auto found = bound(with_spectrum(random, values));
  ASSERT_TRUE(found);
  EXPECT_GE(*found, 1.0 - 1e-14);
  EXPECT_LE(*found, 1.02);
}

TEST_P(LargestEigenvalue, OfRankOneAtAnyScale) {
  Random random(4);
  const Rows x = random_values<double>(random, 120, 1);
  for (const double scale : {1e-30, 1e-20, 1e-5, 1.0, 1e20, 1e30}) {
    const Rows y = scale * x;
    expect_tight(y * y.transpose(), y.squaredNorm());
  }
  // where squares leave the double range there may be no bound, but never a wrong one
  for (const double scale : {1e-150, 1e-100, 1e100, 1e150}) {
    const Rows y = scale * x;
    EXPECT_GE(bound(y * y.transpose()).value_or(std::numeric_limits<double>::infinity()), y.squaredNorm());
  }
}

TEST_P(LargestEigenvalue, OfDiagonalAndSingleMatrices) {
  Rows m = Rows::Zero(70, 70);
  for (Index i = 0; i < 70; ++i) m(i, i) = static_cast<double>(i);
  expect_tight(m, 69.0);
  EXPECT_EQ(bound(Rows::Constant(1, 1, 2.5)), 2.5);
  EXPECT_EQ(bound(Rows::Zero(50, 50)), 0.0);
}

TEST_P(LargestEigenvalue, IsNotGivenWhereThereIsNone) {
  Random random(5);
  EXPECT_FALSE(bound(-Rows::Identity(20, 20)));
  Rows m = Rows::Identity(150, 150);
  for (const auto& [i, j] : {std::pair<Index, Index>{0, 0}, {140, 3}, {149, 149}}) {
    for (const double bad :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      Rows spoilt = m;
      spoilt(i, j) = bad;
      EXPECT_FALSE(bound(spoilt)) << i << " " << j << " " << bad;
    }
  }
}

GEOLIP_ON_EVERY_BACKEND(LargestEigenvalue);

}  // namespace
}  // namespace geolip
