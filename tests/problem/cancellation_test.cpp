#include <problem/cancellation.hpp>
#include <problem/slopes.hpp>

#include <gtest/gtest.h>

namespace geolip::problem {
namespace {

Matrix matrix(Index rows, Index cols, std::vector<double> data) {
  Matrix m(rows, cols);
  m.data = std::move(data);
  return m;
}

/// y_i = x_{source_i}
Sparse gather(Index inputs, const std::vector<Index>& source) {
  Sparse sparse;
  sparse.inputs = inputs;
  for (const Index j : source) {
    sparse.add(j, 1.0);
    sparse.end_row();
  }
  return sparse;
}

/// max(a, b) = b + relu(a - b)
Index add_maximum(Network& network, Index a, Index b) {
  const Index difference = network.add({"difference", Add{{1.0, -1.0}}}, {a, b});
  const Index relu = network.add({"relu", Activation(ActivationKind::relu)}, {difference});
  return network.add({"sum", Add{{1.0, 1.0}}}, {b, relu});
}

bool joined(const Network& network, const std::vector<double>& row) {
  const Chain chain = make_chain(network);
  return connected(chain, make_slopes(chain, {}), 0, row);
}

TEST(Cancellation, XMinusXIsZero) {
  Network network(2);
  const Index w = network.add({"w", Dense{matrix(2, 2, {1, 2, 3, 4}), {}}});
  const Index zero = network.add({"zero", Add{{1.0, -1.0}}}, {w, w});
  const Index relu = network.add({"relu", Activation(ActivationKind::relu)}, {zero});
  EXPECT_FALSE(joined(network, {1, 1}));
  network.add({"sum", Add{{1.0, 1.0}}}, {relu, w});
  EXPECT_TRUE(joined(network, {1, 1}));
}

TEST(Cancellation, TheNeuronOfAMaximumOfEqualsIsDead) {
  Network network(3);
  const Index once = network.add({"copy", gather(3, {0, 1, 1})}, {0});
  const Index twice = network.add({"copy", gather(3, {0, 2, 1})}, {0});
  add_maximum(network, once, twice);
  const auto slopes = make_slopes(make_chain(network), {});
  ASSERT_EQ(slopes.size(), 1U);
  EXPECT_EQ(slopes[0].half_width(0, 0), 0.0);
  EXPECT_EQ(slopes[0].half_width(1, 0), 0.5);
  EXPECT_EQ(slopes[0].half_width(2, 0), 0.0);
}

TEST(Cancellation, OfEqualOutputsLeavesAMarginOfZero) {
  Network network(2);
  network.add({"w", Dense{matrix(2, 2, {1, 2, 3, 4}), {0.5, 0.25}}});
  network.add({"copy", gather(2, {1, 1, 0})});
  EXPECT_FALSE(joined(network, {1, -1, 0}));
  EXPECT_TRUE(joined(network, {1, 0, -1}));
  EXPECT_TRUE(joined(network, {1, 1, 0}));
}

TEST(Cancellation, IsSeenOnlyWhereItIsExact) {
  // 0.1 x + 0.2 x - 0.3 x is not zero: the factors are doubles
  Network network(1);
  network.add({"sum", Add{{0.1, 0.2, -0.3}}}, {0, 0, 0});
  EXPECT_TRUE(joined(network, {1}));
  Network exact(1);
  exact.add({"sum", Add{{0.5, 0.25, -0.75}}}, {0, 0, 0});
  EXPECT_FALSE(joined(exact, {1}));
  Network tiny(1);  // the products underflow
  tiny.add({"tiny", Affine{{1e-200}, {}}});
  tiny.add({"tiny", Affine{{1e-200}, {}}});
  EXPECT_TRUE(joined(tiny, {1}));
}

TEST(Cancellation, NeedsNoFactorThatIsADouble) {
  // (1 + 0.3) 0.7 x, one way and the other
  Network network(1);
  const Index sum = network.add({"sum", Add{{1.0, 0.3}}}, {0, 0});
  const Index once = network.add({"scale", Affine{{0.7}, {}}}, {sum});
  const Index scaled = network.add({"scale", Affine{{0.7}, {}}}, {0});
  const Index twice = network.add({"sum", Add{{0.3, 1.0}}}, {scaled, scaled});
  network.add({"zero", Add{{1.0, -1.0}}}, {once, twice});
  EXPECT_FALSE(joined(network, {1}));
  network.add({"nearly", Add{{1.0, -1.0 - 0x1p-52}}}, {once, twice});
  EXPECT_TRUE(joined(network, {1}));
}

TEST(Cancellation, LeavesTheWaysThatRemain) {
  // a + b - b, one input each
  Network network(2);
  const Index a = network.add({"a", gather(2, {0})}, {0});
  const Index b = network.add({"b", gather(2, {1})}, {0});
  const Index sum = network.add({"sum", Add{{1.0, 1.0}}}, {a, b});
  network.add({"difference", Add{{1.0, -1.0}}}, {sum, b});
  const Chain chain = make_chain(network);
  EXPECT_EQ(back_through_stage(chain.stages.front(), {1}), (Mask{1, 0}));
  EXPECT_EQ(through_stage(chain.stages.front(), {0, 1}), (Mask{0}));
  EXPECT_EQ(through_stage(chain.stages.front(), {1, 0}), (Mask{1}));
}

}  // namespace
}  // namespace geolip::problem
