// An objective without a bound in the range of double, beside others that have one.
#include <geolip/estimate.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace geolip {
namespace {

/// Output 0 is relu(x), output 1 is 1e400 relu(x).
Network out_of_range() {
  Matrix first(2, 1);
  first.data = {1.0, 1e200};
  Matrix second(2, 2);
  second.data = {1.0, 0.0, 0.0, 1e200};
  Network network(1);
  network.add({"first", Dense{first, {}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"second", Dense{second, {}}});
  return network;
}

class Failed : public testing::TestWithParam<Norm> {};
INSTANTIATE_TEST_SUITE_P(Norms, Failed, testing::Values(Norm::linf, Norm::l2, Norm::l1),
                         [](const auto& param_info) { return std::string(to_string(param_info.param)); });

TEST_P(Failed, LeavesTheOthersTheirBounds) {
  const Query query{GetParam(), {Objective::output(1), Objective::output(0)}};
  const Result result = estimate(out_of_range(), query);
  const Bound& failed = result.bounds[0];
  EXPECT_EQ(failed.status, Status::failed);
  EXPECT_TRUE(std::isinf(failed.upper));
  EXPECT_EQ(failed.lower, 0.0);
  EXPECT_EQ(failed.relaxation, 0.0);
  EXPECT_EQ(failed.gap(), 1.0);
  EXPECT_FALSE(failed.proved());
  EXPECT_NE(failed.reason, "");
  const Bound& good = result.bounds[1];
  EXPECT_EQ(good.status, Status::verified) << good.reason;
  EXPECT_GE(good.upper, 1.0);
  EXPECT_LE(good.upper, 1.0 + 1e-4);
  EXPECT_TRUE(result.failed());
  EXPECT_FALSE(result.certified());
}

}  // namespace
}  // namespace geolip
