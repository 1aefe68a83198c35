#include <cli/info.hpp>

#include <geolip/version.hpp>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <cli/fake_library.hpp>
#include <cli/layer_summary.hpp>

namespace geolip::cli {
namespace {

using nlohmann::json;
using testing::run_command;

TEST(Info, PrintsFactsAndLayers) {
  const auto outcome = run_command({"info", "some/net.onnx"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out,
            "network     net.onnx\n"
            "format      onnx\n"
            "sha256      " +
                std::string(64, 'a') +
                "\n"
                "producer    a test\n"
                "opset       13\n"
                "inputs      2\n"
                "outputs     2\n"
                "neurons     3\n"
                "parameters  15\n"
                "\n"
                "layer  name    kind        shape  slopes     parameters\n"
                "    0  first   dense       3x2                        9\n"
                "    1  act     leaky_relu  3      [0.01, 1]           0\n"
                "    2  second  dense       2x3                        6\n");
}

TEST(Info, WritesTheSameAsJson) {
  const auto outcome = run_command({"info", "net.onnx", "--json", "-"});
  EXPECT_EQ(outcome.code, 0);
  const json report = json::parse(outcome.out);
  EXPECT_EQ(report["tool"], "geolip");
  EXPECT_EQ(report["version"], version);
  EXPECT_EQ(report["format"], "onnx");
  EXPECT_EQ(report["facts"], json({{"producer", "a test"}, {"opset", "13"}}));
  EXPECT_EQ(report["network"]["neurons"], 3);
  EXPECT_EQ(report["network"]["parameters"], 15);
  EXPECT_EQ(
      report["layers"][0],
      json(
          {{"name", "first"}, {"kind", "dense"}, {"shape", {3, 2}}, {"slopes", nullptr}, {"parameters", 9}}));
  EXPECT_EQ(report["layers"][1]["slopes"], json({0.01, 1.0}));
}

TEST(LayerSummary, KnowsEveryKindOfLayer) {
  const Activation prelu = Activation::prelu({0.25, -0.5});
  Network network(2);
  network.add({"a", Affine{{1, 2}, {3, 4}}});
  network.add({"p", Permutation{{1, 0}}});
  network.add({"i", Activation(ActivationKind::identity)});
  network.add({"s", prelu});
  const NetworkSummary summary = summarise(network);
  EXPECT_EQ(summary.neurons, 2);
  EXPECT_EQ(summary.parameters, 6);
  ASSERT_EQ(summary.layers.size(), 4U);
  EXPECT_EQ(summary.layers[0].kind, "affine");
  EXPECT_EQ(summary.layers[0].parameters, 4);
  EXPECT_EQ(summary.layers[1].kind, "permutation");
  EXPECT_EQ(summary.layers[2].kind, "identity");
  ASSERT_TRUE(summary.layers[3].slopes.has_value());
  EXPECT_EQ(summary.layers[3].slopes->lower, -0.5);
  EXPECT_EQ(summary.layers[3].slopes->upper, 1.0);
}

}  // namespace
}  // namespace geolip::cli
