// What models and states are said to take, and what they take.
#include <ascent/footprint.hpp>
#include <ascent/patterns.hpp>
#include <bench/support/timed_backend.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace geolip::ascent {
namespace {

using operators::DenseWeights;
using test::Random;

/// 2 x 6 x 6 - conv 4 - relu - conv 3 - relu - dense 5
Network convolutions(Random& random) {
  Network network(2 * 6 * 6);
  for (const auto& [channels, filters] : {std::pair<Index, Index>{2, 4}, {4, 3}}) {
    Conv conv;
    conv.image = {6, 6};
    conv.channels = channels;
    conv.filters = filters;
    conv.kernel = {3, 3};
    conv.pads_before = conv.pads_after = {1, 1};
    for (Index i = 0; i < filters * channels * 9; ++i) conv.weight.push_back(random.normal());
    network.add({"conv", conv});
    network.add({"relu", Activation(ActivationKind::relu)});
  }
  network.add({"dense", Dense{test::random_matrix(random, 5, 3 * 6 * 6, 0.1), {}}});
  return network;
}

class Footprints : public testing::TestWithParam<Norm> {
 protected:
  struct Case {
    std::string name;
    Network network;
  };
  static std::vector<Case> cases() {
    Random random(4);
    std::vector<Case> all;
    all.push_back({"deep", test::random_network(random, {10, 30, 20, 30, 4})});
    all.push_back({"many inputs", test::random_network(random, {300, 8, 3})});
    all.push_back({"many outputs", test::random_network(random, {6, 20, 90})});
    all.push_back({"convolutions", convolutions(random)});
    return all;
  }

  explicit Footprints() { watch.apart = true; }
  static problem::Problem first_output(const Network& network) {
    problem::Problem problem;
    problem.ball = {GetParam(), GetParam() == Norm::l1 ? std::vector<Index>{2} : std::vector<Index>{}};
    problem.row = problem::Row::unit(0, network.outputs());
    return problem;
  }
  /// Bytes that `make` takes on a backend with memory of its own and what it makes still holds.
  template <class Make>
  double held(const Make& make) {
    const std::size_t before = watch.bytes;
    const auto made = make();
    return static_cast<double>(watch.bytes - before);
  }

  bench::Watch watch;
  bench::TimedBackend backend{backend::make_cpu_backend(1), watch};
};

TEST_P(Footprints, OfModelsAreWhatTheyTake) {
  for (const Case& each : cases()) {
    SCOPED_TRACE(each.name);
    const problem::Chain chain = problem::make_chain(each.network);
    const std::vector<problem::LayerSlopes> slopes = problem::make_slopes(chain, {});
    const problem::Scaling scaling = some_scaling(chain);
    Footprint footprint(chain, slopes, GetParam(), false);
    for (const auto place : {DenseWeights::Place::device, DenseWeights::Place::host}) {
      const auto weights = std::make_shared<DenseWeights>(place);
      EXPECT_EQ(footprint.models(place), held([&] {
                  return std::pair(Model<double>(backend, chain, slopes, scaling, weights),
                                   Model<float>(backend, chain, slopes, scaling, weights));
                }));
      const Model<double> first(backend, chain, slopes, scaling, weights);
      EXPECT_EQ(footprint.maps_of_a_queue(place),
                held([&] { return operators::make_linear_maps<double>(backend, chain, scaling, weights); }));
    }
  }
}

TEST_P(Footprints, OfStatesAreWhatTheyTake) {
  for (const Case& each : cases()) {
    SCOPED_TRACE(each.name);
    const problem::Chain chain = problem::make_chain(each.network);
    const std::vector<problem::LayerSlopes> slopes = problem::make_slopes(chain, {});
    Footprint footprint(chain, slopes, GetParam(), false);
    Model<double> model(backend, chain, slopes, some_scaling(chain));
    const problem::Problem problem = first_output(each.network);
    for (const auto& [problems, rank] : {std::pair<Index, Index>{1, 1}, {1, 7}, {6, 1}, {5, 3}}) {
      SCOPED_TRACE(testing::Message() << problems << " of rank " << rank);
      std::vector<Index> ids(static_cast<std::size_t>(problems));
      std::iota(ids.begin(), ids.end(), Index{0});
      const std::vector<problem::Problem> all(ids.size(), problem);
      model.maps.front().release_memory();
      const std::size_t before = watch.peak_bytes = watch.bytes;
      Ascent<double> ascent(model, all, ids, rank, 0);
      ascent.sweep();
      ascent.values64(model, ids);
      model.maps.front().release_memory();
      pattern_values(model, all, std::vector<Pattern>(all.size(), [&] {
                       Pattern pattern;
                       for (const auto& layer : slopes)
                         pattern.emplace_back(static_cast<std::size_t>(layer.neurons), 1.0);
                       return pattern;
                     }()));
      const auto taken = static_cast<double>(watch.peak_bytes - before);
      EXPECT_GE(footprint.state(problems, problems * rank), taken);
      // one problem is counted, and others are added to it
      EXPECT_LE(footprint.state(problems, problems * rank), problems == 1 ? taken : 1.05 * taken);
    }
  }
}

TEST_P(Footprints, OfWideStatesGrowWithTheirColumns) {
  const Case each = cases().back();
  const problem::Chain chain = problem::make_chain(each.network);
  const std::vector<problem::LayerSlopes> slopes = problem::make_slopes(chain, {});
  Footprint footprint(chain, slopes, GetParam(), true);
  const double known = footprint.state(1, 10000);
  EXPECT_NEAR(footprint.state(1, 100000), 10.0 * known, 0.01 * 10.0 * known);
}

/// As many starts as the share says take no more memory than the columns of the state.
TEST_P(Footprints, OfStartsAreThoseOfTheColumnsThatTheyTakeThePlaceOf) {
  for (const Case& each : cases()) {
    SCOPED_TRACE(each.name);
    const problem::Chain chain = problem::make_chain(each.network);
    const std::vector<problem::LayerSlopes> slopes = problem::make_slopes(chain, {});
    const double share = Footprint(chain, slopes, GetParam(), false).start_share<float>();
    EXPECT_GT(share, 0.0);
    EXPECT_LE(share, 1.0);
    constexpr Index columns = 100;
    Model<float> model(backend, chain, slopes, some_scaling(chain));
    const problem::Problem problem = first_output(each.network);
    const auto settled = [&](Ascent<float> made) {
      model.maps.front().release_memory();
      return made;
    };
    const auto state = [&] { return settled(Ascent<float>(model, {problem}, {0}, columns, 0)); };
    const auto starts = [&](Ascent<float>& source, Index count) {
      return settled(Ascent<float>::rounded(source, {0}, count, 0));
    };
    Ascent<float> source = state();
    const double own = held(state);
    const auto count = static_cast<Index>(share * columns);
    EXPECT_LE(held([&] { return starts(source, count); }), own);
    if (share < 1.0) {
      EXPECT_GT(held([&] { return starts(source, count + 2); }), own);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Norms, Footprints, testing::Values(Norm::linf, Norm::l2, Norm::l1),
                         [](const auto& param_info) { return std::string(to_string(param_info.param)); });

}  // namespace
}  // namespace geolip::ascent
