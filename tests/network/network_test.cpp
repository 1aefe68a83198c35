// What a network refuses, computes, and differentiates.
#include <geolip/error.hpp>
#include <geolip/network.hpp>
#include <support/messages.hpp>
#include <support/random_graphs.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace geolip {
namespace {

using test::message_of;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

template <class Op>
std::string refusal(Op op) {
  return message_of<NetworkError>([&] {
    Network network(3);
    network.add({"layer", std::move(op)});
  });
}

TEST(NetworkAdd, RefusesInOneSentence) {
  EXPECT_EQ(message_of<NetworkError>([] { Network{0}; }), "network: it has 0 inputs but needs at least one");
  EXPECT_EQ(refusal(Dense{}), "layer: weight is empty");
  EXPECT_EQ(refusal(Dense{Matrix(0, 3), {}}), "layer: weight is empty");
  EXPECT_EQ(refusal(Dense{Matrix(2, 4), {}}), "layer: weight is 2x4 but its input has 3 coordinates");
  Dense dense{Matrix(2, 3), {}};
  dense.weight.data.pop_back();
  EXPECT_EQ(refusal(dense), "layer: weight has 5 entries but 6 are needed");
  dense = {Matrix(2, 3), {}};
  dense.weight(1, 2) = nan;
  EXPECT_EQ(refusal(dense), "layer: weight has an entry that is not finite (index 5)");
  dense.weight = {};
  dense.weight.rows = Index{1} << 62;  // times 3 entries, which wraps around
  dense.weight.cols = 3;
  EXPECT_EQ(refusal(dense), "layer: weight of 4611686018427387904x3 is larger than any memory");
  EXPECT_EQ(refusal(Dense{Matrix(2, 3), {1.0}}), "layer: bias has 1 entries but 2 are needed");
  EXPECT_EQ(refusal(Dense{Matrix(2, 3), {1.0, inf}}),
            "layer: bias has an entry that is not finite (index 1)");
  EXPECT_EQ(refusal(Affine{{1, 2}, {}}), "layer: scale has 2 entries but 3 are needed");
  EXPECT_EQ(refusal(Affine{{-inf, 2, 3}, {}}), "layer: scale has an entry that is not finite (index 0)");
  EXPECT_EQ(refusal(Affine{{1, 2, 3}, {1}}), "layer: shift has 1 entries but 3 are needed");
  EXPECT_EQ(refusal(Affine{{1, 2, 3}, {1, nan, 1}}),
            "layer: shift has an entry that is not finite (index 1)");
  EXPECT_EQ(refusal(Permutation{{0, 1}}), "layer: permutation has 2 entries but 3 are needed");
  EXPECT_EQ(refusal(Permutation{{0, 1, 1}}), "layer: index 1 does not belong to a permutation");
  EXPECT_EQ(refusal(Permutation{{0, 1, 3}}), "layer: index 3 does not belong to a permutation");
  EXPECT_EQ(refusal(Permutation{{0, -1, 2}}), "layer: index -1 does not belong to a permutation");
  EXPECT_EQ(refusal(Activation::prelu({1, 2})), "layer: slope has 2 entries but 3 are needed");
}

TEST(NetworkAdd, ARefusedLayerLeavesTheNetworkAsItWas) {
  Network network(3);
  EXPECT_THROW(network.add({"layer", Dense{Matrix(2, 4), {}}}), NetworkError);
  EXPECT_EQ(network.outputs(), 3);
  EXPECT_TRUE(network.layers().empty());
  network.add({"open clip", Activation(ActivationKind::clip, -inf, inf)});
  EXPECT_EQ(network.layers().size(), 1U);
}

TEST(NetworkSizes, AreCheckedAtEvaluation) {
  const Network network(3);
  EXPECT_EQ(message_of<QueryError>([&] { network.evaluate(std::vector<double>(2)); }),
            "input has 2 coordinates but the network takes 3");
  EXPECT_EQ(message_of<QueryError>([&] { network.gradient(std::vector<double>(4), std::vector<double>(3)); }),
            "input has 4 coordinates but the network takes 3");
  EXPECT_EQ(message_of<QueryError>([&] { network.gradient(std::vector<double>(3), std::vector<double>(1)); }),
            "objective has 1 entries but the network has 3 outputs");
}

TEST(NetworkEvaluate, ByHand) {
  Network network(2);
  Dense dense{Matrix(2, 2), {0.5, -1.0}};
  dense.weight.data = {1, 2, 3, 4};
  network.add({"dense", dense});
  network.add({"swap", Permutation{{1, 0}}});
  network.add({"affine", Affine{{2, -1}, {0, 10}}});
  network.add({"relu", Activation(ActivationKind::relu)});
  // (3.5, 6) -> (6, 3.5) -> (12, 6.5);  (-2.5, -8) -> (-8, -2.5) -> (-16, 12.5) -> (0, 12.5)
  EXPECT_EQ(network.evaluate(std::vector<double>{1, 1}), (std::vector<double>{12, 6.5}));
  EXPECT_EQ(network.evaluate(std::vector<double>{-1, -1}), (std::vector<double>{0, 12.5}));
  // both on: 2 * (row 2) - (row 1);  first off: -(row 1)
  EXPECT_EQ(network.gradient(std::vector<double>{1, 1}, std::vector<double>{1, 1}),
            (std::vector<double>{5, 6}));
  EXPECT_EQ(network.gradient(std::vector<double>{-1, -1}, std::vector<double>{1, 1}),
            (std::vector<double>{-1, -2}));
}

TEST(NetworkGradient, IsThatOfTheValue) {
  test::Random random(3);
  for (const char* name : {"tanh", "gelu", "silu", "softplus", "sigmoid"}) {
    SCOPED_TRACE(name);
    Network network(4);
    network.add({"affine", Affine{{1.5, -0.5, 1.0, 2.0}, {0.1, 0.2, 0.3, 0.4}}});
    network.add({"dense", Dense{test::random_matrix(random, 6, 4, 0.6), {1, 2, 3, -1, -2, -3}}});
    network.add({"activation", activation_from_name(name)});
    network.add({"permutation", Permutation{{5, 0, 4, 1, 3, 2}}});
    network.add({"dense", Dense{test::random_matrix(random, 3, 6, 0.6), {}}});
    const std::vector<double> u{1.0, -0.5, 0.25};
    std::vector<double> x{0.3, -0.2, 0.7, 0.1};
    const std::vector<double> g = network.gradient(x, u);
    const auto value = [&] {
      const std::vector<double> y = network.evaluate(x);
      return u[0] * y[0] + u[1] * y[1] + u[2] * y[2];
    };
    for (std::size_t j = 0; j < x.size(); ++j) {
      constexpr double step = 1e-5;
      const double at = x[j];
      x[j] = at + step;
      const double above = value();
      x[j] = at - step;
      const double below = value();
      x[j] = at;
      EXPECT_NEAR(g[j], (above - below) / (2.0 * step), 1e-8);
    }
  }
}

TEST(NetworkAdd, RefusesASizeThatWrapsAroundToZero) {
  constexpr Index size = Index{1} << 32;
  EXPECT_EQ(message_of<NetworkError>([] {
              Network network(size);
              Dense dense;
              dense.weight.rows = dense.weight.cols = size;  // 2^64 entries, of which none is there
              network.add({"layer", dense});
            }),
            "layer: weight of 4294967296x4294967296 is larger than any memory");
}

TEST(NetworkGraph, LayersSayWhatDoesNotFit) {
  const auto message = [](const Layer& layer, const std::vector<Index>& tensors) {
    Network network(4);
    network.add({"wide", Dense{Matrix(6, 4), {}}});
    try {
      network.add(layer, tensors);
    } catch (const NetworkError& error) {
      return std::string(error.what());
    }
    return std::string("(it was added)");
  };
  EXPECT_EQ(message({"sum", Add{}}, {0, 1}), "sum: a tensor of 4 coordinates cannot be added to one of 6");
  EXPECT_EQ(message({"sum", Add{{1.0}}}, {0, 0}), "sum: list of coefficients has 1 entries but 2 are needed");
  EXPECT_EQ(message({"sum", Add{}}, {0, 2}), "sum: tensor 2 does not exist");
  EXPECT_EQ(message({"join", Concat{}}, {}), "join: it reads no tensor");
  EXPECT_EQ(message({"relu", Activation(ActivationKind::relu)}, {0, 1}),
            "relu: it reads 2 tensors but takes one");
  EXPECT_EQ(message({"join", Concat{}}, {0, 1, 0}), "(it was added)");
  Conv conv;
  conv.image = {2, 2};
  conv.weight = {1.0};
  EXPECT_EQ(message({"conv", conv}, {0}), "(it was added)");
  EXPECT_EQ(message({"conv", conv}, {1}), "conv: its input of 1x2x2 does not fit a tensor of 6 coordinates");
  conv.kernel = {3, 1};
  EXPECT_EQ(message({"conv", conv}, {0}), "conv: the kernel is larger than the padded image");
  conv.kernel = {2, 1};
  EXPECT_EQ(message({"conv", conv}, {0}), "conv: weight has 1 entries but 2 are needed");
  conv.stride = {0, 1};
  EXPECT_EQ(message({"conv", conv}, {0}), "conv: a stride of 0 makes no sense");
  Sparse sparse;
  sparse.inputs = 4;
  sparse.add(4, 1.0);
  sparse.end_row();
  EXPECT_EQ(message({"pick", sparse}, {0}), "pick: column 4 does not exist");
}

TEST(NetworkGraph, GradientsAreThoseOfDifferences) {
  test::Random random(5);
  for (int trial = 0; trial < 50; ++trial) {
    const Network network = test::random_graph(random, 12, 20);
    std::vector<double> x;
    for (Index i = 0; i < network.inputs(); ++i) x.push_back(random.normal());
    const std::vector<double> u{1.0, -2.0};
    const std::vector<double> g = network.gradient(x, u);
    constexpr double step = 1e-7;
    for (std::size_t i = 0; i < x.size(); ++i) {
      std::vector<double> moved = x;
      moved[i] += step;
      const std::vector<double> a = network.evaluate(x);
      const std::vector<double> b = network.evaluate(moved);
      const double difference = u[0] * (b[0] - a[0]) + u[1] * (b[1] - a[1]);
      // piecewise linear: exact but for kinks and rounding
      EXPECT_NEAR(difference / step, g[i], 1e-5 * (1.0 + std::abs(g[i])));
    }
  }
}

}  // namespace
}  // namespace geolip
