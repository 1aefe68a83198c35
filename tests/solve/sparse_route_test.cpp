// Networks whose certificates are factored sparsely have the bounds that elimination layer by layer gives.
#include <geolip/estimate.hpp>
#include <geolip/estimator.hpp>
#include <network/entries.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

namespace geolip {
namespace {

constexpr Index side = 10;
constexpr Index channels = 6;

Conv conv(test::Random& random, Index from, Index to) {
  Conv layer;
  layer.image = {side, side};
  layer.channels = from;
  layer.filters = to;
  layer.kernel = {3, 3};
  layer.pads_before = layer.pads_after = {1, 1};
  for (Index i = 0; i < to * from * 9; ++i) layer.weight.push_back(0.2 * random.normal());
  return layer;
}

/// The same matrix with all its zeros written out.
Dense written_out(const Conv& layer) {
  Matrix matrix(layer.outputs(), layer.inputs());
  network::for_each_entry(layer, [&](Index i, Index j, double w) { matrix(i, j) = w; });
  return {std::move(matrix), {}};
}

/// conv - act - conv - act - conv - sum with the first - act - dense
template <class Write>
Network residual(const Activation& activation, const Write& write) {
  test::Random random(31);
  Network network(2 * side * side);
  network.add({"first", write(conv(random, 2, channels))});
  const Index begin = network.add({"act1", activation});
  network.add({"second", write(conv(random, channels, channels))});
  network.add({"act2", activation});
  const Index end = network.add({"third", write(conv(random, channels, channels))});
  network.add({"sum", Add{}}, {begin, end});
  network.add({"act3", activation});
  network.add({"dense", Dense{test::random_matrix(random, 3, channels * side * side, 0.1), {}}});
  return network;
}

struct Case {
  Norm norm;
  bool vector;
  ActivationKind kind;
};

class SparseRoutes : public testing::TestWithParam<Case> {};

TEST_P(SparseRoutes, AgreesWithTheOneByLayers) {
  const auto [norm, vector, kind] = GetParam();
  const Activation activation = kind == ActivationKind::leaky_relu ? Activation(kind, 0.1) : Activation(kind);
  const Query query{norm, {vector ? Objective::vector() : Objective::output(1)}};
  Settings settings;
  settings.gap = 1e-4;
  settings.starts = 4;
  settings.verify = Verify::off;
  const Result sparse = estimate(residual(activation, [](Conv layer) { return layer; }), query, settings);
  const Result by_layers =
      estimate(residual(activation, [](const Conv& layer) { return written_out(layer); }), query, settings);
  // the route shows in what a certificate is predicted to take
  EXPECT_LT(sparse.prediction.multiplications, 0.5 * by_layers.prediction.multiplications);
  const Bound& found = sparse.bounds.front();
  const Bound& expected = by_layers.bounds.front();
  EXPECT_EQ(found.status, Status::certified) << found.reason;
  EXPECT_EQ(expected.status, Status::certified) << expected.reason;
  EXPECT_NEAR(found.upper, expected.upper, 2e-4 * expected.upper);
  EXPECT_GE(found.upper, expected.relaxation * (1.0 - 1e-9));
  EXPECT_GE(expected.upper, found.relaxation * (1.0 - 1e-9));
}

INSTANTIATE_TEST_SUITE_P(Kinds, SparseRoutes,
                         testing::Values(Case{Norm::linf, false, ActivationKind::relu},
                                         Case{Norm::l2, false, ActivationKind::relu},
                                         Case{Norm::l2, false, ActivationKind::leaky_relu},
                                         Case{Norm::l2, true, ActivationKind::relu}),
                         [](const auto& param) {
                           return std::string(to_string(param.param.norm)) +
                                  (param.param.vector ? "_vector_" : "_") +
                                  std::string(to_string(param.param.kind));
                         });

TEST(SparseRoute, AnEstimatorAnswersLikeAFreshOne) {
  const Network network = residual(Activation(ActivationKind::relu), [](Conv layer) { return layer; });
  Settings settings;
  settings.gap = 1e-3;
  settings.starts = 4;
  settings.verify = Verify::off;
  Estimator estimator(network);
  for (const Query& query :
       {Query{Norm::l2, {Objective::output(0)}}, Query{Norm::linf, {Objective::output(0)}},
        Query{Norm::l2, {Objective::vector()}}, Query{Norm::l2, {Objective::output(0)}}}) {
    const Bound again = estimator.estimate(query, settings).bounds.front();
    const Bound fresh = estimate(network, query, settings).bounds.front();
    EXPECT_EQ(again.status, Status::certified);
    EXPECT_EQ(again.upper, fresh.upper);
    EXPECT_EQ(again.relaxation, fresh.relaxation);
  }
}

}  // namespace
}  // namespace geolip
