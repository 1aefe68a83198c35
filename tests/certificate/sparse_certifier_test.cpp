// Sparse certificates against those by layers.
#include <certificate/sparse_certifier.hpp>
#include <support/prepared.hpp>
#include <support/random_graphs.hpp>

#include <gtest/gtest.h>
#include <Eigen/Cholesky>

#include <cmath>
#include <random>

namespace geolip {
namespace {

using certificate::BlockCertifier;
using certificate::Certificate;
using certificate::Multipliers;
using certificate::SparseAnalyses;
using certificate::SparseCertifier;
using problem::Problem;
using test::Prepared;
using test::Random;

/// Powers of two of their own for every coordinate.
problem::Scaling some_scaling(Random& random, const problem::Chain& chain) {
  problem::Scaling scaling = problem::unit_scaling(chain);
  for (std::size_t k = 1; k < scaling.tensors.size(); ++k) {
    for (int& exponent : scaling.tensors[k]) exponent = static_cast<int>(random.integer(-3, 3));
  }
  scaling.output = static_cast<int>(random.integer(-3, 3));
  return scaling;
}

struct Case {
  Norm norm;
  bool vector;
};

class SparseCertificates : public testing::TestWithParam<Case> {};

TEST_P(SparseCertificates, PassWhereThoseByLayersDo) {
  const auto [norm, vector] = GetParam();
  Random random(7);
  int compared = 0;
  for (int trial = 0; trial < 200; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const Network network = test::random_graph(random, 12, 40);
    Prepared setup(network);
    setup.scaling = some_scaling(random, setup.chain);
    Problem problem;
    problem.ball.norm = norm;
    if (norm == Norm::l1) problem.ball.coordinates = {random.integer(0, network.inputs() - 1)};
    problem.vector = vector;
    std::vector<double> row(static_cast<std::size_t>(network.outputs()));
    for (double& u : row) u = random.normal();
    if (!vector) problem.row = row;
    if (setup.chain.depth() == 0 || !problem::connected(setup.chain, setup.slopes, 0, problem.row)) continue;

    // multipliers that grow from layer to layer as fast as all networks need it
    Multipliers m;
    double size = 1.0;
    for (std::size_t k = setup.slopes.size(); k-- > 0;) {
      size *= 100.0;
      m.lam.insert(m.lam.begin(), std::vector<double>(setup.slopes[k].c.size(), size));
    }
    m.zeta = 1.0;
    m.gamma.assign(norm == Norm::linf ? static_cast<std::size_t>(network.inputs()) : 1, 1.0);
    auto maps = operators::make_linear_maps<double>(*setup.backend, setup.chain, setup.scaling);
    BlockCertifier by_layers(*setup.backend, maps, setup.slopes);
    const std::optional<Certificate> expected = by_layers.certify(problem, m, 0.0);
    SparseAnalyses analyses(setup.chain, setup.slopes);
    analyses.set_scaling(setup.scaling);
    SparseCertifier sparse(analyses);
    if (norm == Norm::l1) {
      const std::optional<Certificate> found = sparse.certify(problem, m, 0.0);
      ASSERT_EQ(found.has_value(), expected.has_value());
      if (!found) continue;
      ++compared;
      ASSERT_EQ(found->coordinates.size(), expected->coordinates.size());
      for (std::size_t j = 0; j < found->coordinates.size(); ++j) {
        // differences of large numbers where slopes of both signs meet
        EXPECT_NEAR(found->coordinates[j], expected->coordinates[j],
                    1e-5 * expected->coordinates[j] + 1e-100);
      }
      continue;
    }
    if (!expected || !(expected->bound > 1e-100)) continue;
    ++compared;
    // gamma a little above what is feasible, and a little below
    Multipliers more = m;
    more.gamma = expected->multipliers.gamma;
    for (double& gamma : more.gamma) gamma *= 1.5;
    const std::optional<Certificate> found = sparse.certify(problem, more, 0.0);
    ASSERT_TRUE(found.has_value());
    EXPECT_NEAR(found->bound, expected->bound, 2e-3 * expected->bound);
    EXPECT_GE(found->bound, expected->bound * (1.0 - 1e-9));
    EXPECT_EQ(found->multipliers.zeta, expected->multipliers.zeta);
    Multipliers less = more;
    for (double& gamma : less.gamma) gamma *= 0.99 / 1.5;
    EXPECT_FALSE(sparse.certify(problem, less, 0.0).has_value());
  }
  EXPECT_GE(compared, 60);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SparseCertificates,
                         testing::Values(Case{Norm::linf, false}, Case{Norm::l2, false}, Case{Norm::l2, true},
                                         Case{Norm::l1, false}),
                         [](const auto& param) {
                           return std::string(to_string(param.param.norm)) +
                                  (param.param.vector ? "_vector" : "");
                         });

// 1e-200 twice, then 1e300: what is lost on the way would count at the end.
TEST(SparseSystem, NoticesNumbersThatAreLostBetweenStages) {
  const auto network = [](double factor) {
    Network result(1);
    const Index begin = result.add({"relu", Activation(ActivationKind::relu)});
    // of slope 1 everywhere: folded
    const Activation straight(ActivationKind::leaky_relu, 1.0);
    result.add({"small", Affine{{factor}, {}}}, {begin});
    result.add({"straight", straight});
    result.add({"smaller", Affine{{factor}, {}}});
    result.add({"straight", straight});
    const Index end = result.add({"large", Affine{{1e300}, {}}});
    result.add({"sum", Add{}}, {begin, end});
    return result;
  };
  for (const double factor : {0.5, 1e-140, 1e-200}) {
    const Network some = network(factor);
    const problem::Chain chain = problem::make_chain(some);
    const std::vector<problem::LayerSlopes> slopes = problem::make_slopes(chain, {});
    certificate::SparseSystem system(chain, slopes, 0, false);
    EXPECT_EQ(system.keeps_numbers(), factor > 1e-150) << factor;
    problem::Scaling scaling = problem::unit_scaling(chain);
    system.set_scaling(scaling);
    scaling.output = 2000;
    system.set_scaling(scaling);
    EXPECT_FALSE(system.keeps_numbers());
  }
}

TEST(SparseCholesky, FactorsWhatIsPositiveDefiniteAndNothingElse) {
  using certificate::SparseMatrix;
  // 1 on the diagonal, t beside it: positive definite where 2 t cos(pi / (n + 1)) < 1
  constexpr Index n = 50;
  const auto chain = [](double t) {
    std::vector<Eigen::Triplet<double, std::int64_t>> entries;
    for (Index i = 0; i < n; ++i) {
      entries.emplace_back(i, i, 1.0);
      if (i + 1 < n) entries.emplace_back(i, i + 1, t);
    }
    SparseMatrix matrix(n, n);
    matrix.setFromTriplets(entries.begin(), entries.end());
    return matrix;
  };
  const double limit = 0.5 / std::cos(std::acos(-1.0) / static_cast<double>(n + 1));
  certificate::SparseCholesky cholesky(chain(1.0), {3, 17});
  EXPECT_TRUE(cholesky.factor(chain(limit * (1.0 - 1e-9))));
  EXPECT_FALSE(cholesky.factor(chain(limit * (1.0 + 1e-9))));
  EXPECT_FALSE(cholesky.factor(chain(std::nan(""))));
  EXPECT_FALSE(cholesky.factor(chain(INFINITY)));
  // and the factor solves
  const SparseMatrix upper = chain(0.3);
  ASSERT_TRUE(cholesky.factor(upper));
  const Eigen::MatrixXd dense = Eigen::MatrixXd(upper).selfadjointView<Eigen::Upper>();
  std::vector<double> b(2 * n);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = std::sin(static_cast<double>(i));
  const Eigen::MatrixXd right = Eigen::Map<const Eigen::MatrixXd>(b.data(), n, 2);
  std::vector<double> x = b;
  cholesky.solve(x, 2);
  EXPECT_LE((dense * Eigen::Map<const Eigen::MatrixXd>(x.data(), n, 2) - right).norm(), 1e-13);
  std::vector<double> y = b;
  cholesky.solve_lower(y, 2);
  for (Index j = 0; j < 2; ++j) {
    EXPECT_NEAR(Eigen::Map<const Eigen::MatrixXd>(y.data(), n, 2).col(j).squaredNorm(),
                right.col(j).dot(dense.llt().solve(right.col(j))), 1e-12);
  }
}

// Full rows are gathered into supernodes, which another code of the library factors.
TEST(SparseCholesky, KnowsAnIndefiniteMatrixOfFullRowsToo) {
  using certificate::SparseMatrix;
  constexpr Index n = 300;
  // 1 on the diagonal, t elsewhere: positive definite where -1 / (n - 1) < t < 1
  const auto full = [](double t) {
    std::vector<Eigen::Triplet<double, std::int64_t>> entries;
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i <= j; ++i) entries.emplace_back(i, j, i == j ? 1.0 : t);
    }
    SparseMatrix matrix(n, n);
    matrix.setFromTriplets(entries.begin(), entries.end());
    return matrix;
  };
  certificate::SparseCholesky cholesky(full(1.0), {});
  const double limit = -1.0 / static_cast<double>(n - 1);
  EXPECT_TRUE(cholesky.factor(full(limit * (1.0 - 1e-9))));
  EXPECT_FALSE(cholesky.factor(full(limit * (1.0 + 1e-9))));
  EXPECT_FALSE(cholesky.factor(full(1.0 + 1e-9)));
  EXPECT_FALSE(cholesky.factor(full(std::nan(""))));
  EXPECT_TRUE(cholesky.factor(full(1.0 - 1e-9)));
}

}  // namespace
}  // namespace geolip
