// Stages, slope sets and the paths that join the input to an objective.
#include <geolip/error.hpp>
#include <graph/chain.hpp>
#include <support/messages.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

namespace geolip {
namespace {

using graph::Chain;
using graph::connected;
using graph::LayerSlopes;
using graph::make_chain;
using graph::make_slopes;
using test::message_of;

Dense dense(Index rows, Index cols, std::vector<double> entries) {
  Dense d{Matrix(rows, cols), {}};
  d.weight.data = std::move(entries);
  return d;
}

/// 2 -> 3 -> 2 -> 2, ReLU between.
Network small(std::vector<double> w1, std::vector<double> w2, std::vector<double> w3) {
  Network network(2);
  network.add({"w1", dense(3, 2, std::move(w1))});
  network.add({"relu1", make_activation(ActivationKind::relu)});
  network.add({"w2", dense(2, 3, std::move(w2))});
  network.add({"relu2", make_activation(ActivationKind::relu)});
  network.add({"w3", dense(2, 2, std::move(w3))});
  return network;
}

const std::vector<double> full6{1, 2, 3, 4, 5, 6};
const std::vector<double> full4{1, 2, 3, 4};

std::vector<double> half_widths(const LayerSlopes& slopes, Index set) {
  std::vector<double> h;
  for (Index i = 0; i < slopes.neurons; ++i) h.push_back(slopes.half_width(i, set));
  return h;
}

SlopeOverride same_everywhere(SlopeInterval interval) {
  return {{std::vector<SlopeInterval>(3, interval), std::vector<SlopeInterval>(2, interval)}};
}

TEST(MakeChain, CutsAtActivations) {
  Network network(3);
  network.add({"affine", Affine{{1, 2, 3}, {}}});
  network.add({"dense", dense(2, 3, full6)});
  network.add({"tanh", make_activation(ActivationKind::tanh)});
  network.add({"relu", make_activation(ActivationKind::relu)});
  network.add({"permutation", Permutation{{1, 0}}});
  const Chain chain = make_chain(network);
  EXPECT_EQ(chain.inputs, 3);
  ASSERT_EQ(chain.depth(), 2);
  ASSERT_EQ(chain.stages.size(), 3U);
  EXPECT_EQ(chain.stages[0].steps.size(), 2U);
  EXPECT_EQ(chain.stages[0].inputs, 3);
  EXPECT_EQ(chain.stages[0].outputs, 2);
  EXPECT_TRUE(chain.stages[1].steps.empty());
  EXPECT_EQ(chain.stages[1].inputs, 2);
  EXPECT_EQ(chain.stages[1].outputs, 2);
  EXPECT_EQ(chain.stages[2].steps.front().layer->name, "permutation");
  EXPECT_EQ(chain.layers[0].front().activation->kind, ActivationKind::tanh);
}

TEST(MakeChain, ANetworkWithoutLayersIsOneEmptyStage) {
  const Chain chain = make_chain(Network(4));
  EXPECT_EQ(chain.depth(), 0);
  ASSERT_EQ(chain.stages.size(), 1U);
  EXPECT_EQ(chain.stages[0].outputs, 4);
}

TEST(MakeSlopes, CentreAndHalfWidthEncloseTheInterval) {
  Network network(1);
  network.add({"dense", dense(3, 1, {1, 1, 1})});
  Activation prelu{ActivationKind::prelu, 0.0, 0.0, {0.25, -0.5, 1.0}};
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
  network.add({"relu", make_activation(ActivationKind::relu)});
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
  return connected(chain, make_slopes(chain, {}), 0, row);
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

/// x - relu - dense - relu - add to the first relu - dense
Network residual(Index inner) {
  Network network(3);
  const Index a = network.add({"a", make_activation(ActivationKind::relu)});
  network.add({"in", Dense{Matrix(inner, 3), {}}});
  network.add({"b", make_activation(ActivationKind::tanh)});
  const Index out = network.add({"out", Dense{Matrix(3, inner), {}}});
  network.add({"sum", Add{}}, {out, a});
  network.add({"last", Dense{Matrix(1, 3), {}}});
  return network;
}

TEST(MakeChain, WhatLaterStagesReadPassesBy) {
  const Network network = residual(5);
  const graph::Chain chain = graph::make_chain(network);
  ASSERT_EQ(chain.depth(), 2);
  EXPECT_TRUE(chain.passes_by());
  EXPECT_EQ(chain.neurons(1), 5);
  EXPECT_EQ(chain.stages[1].outputs, 8);
  ASSERT_EQ(chain.layers[1].size(), 2U);
  EXPECT_EQ(chain.layers[1][0].number, 1);
  EXPECT_EQ(chain.layers[1][1].activation, nullptr);
  EXPECT_EQ(chain.layers[1][1].copy_of, 0);
  EXPECT_EQ(chain.stages[2].sources, (std::vector<Index>{5, 3}));
  EXPECT_EQ(chain.stages[2].outputs, 1);
  EXPECT_EQ(chain.activation_sizes, (std::vector<Index>{3, 5}));
  // what passes by has slope 1 for every set of slopes
  SlopeOverride half;
  half.layers = {std::vector<SlopeInterval>(3, {0.5, 0.5}), std::vector<SlopeInterval>(5, {0.0, 1.0})};
  const auto slopes = graph::make_slopes(chain, {&half});
  EXPECT_EQ(slopes[1].neurons, 8);
}

TEST(MakeChain, ActivationsOfTheSameDepthShareALayer) {
  Network network(2);
  const Index a = network.add({"a", make_activation(ActivationKind::relu)}, {0});
  const Index b = network.add({"b", make_activation(ActivationKind::tanh)}, {0});
  network.add({"join", Concat{}}, {a, b});
  network.add({"unused", make_activation(ActivationKind::relu)}, {0});
  network.add({"last", Dense{Matrix(1, 4), {}}}, {3});
  const graph::Chain chain = graph::make_chain(network);
  ASSERT_EQ(chain.depth(), 1);
  EXPECT_FALSE(chain.passes_by());
  EXPECT_EQ(chain.layers[0].size(), 2U);
  EXPECT_EQ(chain.activation_sizes.size(), 3U);  // the one that leads nowhere is counted, but has no rows
  EXPECT_EQ(chain.stages[0].outputs, 4);
}

TEST(MakeChain, WhatTakesLessRoomPassesBy) {
  // 6 coordinates shrink to 2 on the side: these pass by, and not the 6
  Network network(6);
  network.add({"relu", make_activation(ActivationKind::relu)});
  const Index side = network.add({"side", Dense{Matrix(2, 6), {}}}, {1});
  network.add({"in", Dense{Matrix(2, 6), {}}}, {1});
  const Index main = network.add({"act", make_activation(ActivationKind::relu)});
  network.add({"sum", Add{}}, {main, side});
  const graph::Chain chain = graph::make_chain(network);
  ASSERT_EQ(chain.depth(), 2);
  EXPECT_EQ(chain.stages[1].outputs, 4);
  EXPECT_EQ(chain.layers[1][1].copy_of, -1);
}

}  // namespace
}  // namespace geolip
