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
    network.add({"relu", make_activation(ActivationKind::relu)});
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

TEST(Cancellation, CostsNothingWhereNothingCancels) {
  const Result result =
      estimate(ones(3, true), {Norm::l2, {Objective::output(0), Objective::weighted({0.5, 0.25, 0.25})}});
  EXPECT_NEAR(result.bounds[0].upper, 1.0, 1e-9);
  EXPECT_NEAR(result.bounds[1].upper, 1.0, 1e-9);
  EXPECT_TRUE(result.certified());
}

}  // namespace
}  // namespace geolip
