// Stages: where a network is cut.
#include <problem/chain.hpp>
#include <problem/slopes.hpp>
#include <problem/small_network.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

namespace geolip {
namespace {

using problem::Chain;
using problem::make_chain;
using test::dense;
using test::full6;

TEST(MakeChain, CutsAtActivations) {
  Network network(3);
  network.add({"affine", Affine{{1, 2, 3}, {}}});
  network.add({"dense", dense(2, 3, full6)});
  network.add({"tanh", Activation(ActivationKind::tanh)});
  network.add({"relu", Activation(ActivationKind::relu)});
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
  EXPECT_EQ(chain.layers[0].front().activation->kind(), ActivationKind::tanh);
}

TEST(MakeChain, ANetworkWithoutLayersIsOneEmptyStage) {
  const Chain chain = make_chain(Network(4));
  EXPECT_EQ(chain.depth(), 0);
  ASSERT_EQ(chain.stages.size(), 1U);
  EXPECT_EQ(chain.stages[0].outputs, 4);
}

/// x - relu - dense - relu - add to the first relu - dense
Network residual(Index inner) {
  Network network(3);
  const Index a = network.add({"a", Activation(ActivationKind::relu)});
  network.add({"in", Dense{Matrix(inner, 3), {}}});
  network.add({"b", Activation(ActivationKind::tanh)});
  const Index out = network.add({"out", Dense{Matrix(3, inner), {}}});
  network.add({"sum", Add{}}, {out, a});
  network.add({"last", Dense{Matrix(1, 3), {}}});
  return network;
}

TEST(MakeChain, WhatLaterStagesReadPassesBy) {
  const Network network = residual(5);
  const problem::Chain chain = problem::make_chain(network);
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
  const auto slopes = problem::make_slopes(chain, {&half});
  EXPECT_EQ(slopes[1].neurons, 8);
}

TEST(MakeChain, ActivationsOfTheSameDepthShareALayer) {
  Network network(2);
  const Index a = network.add({"a", Activation(ActivationKind::relu)}, {0});
  const Index b = network.add({"b", Activation(ActivationKind::tanh)}, {0});
  network.add({"join", Concat{}}, {a, b});
  network.add({"unused", Activation(ActivationKind::relu)}, {0});
  network.add({"last", Dense{Matrix(1, 4), {}}}, {3});
  const problem::Chain chain = problem::make_chain(network);
  ASSERT_EQ(chain.depth(), 1);
  EXPECT_FALSE(chain.passes_by());
  EXPECT_EQ(chain.layers[0].size(), 2U);
  EXPECT_EQ(chain.activation_sizes.size(), 3U);  // the one that leads nowhere is counted, but has no rows
  EXPECT_EQ(chain.stages[0].outputs, 4);
}

TEST(MakeChain, WhatTakesLessRoomPassesBy) {
  // 6 coordinates shrink to 2 on the side: these pass by, and not the 6
  Network network(6);
  network.add({"relu", Activation(ActivationKind::relu)});
  const Index side = network.add({"side", Dense{Matrix(2, 6), {}}}, {1});
  network.add({"in", Dense{Matrix(2, 6), {}}}, {1});
  const Index main = network.add({"act", Activation(ActivationKind::relu)});
  network.add({"sum", Add{}}, {main, side});
  const problem::Chain chain = problem::make_chain(network);
  ASSERT_EQ(chain.depth(), 2);
  EXPECT_EQ(chain.stages[1].outputs, 4);
  EXPECT_EQ(chain.layers[1][1].copy_of, -1);
}

}  // namespace
}  // namespace geolip
