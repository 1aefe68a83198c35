#include <checker/product.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace geolip::checker {
namespace {

using geolip::test::Random;

std::vector<double> integers(Random& random, Index n) {
  std::vector<double> result;
  for (Index i = 0; i < n; ++i) result.push_back(static_cast<double>(random.integer(-1000, 1000)));
  return result;
}

/// Small integers make every order of summation exact, so each entry has one right value.
TEST(SubtractProduct, IsExactOnIntegersOfAllShapes) {
  Random random(61);
  for (const Index m : {1, 5, 6, 7, 97, 200}) {
    for (const Index n : {1, 7, 8, 9, 130}) {
      for (const Index k : {1, 2, 191, 192, 193, 400}) {
        const Index gap = random.integer(0, 3);
        const auto a = integers(random, m * (k + gap));
        const auto b = integers(random, n * (k + gap));
        const auto before = integers(random, m * (n + gap));
        for (const bool lower : {false, true}) {
          auto c = before;
          subtract_product(m, n, k, a.data(), k + gap, b.data(), k + gap, c.data(), n + gap, lower, 2);
          for (Index i = 0; i < m; ++i) {
            for (Index j = 0; j < n + gap; ++j) {
              const double was = before[static_cast<std::size_t>(i * (n + gap) + j)];
              const double is = c[static_cast<std::size_t>(i * (n + gap) + j)];
              if (j >= n) {
                ASSERT_EQ(is, was);
                continue;
              }
              if (lower && i < j) continue;
              double expected = was;
              for (Index p = 0; p < k; ++p) {
                expected -= a[static_cast<std::size_t>(i * (k + gap) + p)] *
                            b[static_cast<std::size_t>(j * (k + gap) + p)];
              }
              ASSERT_EQ(is, expected) << m << " " << n << " " << k << " at " << i << ", " << j;
            }
          }
        }
      }
    }
  }
}

TEST(SubtractProduct, GivesTheSameBitsWithAnyNumberOfThreads) {
  Random random(62);
  const Index n = 230;
  std::vector<double> a(static_cast<std::size_t>(n * n));
  for (double& x : a) x = random.normal();
  std::vector<double> one(a.size(), 1.0);
  std::vector<double> three(a.size(), 1.0);
  subtract_product(n, n, n, a.data(), n, a.data(), n, one.data(), n, false, 1);
  subtract_product(n, n, n, a.data(), n, a.data(), n, three.data(), n, false, 3);
  EXPECT_EQ(one, three);
}

TEST(SolveTile, SolvesOnPowersOfTwo) {
  Random random(63);
  for (const Index n : {1, 3, 64}) {
    for (const Index m : {1, 15, 16, 40}) {
      std::vector<double> l(static_cast<std::size_t>(n * n), 0.0);
      std::vector<double> inverse;
      for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j < i; ++j)
          l[static_cast<std::size_t>(i * n + j)] = static_cast<double>(random.integer(-1, 1));
        l[static_cast<std::size_t>(i * n + i)] = 2.0;
        inverse.push_back(0.5);
      }
      const auto x = integers(random, m * n);
      std::vector<double> b(x.size(), 0.0);  // X L'
      for (Index i = 0; i < m; ++i) {
        for (Index j = 0; j < n; ++j) {
          for (Index k = 0; k <= j; ++k) {
            b[static_cast<std::size_t>(i * n + j)] +=
                x[static_cast<std::size_t>(i * n + k)] * l[static_cast<std::size_t>(j * n + k)];
          }
        }
      }
      solve_tile(m, n, l.data(), n, inverse.data(), b.data(), n);
      EXPECT_EQ(b, x);
    }
  }
}

}  // namespace
}  // namespace geolip::checker
