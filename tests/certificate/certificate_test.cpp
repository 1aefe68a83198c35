// The certificate against the same quadratic form as one dense matrix.
#include <certificate/dense_form.hpp>
#include <support/enumeration.hpp>
#include <support/random_networks.hpp>
#include <support/spectrum.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace geolip {
namespace {

using certificate::BlockCertifier;
using certificate::Multipliers;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using problem::Problem;
using test::DenseForm;
using test::Prepared;
using test::Random;

/// Slope intervals of every kind: ReLU, leaky, steep, through zero, folded on, folded to a part, dead.
SlopeInterval some_interval(Random& random) {
  static const std::vector<SlopeInterval> kinds{{0.0, 1.0},   {0.0, 1.0}, {0.1, 1.0}, {0.5, 2.0},
                                                {-0.25, 1.0}, {1.0, 1.0}, {0.6, 0.6}, {0.0, 0.0}};
  return kinds[static_cast<std::size_t>(random.integer(0, static_cast<Index>(kinds.size()) - 1))];
}

enum class Slopes { relu, leaky, mixed, folded };

SlopeOverride some_slopes(Random& random, const std::vector<Index>& widths, Slopes kind) {
  SlopeOverride slopes;
  for (std::size_t k = 1; k + 1 < widths.size(); ++k) {
    auto& layer = slopes.layers.emplace_back();
    for (Index i = 0; i < widths[k]; ++i) {
      const SlopeInterval mixed = some_interval(random);
      layer.push_back(kind == Slopes::relu     ? SlopeInterval{0.0, 1.0}
                      : kind == Slopes::leaky  ? SlopeInterval{0.2, 1.0}
                      : kind == Slopes::folded ? SlopeInterval{0.7, 0.7}
                                               : mixed);
    }
  }
  return slopes;
}

/// One random network, problem and slope set, and multipliers around those of a short ascent.
struct Instance {
  std::vector<Index> widths;
  Network network;
  SlopeOverride overrides;
  Prepared setup;
  Problem problem;
  Norm norm;
  std::vector<operators::LinearMap<double>> maps;

  Instance(Random& random, Norm norm_, bool vector, Slopes kind)
      : widths(some_widths(random)),
        network(test::random_network(random, widths)),
        overrides(some_slopes(random, widths, kind)),
        setup(network, {&overrides}),
        norm(norm_),
        maps(operators::make_linear_maps<double>(*setup.backend, setup.chain, setup.scaling)) {
    problem.vector = vector;
    problem.slope_set = 1;
    problem.ball.norm = norm;
    if (norm == Norm::l1) problem.ball.coordinates = {random.integer(0, widths.front() - 1)};
    std::vector<double> row(static_cast<std::size_t>(vector ? 0 : widths.back()));
    for (double& u : row) u = random.normal();
    problem.row = problem::Row(row);
  }

  static std::vector<Index> some_widths(Random& random) {
    std::vector<Index> widths;
    for (Index k = random.integer(2, 5); k > 0; --k) widths.push_back(random.integer(1, 7));
    return widths;
  }

  Multipliers from_ascent(int sweeps) const {
    auto model = setup.model<double>();
    ascent::Ascent<double> ascent(model, {problem}, {0}, 6, 3);
    for (int i = 0; i < sweeps; ++i) ascent.sweep();
    Multipliers m = certificate::make_multipliers(ascent.norms().front(), setup.slopes, problem);
    m.may_rise = false;  // they are what the dense form has
    return m;
  }
};

/// 2 sqrt(zeta mu sum gamma), and its like, from the dense form.
double dense_bound(const Instance& instance, const DenseForm& form, const Multipliers& m) {
  const MatrixXd rest = form.negative_rest();
  if (instance.norm == Norm::l1)
    return 2.0 * std::sqrt(m.zeta * rest.diagonal()[instance.problem.ball.coordinates.front()]);
  VectorXd gamma = VectorXd::Ones(rest.rows());
  if (instance.norm == Norm::linf) gamma = test::to_eigen(m.gamma);
  const VectorXd scale = gamma.cwiseSqrt().cwiseInverse();
  const double mu = test::symmetric_eigenvalues(scale.asDiagonal() * rest * scale.asDiagonal()).maxCoeff();
  if (instance.problem.vector) return std::sqrt(mu);
  return 2.0 * std::sqrt(m.zeta * mu * (instance.norm == Norm::linf ? gamma.sum() : 1.0));
}

struct Case {
  Norm norm;
  bool vector;
  Slopes slopes;
};

class Certificates : public testing::TestWithParam<Case> {};

TEST_P(Certificates, PassExactlyWhereTheDenseFormDoes) {
  Random random(101);
  int passed = 0;
  int failed = 0;
  for (int trial = 0; trial < 150; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    Instance instance(random, GetParam().norm, GetParam().vector, GetParam().slopes);
    if (!connected(instance.setup.chain, instance.setup.slopes, 1, instance.problem.row)) continue;
    // multipliers that are a little or quite a bit off, so that some are feasible and some are not
    Multipliers m = certificate::inflate(instance.from_ascent(3), random.uniform(0.0, 0.3));
    const double spread = random.uniform(0.0, 1.2);
    for (auto& layer : m.lam) {
      for (double& lam : layer) lam *= std::exp(spread * random.normal());
    }
    for (double& gamma : m.gamma) gamma *= std::exp(random.normal());
    m.zeta *= std::exp(random.normal());
    if (!(m.zeta > 1e-6)) continue;

    const DenseForm form(instance.network, instance.setup, m, instance.problem);
    const double least = form.least_pivot();
    if (std::abs(least) < 1e-9) continue;  // rounding may decide
    BlockCertifier certifier(*instance.setup.backend, instance.maps, instance.setup.slopes);
    const auto certificate = certifier.certify(instance.problem, m, 0.0);
    ASSERT_EQ(certificate.has_value(), least > 0.0) << "least eigenvalue " << least;
    if (!certificate) {
      ++failed;
      continue;
    }
    ++passed;
    const double expected = dense_bound(instance, form, m);
    // the eigenvalue is accepted with a margin of 1e-10 at least; Schur complements lose what the pivots lack
    const double bound = certificate->bound;
    ASSERT_NEAR(bound, expected, 1e-9 * expected + 1e-13 * expected / least);
    ASSERT_GE(bound, expected * (1.0 - 1e-13 - 1e-14 / least));
    if (instance.norm == Norm::l1) {
      const MatrixXd rest = form.negative_rest();
      for (Index j = 0; j < rest.rows(); ++j) {
        const double other = 2.0 * std::sqrt(m.zeta * std::max(0.0, rest(j, j)));
        ASSERT_NEAR(at(certificate->coordinates, j), other, 1e-7 * expected);
      }
    } else if (!instance.problem.vector) {
      // M itself, with gamma and zeta scaled so that zeta + sum gamma is the bound
      const auto sum = static_cast<double>(instance.norm == Norm::linf ? 1 : instance.widths.front());
      VectorXd gamma = VectorXd::Constant(instance.widths.front(), 1.0);
      if (instance.norm == Norm::linf) gamma = test::to_eigen(m.gamma);
      const double mu = bound * bound / (4.0 * m.zeta * gamma.sum() / sum);
      EXPECT_TRUE(form.feasible(gamma * mu, 1e-12));
      EXPECT_FALSE(form.feasible(gamma * (mu * 0.999), 0.0) && form.feasible(gamma * (mu * 0.99), 0.0));
    }
  }
  EXPECT_GE(passed, 20);
  if (GetParam().slopes != Slopes::folded) {
    EXPECT_GE(failed, 10);
  }
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  static const std::vector<std::string> slopes{"relu", "leaky", "mixed", "folded"};
  return std::string(to_string(info.param.norm)) + (info.param.vector ? "_vector_" : "_") +
         slopes[static_cast<std::size_t>(info.param.slopes)];
}

const std::vector<Case> cases{{Norm::linf, false, Slopes::relu},   {Norm::l2, false, Slopes::relu},
                              {Norm::l1, false, Slopes::relu},     {Norm::l2, true, Slopes::relu},
                              {Norm::linf, false, Slopes::leaky},  {Norm::l2, true, Slopes::leaky},
                              {Norm::linf, false, Slopes::mixed},  {Norm::l2, false, Slopes::mixed},
                              {Norm::l1, false, Slopes::mixed},    {Norm::l2, true, Slopes::mixed},
                              {Norm::linf, false, Slopes::folded}, {Norm::l2, true, Slopes::folded}};
INSTANTIATE_TEST_SUITE_P(Kinds, Certificates, testing::ValuesIn(cases), name_of);

/// A small ReLU network, one row, and good multipliers of it.
class Refusals : public testing::Test {
 protected:
  Random random_{7};
  Network network_ = test::random_network(random_, {3, 5, 4, 2});
  Prepared setup_{network_};
  Problem problem_ = test::row_problem({1.0, -0.5});
  std::vector<operators::LinearMap<double>> maps_ =
      operators::make_linear_maps<double>(*setup_.backend, setup_.chain, setup_.scaling);

  Multipliers good(Norm norm) {
    problem_.ball.norm = norm;
    auto model = setup_.model<double>();
    ascent::Ascent<double> ascent(model, {problem_}, {0}, 8, 3);
    for (int i = 0; i < 200; ++i) ascent.sweep();
    Multipliers m = certificate::make_multipliers(ascent.norms().front(), setup_.slopes, problem_);
    m.may_rise = false;
    return certificate::inflate(std::move(m), 1e-5);
  }
  std::optional<double> bound(const Multipliers& m, Norm norm) {
    problem_.ball.norm = norm;
    const auto certificate = BlockCertifier(*setup_.backend, maps_, setup_.slopes).certify(problem_, m, 0.0);
    return certificate ? std::optional(certificate->bound) : std::nullopt;
  }
};

TEST_F(Refusals, GoodMultipliersGiveABoundAboveTheDefinition) {
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    const auto upper = bound(good(norm), norm);
    ASSERT_TRUE(upper);
    const double fgl = test::enumerate_fgl(network_, norm, Objective::weighted(problem_.row.dense()));
    EXPECT_GE(*upper, fgl);
    EXPECT_LE(*upper, 1.8 * fgl);  // K_G
  }
}

TEST_F(Refusals, AMultiplierThatMayRiseIsRaised) {
  const Multipliers m = good(Norm::l2);
  Multipliers low = m;
  low.lam[1][2] = 1e-12;
  EXPECT_FALSE(bound(low, Norm::l2));
  low.may_rise = true;
  const std::optional<double> raised = bound(low, Norm::l2);
  ASSERT_TRUE(raised);
  EXPECT_GE(*raised, test::enumerate_fgl(network_, Norm::l2, Objective::weighted(problem_.row.dense())));
}

TEST_F(Refusals, MultipliersThatProveNothing) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    const Multipliers m = good(norm);
    const auto refused = [&](const auto& spoil) {
      Multipliers bad = m;
      spoil(bad);
      return !bound(bad, norm).has_value();
    };
    ASSERT_TRUE(bound(m, norm));
    for (const double value : {0.0, -1.0, nan, inf, 1e-12}) {
      SCOPED_TRACE(value);
      EXPECT_TRUE(refused([&](Multipliers& bad) { bad.lam[1][2] = value; }));
      EXPECT_TRUE(refused([&](Multipliers& bad) { bad.zeta = value; }));
    }
    for (const double value : {nan, inf}) {
      EXPECT_TRUE(refused([&](Multipliers& bad) { bad.lam[0][0] = value; }));
      EXPECT_TRUE(refused([&](Multipliers& bad) { bad.gamma[0] = value; }));
    }
    if (norm == Norm::linf) {
      for (const double value : {0.0, -1e-3})
        EXPECT_TRUE(refused([&](Multipliers& bad) { bad.gamma[0] = value; }));
    }
  }
}

TEST(Inflate, IsGeometricFromTheOutputDown) {
  const Multipliers m = certificate::inflate({{{1.0, 2.0}, {3.0}}, {4.0, 5.0}, 6.0}, 0.5);
  EXPECT_EQ(m.zeta, 9.0);
  EXPECT_EQ(m.lam[1], std::vector<double>{6.75});
  EXPECT_EQ(m.lam[0], (std::vector<double>{3.375, 6.75}));
  EXPECT_EQ(m.gamma, (std::vector<double>{4.0, 5.0}));
}

TEST(MakeMultipliers, AreThoseOfTheSweep) {
  problem::LayerSlopes slopes{3, 1, {0.5, 0.75, 1.0}, {0.5, 0.25, 0.0}};
  const ascent::SweepNorms raw{{{2.0, 3.0, 4.0}}, {{1.0, 6.0, 5.0}}, {0.5, 1.5}, 2.0};
  const Multipliers m = certificate::make_multipliers(raw, {slopes}, test::row_problem({1.0}));
  // |G| / (2 h rho);  |G_0| / 2;  sum gamma
  EXPECT_DOUBLE_EQ(m.lam[0][0], 2.0);
  EXPECT_DOUBLE_EQ(m.lam[0][1], 1.0);
  EXPECT_EQ(m.gamma, (std::vector<double>{0.25, 0.75}));
  EXPECT_EQ(m.zeta, 1.0);
}

TEST(MakeMultipliers, StayPositiveWhereASweepSaysZero) {
  problem::LayerSlopes slopes{3, 1, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
  const ascent::SweepNorms raw{{{0.0, 3.0, 4.0}}, {{1.0, 0.0, 5.0}}, {0.0, 1.5}, 2.0};
  const Multipliers m = certificate::make_multipliers(raw, {slopes}, test::row_problem({1.0}));
  for (const double lam : m.lam[0]) {
    EXPECT_GT(lam, 0.0);
    EXPECT_TRUE(std::isfinite(lam));
  }
  EXPECT_GT(m.gamma[0], 0.0);
  EXPECT_LT(m.gamma[0], 1e-10);
}

}  // namespace
}  // namespace geolip
