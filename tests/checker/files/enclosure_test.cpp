#include "checker/files/enclosure.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "checker/files/support.hpp"

namespace geolip::checker {
namespace {

/// Long double has 11 bits more than double, enough to tell on which side of a double a result lies.
void expect_holds(const Enclosure& e, long double exact) {
  EXPECT_LE(static_cast<long double>(e.lower), exact);
  EXPECT_GE(static_cast<long double>(e.upper), exact);
  EXPECT_LE(e.upper, std::nextafter(std::nextafter(e.lower, INFINITY), INFINITY));
}

TEST(Enclosure, HoldsTheResultAndIsNarrow) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> numbers(-4.0, 4.0);
  for (int round = 0; round < 2000; ++round) {
    const double a = numbers(random);
    const double b = numbers(random);
    const auto x = static_cast<long double>(a);
    const auto y = static_cast<long double>(b);
    expect_holds(add(point(a), point(b)), x + y);
    expect_holds(multiply(point(a), point(b)), x * y);
    expect_holds(divide(point(a), point(b)), x / y);
    expect_holds(square_root(point(std::abs(a))), std::sqrt(std::abs(x)));
  }
}

TEST(Enclosure, IsAPointWhereTheResultIsADouble) {
  EXPECT_TRUE(add(point(0.5), point(-3.25)).exact());
  EXPECT_TRUE(multiply(point(1.5), point(-0.375)).exact());
  EXPECT_TRUE(divide(point(9.0), point(-8.0)).exact());
  EXPECT_TRUE(square_root(point(2.25)).exact());
  EXPECT_FALSE(divide(point(1.0), point(3.0)).exact());
  EXPECT_FALSE(square_root(point(2.0)).exact());
  EXPECT_FALSE(add(point(1.0), point(0x1p-60)).exact());
}

TEST(Enclosure, HoldsWhatUnderflows) {
  const Enclosure product = multiply(point(0x1p-600), point(0x1p-600));
  EXPECT_LT(product.lower, 0x1p-1074);
  EXPECT_GT(product.upper, 0.0);
  EXPECT_GT(divide(point(0x1p-1074), point(3.0)).upper, 0.0);
}

TEST(Enclosure, OfEnclosuresHoldsAllOfThem) {
  const Enclosure a{-1.0, 2.0};
  const Enclosure b{-3.0, 0.5};
  EXPECT_EQ(multiply(a, b).lower, -6.0);
  EXPECT_EQ(multiply(a, b).upper, 3.0);
  EXPECT_EQ(absolute(b).lower, 0.0);
  EXPECT_EQ(absolute(b).upper, 3.0);
  EXPECT_EQ(divide(a, {0.5, 4.0}).upper, 4.0);
  EXPECT_THROW(divide(a, b), ReadError);
  EXPECT_THROW(square_root(a), ReadError);
}

}  // namespace
}  // namespace geolip::checker
