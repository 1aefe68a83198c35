// Slope sets, and the paths that join the input to an objective.
#include <geolip/error.hpp>
#include <problem/slopes.hpp>
#include <problem/small_network.hpp>
#include <support/messages.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace geolip {
namespace {

using problem::Chain;
using problem::connected;
using problem::LayerSlopes;
using problem::make_chain;
using problem::make_slopes;
using problem::narrow_slopes;
using problem::SlopeAnswer;
using test::dense;
using test::full4;
using test::full6;
using test::message_of;
using test::small;

std::vector<double> half_widths(const LayerSlopes& slopes, Index set) {
  std::vector<double> h;
  for (Index i = 0; i < slopes.neurons; ++i) h.push_back(slopes.half_width(i, set));
  return h;
}

SlopeOverride same_everywhere(SlopeInterval interval) {
  return {{std::vector<SlopeInterval>(3, interval), std::vector<SlopeInterval>(2, interval)}};
}

TEST(MakeSlopes, CentreAndHalfWidthEncloseTheInterval) {
  Network network(1);
  network.add({"dense", dense(3, 1, {1, 1, 1})});
  const Activation prelu = Activation::prelu({0.25, -0.5, 1.0});
  network.add({"prelu", prelu});
  const auto slopes = make_slopes(make_chain(network), {});
  ASSERT_EQ(slopes.size(), 1U);
  EXPECT_EQ(slopes[0].c, (std::vector<double>{0.625, 0.25, 1.0}));
  EXPECT_EQ(slopes[0].h, (std::vector<double>{0.375, 0.75, 0.0}));
}

TEST(MakeSlopes, EachOverrideIsASetOfItsOwn) {
  const Network network = small(full6, full6, full4);
  const SlopeOverride on = same_everywhere({1.0, 1.0});
  const SlopeOverride narrow = same_everywhere({-0.5, 0.25});
  const auto slopes = make_slopes(make_chain(network), {&on, &narrow});
  for (const LayerSlopes& layer : slopes) {
    ASSERT_EQ(layer.sets, 3);
    for (Index i = 0; i < layer.neurons; ++i) {
      EXPECT_EQ(layer.centre(i, 0), 0.5);
      EXPECT_EQ(layer.half_width(i, 0), 0.5);
      EXPECT_EQ(layer.centre(i, 1), 1.0);
      EXPECT_EQ(layer.half_width(i, 1), 0.0);
      EXPECT_EQ(layer.centre(i, 2), -0.125);
      EXPECT_EQ(layer.half_width(i, 2), 0.375);
    }
  }
}

TEST(MakeSlopes, HugeIntervalsDoNotOverflow) {
  const Network network = small(full6, full6, full4);
  const SlopeOverride huge = same_everywhere({-1.5e308, 1.5e308});
  const auto slopes = make_slopes(make_chain(network), {&huge});
  EXPECT_EQ(slopes[0].centre(0, 1), 0.0);
  EXPECT_EQ(slopes[0].half_width(0, 1), 1.5e308);
}

TEST(MakeSlopes, NeuronsWithoutInputAreDead) {
  const auto slopes = make_slopes(make_chain(small({1, 2, 0, 0, 5, 6}, full6, full4)), {});
  EXPECT_EQ(half_widths(slopes[0], 0), (std::vector<double>{0.5, 0.0, 0.5}));
  EXPECT_EQ(slopes[0].centre(1, 0), 0.0);
  EXPECT_EQ(half_widths(slopes[1], 0), (std::vector<double>{0.5, 0.5}));
}

TEST(MakeSlopes, NeuronsWithoutAWayToTheOutputAreDead) {
  // neuron 1 of layer 2 feeds nothing, so neuron 2 of layer 1, which feeds only it, is dead too
  const Network network = small(full6, {1, 2, 0, 4, 5, 6}, {1, 0, 3, 0});
  const auto slopes = make_slopes(make_chain(network), {});
  EXPECT_EQ(half_widths(slopes[1], 0), (std::vector<double>{0.5, 0.0}));
  EXPECT_EQ(half_widths(slopes[0], 0), (std::vector<double>{0.5, 0.5, 0.0}));
}

TEST(MakeSlopes, DeathIsAMatterOfTheSlopeSet) {
  const Network network = small(full6, {1, 2, 0, 4, 5, 6}, full4);
  SlopeOverride off = same_everywhere({0.0, 1.0});
  off.layers[1][1] = {0.0, 0.0};
  const auto slopes = make_slopes(make_chain(network), {&off});
  EXPECT_EQ(half_widths(slopes[0], 0), (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(half_widths(slopes[0], 1), (std::vector<double>{0.5, 0.5, 0.0}));
}

TEST(MakeSlopes, DeathGoesThroughAffineAndPermutation) {
  Network network(3);
  network.add({"affine", Affine{{1.0, 0.0, 1.0}, {}}});
  network.add({"permutation", Permutation{{1, 2, 0}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"again", Permutation{{2, 1, 0}}});
  network.add({"affine", Affine{{1.0, 0.0, 1.0}, {}}});
  const auto slopes = make_slopes(make_chain(network), {});
  // neuron 0 reads input 1, which is scaled away; neuron 1 is scaled away behind
  EXPECT_EQ(half_widths(slopes[0], 0), (std::vector<double>{0.0, 0.0, 0.5}));
}

TEST(MakeSlopes, RefusesOverridesThatDoNotFit) {
  const Network network = small(full6, full6, full4);
  const Chain chain = make_chain(network);
  const auto refusal = [&](const SlopeOverride& o) {
    return message_of<QueryError>([&] { make_slopes(chain, {&o}); });
  };
  EXPECT_EQ(refusal({{{}}}), "slopes: 1 layers are given but the network has 2 activation layers");
  SlopeOverride o = same_everywhere({0.0, 1.0});
  o.layers[1].pop_back();
  EXPECT_EQ(refusal(o), "slopes: activation layer 1 has 2 neurons but 1 intervals are given");
  const double inf = std::numeric_limits<double>::infinity();
  for (const SlopeInterval bad : {SlopeInterval{1.0, 0.0}, {0.0, inf}, {-inf, 0.0}, {std::nan(""), 1.0}}) {
    o = same_everywhere({0.0, 1.0});
    o.layers[0][2] = bad;
    EXPECT_EQ(refusal(o), "slopes: activation layer 0 has an interval that is empty or not finite");
  }
}

bool joined(const Network& network, const std::vector<double>& row) {
  const Chain chain = make_chain(network);
  return connected(chain, make_slopes(chain, {}), 0, problem::Row(row));
}

TEST(Connected, FollowsNonzeroWeights) {
  const Network network = small(full6, full6, {1, 2, 0, 0});
  EXPECT_TRUE(joined(network, {1, 0}));
  EXPECT_FALSE(joined(network, {0, 1}));
  EXPECT_FALSE(joined(network, {0, 0}));
  EXPECT_TRUE(joined(network, {}));
  EXPECT_FALSE(joined(small(full6, std::vector<double>(6, 0.0), full4), {}));
}

TEST(Connected, SeesThatEqualRowsCancelInAMargin) {
  const Network equal = small(full6, full6, {0.1, 0.7, 0.1, 0.7});
  EXPECT_FALSE(joined(equal, {1, -1}));
  EXPECT_FALSE(joined(equal, {-1, 1}));
  EXPECT_TRUE(joined(equal, {1, 1}));
  EXPECT_TRUE(joined(equal, {1, 0}));
  // neither is +-1: nothing is known to cancel exactly
  EXPECT_TRUE(joined(equal, {2, -2}));
  EXPECT_TRUE(joined(small(full6, full6, {0.1, 0.7, 0.1, 0.7000000000000001}), {1, -1}));
}

TEST(Connected, CancellationLeavesTheOtherColumns) {
  // the rows differ in column 1 alone, and neuron 1 of layer 2 reads nothing
  const Network network = small(full6, {1, 2, 3, 0, 0, 0}, {5, 1, 5, 2});
  EXPECT_FALSE(joined(network, {1, -1}));
  EXPECT_TRUE(joined(network, {1, 0}));
}

TEST(Connected, OverridesCutPaths) {
  const Network network = small(full6, full6, full4);
  const Chain chain = make_chain(network);
  SlopeOverride off = same_everywhere({0.0, 1.0});
  off.layers[0].assign(3, {0.0, 0.0});
  const auto slopes = make_slopes(chain, {&off});
  EXPECT_TRUE(connected(chain, slopes, 0, std::vector<double>{1, 0}));
  EXPECT_FALSE(connected(chain, slopes, 1, std::vector<double>{1, 0}));
}

/// The answers for objectives of slope set 0, and the slopes that they leave.
std::vector<SlopeAnswer> narrowed(const Network& network, const std::vector<std::vector<double>>& rows,
                                  std::vector<LayerSlopes>& slopes) {
  const Chain chain = make_chain(network);
  slopes = make_slopes(chain, {});
  std::vector<problem::SlopeDemand> demands;
  for (const std::vector<double>& row : rows) demands.push_back({0, row});
  return narrow_slopes(chain, slopes, demands);
}

TEST(NarrowSlopes, ObjectivesThatSeeEverythingKeepTheirSet) {
  std::vector<LayerSlopes> slopes;
  const auto answers = narrowed(small(full6, full6, full4), {{1, 0}, {0, 1}, {1, -1}, {}}, slopes);
  for (const SlopeAnswer& answer : answers) {
    EXPECT_TRUE(answer.connected);
    EXPECT_EQ(answer.set, 0);
  }
  EXPECT_EQ(slopes[0].sets, 1);
}

TEST(NarrowSlopes, NeuronsThatAnObjectiveCannotSeeAreDeadForIt) {
  // output 0 reads neuron 0 of layer 2, which reads neurons 0 and 1; output 1 the other ones
  std::vector<LayerSlopes> slopes;
  const auto answers =
      narrowed(small(full6, {1, 2, 0, 0, 0, 3}, {1, 0, 0, 2}), {{1, 0}, {0, 1}, {-3, 0}, {}}, slopes);
  ASSERT_EQ(slopes[0].sets, 3);
  EXPECT_EQ(answers[0].set, 1);
  EXPECT_EQ(answers[1].set, 2);
  EXPECT_EQ(answers[2].set, 1);
  EXPECT_EQ(answers[3].set, 0);
  EXPECT_EQ(half_widths(slopes[1], 0), (std::vector<double>{0.5, 0.5}));
  EXPECT_EQ(half_widths(slopes[1], 1), (std::vector<double>{0.5, 0.0}));
  EXPECT_EQ(half_widths(slopes[0], 1), (std::vector<double>{0.5, 0.5, 0.0}));
  EXPECT_EQ(half_widths(slopes[0], 2), (std::vector<double>{0.0, 0.0, 0.5}));
  EXPECT_EQ(slopes[0].centre(2, 1), 0.0);
}

TEST(NarrowSlopes, EqualRowsOfAMarginHideTheirNeurons) {
  std::vector<LayerSlopes> slopes;
  const auto answers = narrowed(small(full6, {1, 2, 3, 4, 5, 6}, {5, 1, 5, 2}), {{1, -1}}, slopes);
  EXPECT_TRUE(answers[0].connected);
  ASSERT_EQ(answers[0].set, 1);
  EXPECT_EQ(half_widths(slopes[1], 1), (std::vector<double>{0.0, 0.5}));
}

TEST(NarrowSlopes, SetsOfTheirOwnAreNarrowedToo) {
  const Network network = small(full6, {1, 2, 0, 0, 0, 3}, {1, 0, 0, 2});
  const Chain chain = make_chain(network);
  const SlopeOverride narrow = same_everywhere({0.0, 0.5});
  std::vector<LayerSlopes> slopes = make_slopes(chain, {&narrow});
  const std::vector<double> row{1, 0};
  const auto answers = narrow_slopes(chain, slopes, {{1, row}, {0, row}});
  ASSERT_EQ(slopes[0].sets, 4);
  EXPECT_EQ(half_widths(slopes[0], answers[0].set), (std::vector<double>{0.25, 0.25, 0.0}));
  EXPECT_EQ(half_widths(slopes[0], answers[1].set), (std::vector<double>{0.5, 0.5, 0.0}));
}

TEST(NarrowSlopes, WhatIsNotConnectedIsSaid) {
  std::vector<LayerSlopes> slopes;
  const auto answers = narrowed(small(full6, full6, {1, 2, 0, 0}), {{1, 0}, {0, 1}, {0, 0}}, slopes);
  EXPECT_TRUE(answers[0].connected);
  EXPECT_FALSE(answers[1].connected);
  EXPECT_FALSE(answers[2].connected);
  const auto none = narrowed(small(full6, std::vector<double>(6, 0.0), full4), {{1, 0}, {}}, slopes);
  EXPECT_FALSE(none[0].connected);
  EXPECT_FALSE(none[1].connected);
}

TEST(NarrowSlopes, ANetworkWithoutNeuronsHasNothingToNarrow) {
  Network network(2);
  network.add({"dense", dense(2, 2, {1, 2, 0, 0})});
  std::vector<LayerSlopes> slopes;
  const auto answers = narrowed(network, {{1, 0}, {0, 1}, {}}, slopes);
  EXPECT_TRUE(answers[0].connected);
  EXPECT_FALSE(answers[1].connected);
  EXPECT_TRUE(answers[2].connected);
}

}  // namespace
}  // namespace geolip
