// Networks of others, with the outputs of ONNX Runtime for them. They are not part of the project: the tests
// look for them in $GEOLIP_SHARED or beside the source tree, and are skipped without them.
#include <formats/support.hpp>
#include <support/paths.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace geolip {
namespace {

using ::testing::HasSubstr;

class RealNetworks : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("GEOLIP_SHARED");
    networks_ = (given != nullptr ? std::filesystem::path(given)
                                  : std::filesystem::path(geolip::test::source_dir()) / ".." / "shared") /
                "networks";
    if (!std::filesystem::exists(networks_ / "ort_reference_outputs.json")) {
      GTEST_SKIP() << "no networks in " << networks_ << " (set GEOLIP_SHARED)";
    }
  }
  std::filesystem::path path(const std::string& name) const { return networks_ / name; }

 private:
  std::filesystem::path networks_;
};

/// The inputs that the reference outputs belong to.
std::vector<double> reference_input(Index size, Index t) {
  std::vector<double> x;
  for (Index k = 0; k < size; ++k) x.push_back(static_cast<double>((k * 7919 + 13 * t) % 1000) / 1000.0);
  return x;
}

std::vector<double> softmax(std::vector<double> x) {
  const double top = *std::max_element(x.begin(), x.end());
  double sum = 0.0;
  for (double& v : x) sum += v = std::exp(v - top);
  for (double& v : x) v /= sum;
  return x;
}

void expect_close(const std::vector<double>& have, const std::vector<double>& want, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(have.size(), want.size()) << what;
  double scale = 0.0;
  for (const double v : want) scale = std::max(scale, std::abs(v));
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(have[i], want[i], tolerance * scale) << what << " output " << i;
  }
}

TEST_F(RealNetworks, GiveTheOutputsOfOnnxRuntime) {
  const auto reference = nlohmann::json::parse(test::contents(path("ort_reference_outputs.json")));
  int compared = 0;
  for (const auto& [name, entry] : reference.items()) {
    if (!entry.is_object()) continue;
    const bool probabilities =
        name.find("softmax") != std::string::npos || name.find("tansig") != std::string::npos;
    ReadOptions options;
    options.logits = probabilities;
    if (probabilities) {
      EXPECT_THAT(test::refusal(path(name)), HasSubstr("bound the logits"));
    }
    const Network network = read_network(path(name), options).network;
    for (Index t = 0; t < 2; ++t) {
      std::vector<double> y = network.evaluate(reference_input(network.inputs(), t));
      if (probabilities) y = softmax(std::move(y));
      expect_close(y, entry["outputs"][static_cast<std::size_t>(t)].get<std::vector<double>>(), 1e-5, name);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 2 * 32);
}

TEST_F(RealNetworks, OtherFormatsAreRead) {
  EXPECT_EQ(read_network(path("lipsdp/random_weights.mat")).network.layers().size(), 7U);
  EXPECT_EQ(read_network(path("lipsdp/mnist_weights.mat")).network.inputs(), 784);
  EXPECT_EQ(read_network(path("glipsdp/mlp_L65_W64.mat")).network.layers().size(), 127U);
  EXPECT_EQ(read_network(path("eclipse/lyr2n80test1.npz")).network.inputs(), 4);
}

TEST_F(RealNetworks, TheSameNetworkInTwoFormatsIsTheSame) {
  const Network text = read_network(path("acasxu/ACASXU_experimental_v2a_1_1.nnet")).network;
  const Network onnx = read_network(path("acasxu/ACASXU_run2a_1_1_batch_2000.onnx")).network;
  const std::vector<double> x{0.1, -0.2, 0.3, -0.4, 0.5};
  expect_close(text.evaluate(x), onnx.evaluate(x), 1e-4, "ACAS Xu 1_1");
}

}  // namespace
}  // namespace geolip
