// The units in which neurons are measured do not matter: powers of two in front of a layer of ReLUs that the
// next layer takes back change no bound.
#include <geolip/estimate.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace geolip {
namespace {

using test::Random;

constexpr Index side = 4;
constexpr Index channels = 3;
constexpr Index neurons = channels * side * side;

Conv convolution(Random& random, Index from, Index to, Index stride) {
  Conv conv;
  conv.channels = from;
  conv.image = {side, side};
  conv.filters = to;
  conv.kernel = {3, 3};
  conv.stride = {stride, stride};
  conv.pads_before = conv.pads_after = {1, 1};
  for (Index i = 0; i < to * from * 9; ++i) conv.weight.push_back(random.normal());
  return conv;
}

/// Two convolutions and a dense layer. The filters of the first are multiplied by the factors of `units`, and
/// the weights behind them divided; so are its neurons by `each`, in layers of their own, where that is not
/// empty.
Network network(const std::vector<double>& units, const std::vector<double>& each) {
  Random random(31);
  Conv first = convolution(random, 2, channels, 1);
  Conv second = convolution(random, channels, 2, 2);
  for (std::size_t i = 0; i < first.weight.size(); ++i) first.weight[i] *= units[i / (2 * 9)];
  for (std::size_t i = 0; i < second.weight.size(); ++i) second.weight[i] /= units[i / 9 % channels];
  const Dense last{test::random_matrix(random, 2, second.outputs(), 1.0), {}};
  Network net(first.inputs());
  net.add({"first", first});
  if (!each.empty()) net.add({"each", Affine{each, {}}});
  net.add({"relu", Activation(ActivationKind::relu)});
  if (!each.empty()) {
    std::vector<double> back;
    for (const double unit : each) back.push_back(1.0 / unit);
    net.add({"back", Affine{back, {}}});
  }
  net.add({"second", second});
  net.add({"relu2", Activation(ActivationKind::relu)});
  net.add({"last", last});
  return net;
}

class Units : public testing::TestWithParam<Norm> {
 protected:
  static Bound bound(const std::vector<double>& units, const std::vector<double>& each) {
    Settings settings;
    settings.gap = gap;
    settings.threads = 1;
    return estimate(network(units, each), {GetParam(), {Objective::output(1)}}, settings).bounds.front();
  }
  static void expect_same(const Bound& got, const Bound& plain) {
    EXPECT_EQ(got.status, Status::verified);
    EXPECT_NEAR(got.upper, plain.upper, 2.0 * gap * plain.upper);
    EXPECT_NEAR(got.lower, plain.lower, 1e-9 * plain.lower);
  }

  static constexpr double gap = 1e-5;
  static inline const std::vector<double> ones = std::vector<double>(channels, 1.0);
};

TEST_P(Units, OfAChannel) {
  const Bound plain = bound(ones, {});
  ASSERT_EQ(plain.status, Status::verified);
  expect_same(bound({0x1p250, 0x1p-250, 1.0}, {}), plain);
  expect_same(bound({0x1p-400, 0x1p-380, 0x1p-420}, {}), plain);
}

TEST_P(Units, OfEachNeuron) {
  std::vector<double> each;
  for (Index i = 0; i < neurons; ++i) each.push_back(std::ldexp(1.0, static_cast<int>(i * 37 % 201) - 100));
  expect_same(bound(ones, each), bound(ones, {}));
}

TEST_P(Units, OfEachNeuronAndItsChannel) {
  std::vector<double> each;
  for (Index i = 0; i < neurons; ++i) each.push_back(std::ldexp(1.0, static_cast<int>(i % 3)));
  expect_same(bound({0x1p90, 1.0, 0x1p-90}, each), bound(ones, {}));
}

INSTANTIATE_TEST_SUITE_P(Norms, Units, testing::Values(Norm::linf, Norm::l2, Norm::l1),
                         [](const auto& param_info) { return std::string(to_string(param_info.param)); });

// What hardly matters has multipliers as small as it matters: floors under them must not break the form.
TEST(Units, BranchesThatMatterLittleDoNotSpoilTheCertificate) {
  for (const ActivationKind kind : {ActivationKind::relu, ActivationKind::leaky_relu, ActivationKind::gelu}) {
    for (const Index depth : {1, 4}) {
      for (const double scale : {1e-9, 1e-20}) {
        for (const bool at_its_end : {false, true}) {
          SCOPED_TRACE(std::string(to_string(kind)) + " " + std::to_string(depth) + " " +
                       std::to_string(scale) + (at_its_end ? " end" : " start"));
          Random random(33);
          constexpr Index width = 6;
          Network network(4);
          const auto branch = [&](double size) {
            Index x = network.add(
                {"in", Dense{test::random_matrix(random, width, 4, at_its_end ? 1.0 : size), {}}}, {0});
            for (Index k = 0; k < depth; ++k) {
              network.add({"act", Activation(kind)}, {x});
              const double last = at_its_end && k + 1 == depth ? size : 1.0;
              x = network.add({"w", Dense{test::random_matrix(random, width, width, 0.4 * last), {}}});
            }
            return x;
          };
          const Index large = branch(1.0);
          const Index small = branch(scale);
          network.add({"concat", Concat{}}, {large, small});
          network.add({"act", Activation(kind)});
          network.add({"w", Dense{test::random_matrix(random, width, 2 * width, 0.4), {}}});
          network.add({"act", Activation(kind)});
          network.add({"out", Dense{test::random_matrix(random, 1, width, 0.4), {}}});
          for (const Norm norm : {Norm::linf, Norm::l2}) {
            const Result result = estimate(network, {norm, {Objective::output(0)}});
            EXPECT_TRUE(result.bounds.front().proved())
                << to_string(norm) << " " << result.bounds.front().gap();
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace geolip
