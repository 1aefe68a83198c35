// Maps of several linear layers: the exact entry lies within the error that the map states.
#include <checker/cases.hpp>
#include <checker/exact.hpp>
#include <checker/reduced.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace geolip::checker {
namespace {

using test::Case;
using test::Random;
using test::Rational;

Rational shifted(double x, std::int64_t e) { return test::rational({x, e}); }

/// The map of stage k, from 0, of a network without branches.
EnclosedMatrix stage_map(const ClaimedNetwork& claimed, std::size_t k,
                         const std::vector<std::vector<double>>* rows) {
  BlockMaps maps = direct_maps(claimed, static_cast<Index>(k + 1), rows, 1);
  return std::move(maps.at(k));
}

void expect_encloses(const EnclosedMatrix& map, const test::RationalMatrix& exact) {
  ASSERT_EQ(map.rows(), static_cast<Index>(exact.size()));
  for (Index i = 0; i < map.rows(); ++i) {
    for (Index j = 0; j < map.cols(); ++j) {
      const std::int64_t e = map.row_exponent(i) + map.column_exponent(j);
      const Rational& truth = exact[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
      const Rational off = abs(truth - shifted(map.value(i, j), e));
      ASSERT_LE(off, shifted(map.error(i, j), e)) << "entry " << i << ", " << j;
      if (truth != 0) {
        ASSERT_TRUE(map.maybe_nonzero(i, j));
      }
    }
  }
}

TEST(StageMap, EnclosesTheExactProduct) {
  Random random(51);
  int inexact = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    Case c = test::random_case(random, {});
    for (Layer& layer : c.network.layers) {
      auto* dense = std::get_if<Dense>(&layer.op);
      if (dense == nullptr || trial % 2 == 0) continue;
      for (double& w : dense->weight) {
        if (random.chance(0.3)) w = std::ldexp(w, static_cast<int>(random.integer(-1000, 900)));
        if (random.chance(0.1))
          w = std::ldexp(1.0 + random.uniform(), static_cast<int>(random.integer(-1074, -1000)));
        if (random.chance(0.05)) w = 1.7e308;
      }
    }
    const ClaimedNetwork claimed = claimed_network(c.network, c.proof.claim);
    for (std::size_t k = 0; k < claimed.feed.size(); ++k) {
      const EnclosedMatrix map = stage_map(claimed, k, nullptr);
      expect_encloses(map, test::stage_matrix(c.network, k));
      inexact += map.exact() ? 0 : 1;
    }
    const EnclosedMatrix rows = stage_map(claimed, claimed.feed.size() - 1, &c.proof.claim.rows);
    test::RationalMatrix expected;
    const auto last = test::stage_matrix(c.network, claimed.feed.size() - 1);
    for (const auto& row : c.proof.claim.rows) {
      expected.emplace_back(last.front().size());
      for (std::size_t i = 0; i < row.size(); ++i) {
        for (std::size_t j = 0; j < last[i].size(); ++j) expected.back()[j] += Rational(row[i]) * last[i][j];
      }
    }
    expect_encloses(rows, expected);
  }
  EXPECT_GE(inexact, 500);
}

TEST(StageMap, OneDenseLayerIsTakenAsItIs) {
  Network network{2, 2, {{"dense", Dense{2, 2, {1.0, 0.0, 1e-310, 1e300}}}}};
  Claim claim;
  claim.rows = {{1.0, 0.0}};
  const ClaimedNetwork claimed = claimed_network(network, claim);
  const EnclosedMatrix map = stage_map(claimed, 0, nullptr);
  EXPECT_TRUE(map.exact());
  EXPECT_EQ(map.value(1, 0), 1e-310);
  EXPECT_FALSE(map.maybe_nonzero(0, 1));
}

TEST(StageMap, AMarginCancelsToACertainZeroAndElseKnowsItsOwnError) {
  Network network{2, 2, {{"dense", Dense{2, 2, {0.1, 1.0, 0.1, 0x1p-60}}}}};
  Claim claim;
  claim.rows = {{1.0, -1.0}};
  const ClaimedNetwork claimed = claimed_network(network, claim);
  const EnclosedMatrix map = stage_map(claimed, 0, &claim.rows);
  EXPECT_FALSE(map.maybe_nonzero(0, 0));
  EXPECT_EQ(map.value(0, 1), 1.0);
  EXPECT_EQ(map.error(0, 1), 0x1p-60);
}

/// A map with errors and exponents, and one of the matrices that it encloses.
EnclosedMatrix random_map(Random& random, Index rows, Index cols, test::RationalMatrix& inside) {
  std::vector<double> value;
  std::vector<double> error;
  std::vector<std::int64_t> row_exponent;
  std::vector<std::int64_t> column_exponent;
  for (Index i = 0; i < rows; ++i) row_exponent.push_back(random.integer(-3000, 3000));
  for (Index j = 0; j < cols; ++j) column_exponent.push_back(random.integer(-3000, 3000));
  for (Index i = 0; i < rows; ++i) {
    inside.emplace_back();
    for (Index j = 0; j < cols; ++j) {
      value.push_back(random.chance(0.2) ? 0.0 : random.normal());
      error.push_back(
          random.chance(0.4) ? 0.0 : std::ldexp(random.uniform(), -static_cast<int>(random.integer(0, 50))));
      const double part = random.chance(0.5) ? 1.0 : -1.0;
      inside.back().push_back((Rational(value.back()) + Rational(part) * Rational(error.back())) *
                              shifted(1.0, row_exponent[static_cast<std::size_t>(i)] +
                                               column_exponent[static_cast<std::size_t>(j)]));
    }
  }
  return EnclosedMatrix(rows, cols, value, error, row_exponent, column_exponent);
}

TEST(Product, OfInexactMapsEnclosesTheProduct) {
  Random random(52);
  for (int trial = 0; trial < 300; ++trial) {
    const Index m = random.integer(1, 4);
    const Index k = random.integer(1, 5);
    const Index n = random.integer(1, 4);
    test::RationalMatrix a;
    test::RationalMatrix b;
    const EnclosedMatrix left = random_map(random, m, k, a);
    const EnclosedMatrix right = random_map(random, k, n, b);
    test::RationalMatrix c(a.size(), std::vector<Rational>(b.front().size()));
    for (std::size_t i = 0; i < c.size(); ++i) {
      for (std::size_t p = 0; p < b.size(); ++p) {
        for (std::size_t j = 0; j < c[i].size(); ++j) c[i][j] += a[i][p] * b[p][j];
      }
    }
    expect_encloses(product(left, right, 1), c);
  }
}

TEST(Product, OfAMapAndASparseMatrixEnclosesTheProduct) {
  Random random(53);
  int exact = 0;
  for (int trial = 0; trial < 600; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const Index m = random.integer(1, 4);
    const Index k = random.integer(1, 5);
    Sparse sparse;
    sparse.cols = random.integer(1, 4);
    const bool ones = random.chance(0.3);  // a choice of entries
    test::RationalMatrix b;
    for (Index p = 0; p < k; ++p) {
      b.emplace_back(static_cast<std::size_t>(sparse.cols));
      for (Index q = random.integer(0, 3); q > 0; --q) {
        double w = ones ? (random.chance(0.5) ? 1.0 : -1.0) : random.normal();
        if (!ones && random.chance(0.2)) w = std::ldexp(w, static_cast<int>(random.integer(-1060, 1000)));
        sparse.column.push_back(random.integer(0, sparse.cols - 1));
        sparse.value.push_back(w);
        b.back()[static_cast<std::size_t>(sparse.column.back())] += Rational(w);
      }
      sparse.offset.push_back(static_cast<Index>(sparse.column.size()));
    }
    test::RationalMatrix a;
    const EnclosedMatrix left = random_map(random, m, k, a);
    test::RationalMatrix c(a.size(), std::vector<Rational>(static_cast<std::size_t>(sparse.cols)));
    for (std::size_t i = 0; i < c.size(); ++i) {
      for (std::size_t p = 0; p < b.size(); ++p) {
        for (std::size_t j = 0; j < c[i].size(); ++j) c[i][j] += a[i][p] * b[p][j];
      }
    }
    const EnclosedMatrix result = product(left, sparse, 1);
    expect_encloses(result, c);
    exact += result.exact() ? 1 : 0;
    expect_encloses(dense(sparse), b);
  }
  EXPECT_GE(exact, 5);
}

TEST(Sum, OfInexactMapsEnclosesTheSum) {
  Random random(54);
  for (int trial = 0; trial < 600; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const Index m = random.integer(1, 4);
    const Index n = random.integer(1, 4);
    test::RationalMatrix a;
    test::RationalMatrix b;
    const EnclosedMatrix left = random_map(random, m, n, a);
    const EnclosedMatrix right = random_map(random, m, n, b);
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = 0; j < a[i].size(); ++j) a[i][j] += b[i][j];
    }
    expect_encloses(sum(left, right), a);
  }
  // what cancels exactly is certainly zero
  const std::vector<double> x{0.1, 0x1p-40};
  const std::vector<double> y{-0.1, 3.0};
  const EnclosedMatrix cancelled =
      sum(EnclosedMatrix::view(1, 2, x.data()), EnclosedMatrix::view(1, 2, y.data()));
  EXPECT_TRUE(cancelled.exact());
  EXPECT_FALSE(cancelled.maybe_nonzero(0, 0));
  EXPECT_TRUE(cancelled.maybe_nonzero(0, 1));
}

}  // namespace
}  // namespace geolip::checker
