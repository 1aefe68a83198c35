// What a certificate was said to take, and what it takes.
#include <backend/counting/counting_backend.hpp>
#include <bench/support/timed_backend.hpp>
#include <certificate/certificate.hpp>
#include <certificate/prediction.hpp>
#include <problem/chain.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

namespace geolip::certificate {
namespace {

/// input - dense - ReLU - ... - dense, with weights so small that multipliers of 1 are feasible
Network quiet_network(const std::vector<Index>& widths) {
  test::Random random(3);
  Network network(widths.front());
  for (std::size_t k = 1; k < widths.size(); ++k) {
    if (k > 1) network.add({"relu", Activation(ActivationKind::relu)});
    network.add({"dense", Dense{test::random_matrix(random, widths[k], widths[k - 1], 1e-3), {}}});
  }
  return network;
}

TEST(Prediction, IsWhatACertificateTakes) {
  for (const std::vector<Index>& widths :
       {std::vector<Index>{30, 70, 50, 4}, std::vector<Index>{90, 20, 20, 40, 30},
        std::vector<Index>{9, 4200, 3}}) {
    const Network network = quiet_network(widths);
    const problem::Chain chain = problem::make_chain(network);
    const std::vector<problem::LayerSlopes> slopes = problem::make_slopes(chain, {});
    problem::Scaling scaling = problem::unit_scaling(chain);
    // powers of two of their own for every layer, as a calibration finds them
    int exponent = 0;
    for (std::vector<int>& tensor : scaling.tensors) tensor.assign(tensor.size(), ++exponent);
    scaling.output = ++exponent;
    for (const bool vector : {false, true}) {
      bench::Watch watch;
      bench::TimedBackend backend(backend::make_cpu_backend(1), watch);
      std::vector<operators::LinearMap<double>> maps =
          operators::make_linear_maps<double>(backend, chain, scaling);
      const std::size_t of_maps = watch.bytes;
      problem::Problem problem;
      problem.vector = vector;
      if (!vector) problem.row = problem::Row::unit(1, network.outputs());
      Multipliers multipliers{{}, {1.0}, 1.0};
      for (const problem::LayerSlopes& layer : slopes) multipliers.lam.emplace_back(layer.c.size(), 1.0);
      BlockCertifier certifier(backend, maps, slopes);
      for (int certificate = 0; certificate < 3; ++certificate) {
        ASSERT_TRUE(certifier.certify(problem, multipliers, 0.0).has_value());
      }
      const Prediction prediction =
          predict(chain, std::vector<bool>(slopes.size(), false), vector ? network.outputs() : 1, true);
      const auto taken = static_cast<double>(watch.peak_bytes - of_maps);
      if (vector) {  // a prediction for a vector has room for scalar objectives beside it
        EXPECT_GE(prediction.bytes, taken);
        EXPECT_LE(prediction.bytes, 2.0 * taken);
      } else {
        EXPECT_EQ(prediction.bytes, taken);
      }
    }
  }
}

TEST(Prediction, CountsWhatTheFormulasSay) {
  // 5 - 40 - 1: the row of 40, K of order 40, its solve for 5 rows, and the Gram matrix of order 5
  const Network network = quiet_network({5, 40, 1});
  const Prediction prediction = predict(problem::make_chain(network), {false}, 1, true);
  const double matrices = 40.0 * 40.0 * 1.0 / 2.0 + 40.0 * 40.0 * 40.0 / 6.0 + 5.0 * 40.0 * 40.0 / 2.0 +
                          5.0 * 5.0 * 40.0 / 2.0 + 5.0 * 5.0 * 5.0 / 6.0;
  EXPECT_GE(prediction.multiplications, matrices);
  EXPECT_LE(prediction.multiplications, 1.1 * matrices);
}

TEST(CountingBackend, KnowsWhatIsHeld) {
  backend::Counts counts;
  const std::unique_ptr<backend::Backend> backend = backend::make_counting_backend(false, counts);
  void* first = backend->allocate(std::size_t{1} << 50U);  // more than any machine has
  void* second = backend->allocate(24);
  EXPECT_NE(first, second);
  backend->release(first);
  EXPECT_EQ(counts.bytes, 24U);
  EXPECT_EQ(counts.peak_bytes, (std::size_t{1} << 50U) + 24U);
  backend->release(second);
  EXPECT_EQ(counts.bytes, 0U);
}

}  // namespace
}  // namespace geolip::certificate
