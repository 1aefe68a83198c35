// Sums that cancel to far below their terms: the bounds must still hold what the exact sum is.
#include <geolip/estimate.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace geolip {
namespace {

/// y_k = x for k < count, behind one always positive slope if `hidden`.
Network ones(Index count, bool hidden) {
  Network network(1);
  if (hidden) {
    Matrix one(1, 1);
    one(0, 0) = 1.0;
    network.add({"in", Dense{one, {}}});
    network.add({"relu", Activation(ActivationKind::relu)});
  }
  Matrix w(count, 1);
  for (double& v : w.data) v = 1.0;
  network.add({"out", Dense{w, {}}});
  return network;
}

TEST(Cancellation, WeightedRowInEveryOrder) {
  // 0.1 + 0.2 - 0.3 over the doubles of these names is exactly 2^-55.
  const double exact = std::ldexp(1.0, -55);
  for (const bool hidden : {false, true}) {
    for (const std::vector<double>& row :
         {std::vector<double>{0.1, 0.2, -0.3}, std::vector<double>{-0.3, 0.1, 0.2},
          std::vector<double>{0.2, -0.3, 0.1}}) {
      for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
        const Result result = estimate(ones(3, hidden), {norm, {Objective::weighted(row)}});
        EXPECT_LE(result.bounds[0].lower, exact) << to_string(norm);
        EXPECT_GE(result.bounds[0].upper, exact) << to_string(norm);
      }
    }
  }
}

TEST(Cancellation, DenseLayersWithoutActivationBetween) {
  // The product of the two layers is 2^-55 exactly.
  Network network = ones(3, false);
  Matrix sum(1, 3);
  sum.data = {0.1, 0.2, -0.3};
  network.add({"sum", Dense{sum, {}}});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const Result result = estimate(network, {norm, {Objective::output(0)}});
    EXPECT_LE(result.bounds[0].lower, std::ldexp(1.0, -55)) << to_string(norm);
    EXPECT_GE(result.bounds[0].upper, std::ldexp(1.0, -55)) << to_string(norm);
  }
}

// Where two stages cancel to zero as computed, the first-order effect of rounding is zero as well.
TEST(Cancellation, TwiceInOneNetwork) {
  // 2 (1 + 2^-30)^2 - (2 + 2^-28) = 2^-59, of which doubles lose everything in some orders
  const double exact = std::ldexp(1.0, -118);
  const double near_one = 1.0 + 0x1p-30;
  Settings settings;
  settings.max_iterations = 200;
  Matrix one(1, 1);
  one.data = {1.0};
  for (const std::size_t last : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    Matrix out(3, 1);
    out.data = {near_one, near_one, near_one};
    Matrix sum(1, 3);
    sum.data = out.data;
    out.data[last] = 1.0;
    sum.data[last] = -(2.0 + 0x1p-28);
    for (const Index between : {1, 2, 4}) {
      Network network(1);
      const auto add_relu = [&] { network.add({"relu", Activation(ActivationKind::relu)}); };
      const auto add_sum = [&] {
        network.add({"out", Dense{out, {}}});
        network.add({"sum", Dense{sum, {}}});
      };
      network.add({"in", Dense{one, {}}});
      add_relu();
      add_sum();
      add_relu();
      for (Index k = 1; k < between; ++k) {
        network.add({"between", Dense{one, {}}});
        add_relu();
      }
      add_sum();
      for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
        const Result result = estimate(network, {norm, {Objective::output(0)}}, settings);
        EXPECT_LE(result.bounds[0].lower, exact) << to_string(norm) << ", " << last << ", " << between;
        EXPECT_GE(result.bounds[0].upper, exact) << to_string(norm) << ", " << last << ", " << between;
      }
    }
  }
}

// The product as computed is zero, and so is the first guess at a bound: it must end, in one above the exact.
TEST(Cancellation, ToZeroBehindManyLayers) {
  Matrix out(3, 1);
  out.data = {1.0, 1.0 + 0x1p-30, 1.0 + 0x1p-30};
  Matrix sum(1, 3);
  sum.data = {-(2.0 + 0x1p-28), 1.0 + 0x1p-30, 1.0 + 0x1p-30};
  Matrix one(1, 1);
  one.data = {1.0};
  Settings settings;
  settings.max_iterations = 100;
  settings.verify = Verify::off;
  for (const Index layers : {1, 10, 40}) {
    Network network(1);
    network.add({"out", Dense{out, {}}});
    network.add({"sum", Dense{sum, {}}});
    for (Index k = 0; k < layers; ++k) {
      network.add({"relu", Activation(ActivationKind::relu)});
      network.add({"one", Dense{one, {}}});
    }
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      const Result result = estimate(network, {norm, {Objective::output(0)}}, settings);
      EXPECT_LE(result.bounds[0].lower, 0x1p-59) << to_string(norm);
      EXPECT_GE(result.bounds[0].upper, 0x1p-59) << to_string(norm);
    }
  }
}

TEST(Cancellation, CostsNothingWhereNothingCancels) {
  const Result result =
      estimate(ones(3, true), {Norm::l2, {Objective::output(0), Objective::weighted({0.5, 0.25, 0.25})}});
  EXPECT_NEAR(result.bounds[0].upper, 1.0, 1e-9);
  EXPECT_NEAR(result.bounds[1].upper, 1.0, 1e-9);
  EXPECT_TRUE(result.certified());
}

}  // namespace
}  // namespace geolip
