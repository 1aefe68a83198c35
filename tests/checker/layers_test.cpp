#include <checker/layers.hpp>

#include <geolip/network.hpp>
#include <network/activation_form.hpp>
#include <network/entries.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include <checker/certificates.hpp>

namespace geolip::checker {
namespace {

using ::testing::HasSubstr;
using testing::refusal;

constexpr double infinity = std::numeric_limits<double>::infinity();

SlopeInterval slopes_of_activation(const Activation& activation) {
  const network::ActivationForm form = network::form_of(activation);
  std::vector<std::vector<double>> parameters;
  for (const auto& [name, values] : form.parameters) parameters.push_back(values);
  const Slopes slopes = slopes_of(form.kind, parameters, 1);
  return {slopes.lower.at(0), slopes.upper.at(0)};
}

/// Difference quotients of the function itself lie in the interval, and some come close to its ends.
void expect_tight(const Activation& activation) {
  const std::string_view name = to_string(activation.kind());
  const SlopeInterval slopes = slopes_of_activation(activation);
  double least = 1e9;
  double most = -1e9;
  constexpr double step = 1e-3;
  for (int i = -20000; i < 20000; ++i) {
    const double x = i * step;
    const double quotient =
        (activation_value(activation, 0, x + step) - activation_value(activation, 0, x)) / step;
    least = std::min(least, quotient);
    most = std::max(most, quotient);
  }
  constexpr double rounding = 1e-11;  // of a difference of numbers up to 20, divided by the step
  EXPECT_GE(least, slopes.lower - rounding) << name;
  EXPECT_LE(most, slopes.upper + rounding) << name;
  constexpr double bend = 2e-3;  // of a derivative within a step, for slopes up to 3
  EXPECT_LE(least, slopes.lower + bend) << name;
  EXPECT_GE(most, slopes.upper - bend) << name;
}

TEST(CheckersSlopes, HoldAllDifferenceQuotients) {
  for (int kind = 0; kind < static_cast<int>(ActivationKind::softsign); ++kind) {
    if (static_cast<ActivationKind>(kind) != ActivationKind::prelu)
      expect_tight(Activation(static_cast<ActivationKind>(kind)));
  }
}

TEST(CheckersSlopes, OfSoftsignAreReachedFarOut) {
  const Activation softsign(ActivationKind::softsign);
  EXPECT_EQ(slopes_of_activation(softsign).lower, 0.0);
  EXPECT_EQ(slopes_of_activation(softsign).upper, 1.0);
  EXPECT_GT(activation_derivative(softsign, 0, 1e-6), 0.99999);
  EXPECT_LT(activation_derivative(softsign, 0, -1e6), 1e-11);
}

TEST(CheckersSlopes, FollowTheParameters) {
  for (const double alpha : {-0.5, 0.0, 0.5, 2.0}) {
    expect_tight(Activation(ActivationKind::elu, alpha));
    for (const double gamma : {-1.5, 0.5}) expect_tight(Activation(ActivationKind::selu, alpha, gamma));
    expect_tight(Activation(ActivationKind::leaky_relu, alpha));
    expect_tight(Activation(ActivationKind::hard_sigmoid, alpha, 0.5));
    if (alpha > 0.0) expect_tight(Activation(ActivationKind::celu, alpha));
  }
  EXPECT_EQ(slopes_of_activation(Activation(ActivationKind::clip, 1.0, 1.0)).upper, 0.0);
  EXPECT_EQ(slopes_of_activation(Activation(ActivationKind::clip, 0.0, 6.0)).upper, 1.0);
  EXPECT_EQ(slopes_of_activation(Activation(ActivationKind::clip, -infinity, 6.0)).upper, 1.0);
  const Slopes each = slopes_of("prelu", {{0.5, -2.0, 3.0}}, 3);
  EXPECT_EQ(each.lower, (std::vector<double>{0.5, -2.0, 1.0}));
  EXPECT_EQ(each.upper, (std::vector<double>{1.0, 1.0, 3.0}));
}

TEST(CheckersSlopes, RoundOutwards) {
  const double alpha = 0.1;
  const double factor = 0.3;
  const Slopes slopes = slopes_of("elu", {{alpha}, {1.0}, {factor}}, 1);
  EXPECT_EQ(slopes.upper[0], factor);
  const Slopes steep = slopes_of("elu", {{10.0 + alpha}, {1.0}, {factor}}, 1);
  EXPECT_GT(static_cast<long double>(steep.upper[0]),
            static_cast<long double>(10.0 + alpha) * static_cast<long double>(factor));
  const Slopes vanished = slopes_of("elu", {{-0x1p-1000}, {1.0}, {0x1p-1000}}, 1);
  EXPECT_LT(vanished.lower[0], 0.0);
}

TEST(CheckersSlopes, AreNotInvented) {
  const auto refused = [](const char* kind, const std::vector<std::vector<double>>& parameters) {
    return refusal([&] { slopes_of(kind, parameters, 2); });
  };
  for (const char* kind : {"relu", "", "Prelu", "dense", "celu"})
    EXPECT_THAT(refused(kind, {}), HasSubstr("is not known")) << kind;
  EXPECT_THAT(refused("tanh", {{1.0}}), HasSubstr("has not its parameters"));
  EXPECT_THAT(refused("prelu", {}), HasSubstr("has not its parameters"));
  EXPECT_THAT(refused("prelu", {{1.0, 2.0, 3.0}}), HasSubstr("has 3 numbers where there are 2 neurons"));
  EXPECT_THAT(refused("elu", {{1.0, 1.0}, {1.0}, {1.0}}), HasSubstr("has 2 numbers"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {nan, infinity, -infinity}) {
    EXPECT_NE(refused("prelu", {{bad}}), "(it was read)");
    EXPECT_NE(refused("elu", {{bad}, {1.0}, {1.0}}), "(it was read)");
    EXPECT_NE(refused("elu", {{1.0}, {1.0}, {bad}}), "(it was read)");
    EXPECT_NE(refused("elu", {{bad}, {bad}, {1.0}}), "(it was read)");
    EXPECT_NE(refused("clip", {{bad}, {0.0}, {0.0}, {1.0}}), "(it was read)");
    EXPECT_NE(refused("clip", {{1.0}, {bad}, {0.0}, {1.0}}), "(it was read)");
  }
  EXPECT_NE(refused("clip", {{1.0}, {0.0}, {infinity}, {1.0}}), "(it was read)");
  EXPECT_NE(refused("clip", {{1.0}, {0.0}, {nan}, {1.0}}), "(it was read)");
  EXPECT_NE(refused("clip", {{1.0}, {0.0}, {0.0}, {-infinity}}), "(it was read)");
  // a CELU whose alpha is not positive has no slopes
  EXPECT_NE(refused("elu", {{-1.0}, {-1.0}, {1.0}}), "(it was read)");
  EXPECT_NE(refused("elu", {{0.0}, {0.0}, {1.0}}), "(it was read)");
  EXPECT_NE(refused("elu", {{1e300}, {1.0}, {1e300}}), "(it was read)");
}

Convolution of(const Conv& conv) {
  return {conv.channels, conv.filters,  conv.groups,      conv.image,      conv.kernel,
          conv.stride,   conv.dilation, conv.pads_before, conv.pads_after, conv.weight};
}

TEST(CheckersConvolutions, HaveTheEntriesThatTheSolverKnows) {
  for (const Index groups : {1, 2}) {
    for (const Index stride : {1, 2, 3}) {
      for (const Index dilation : {1, 2}) {
        Conv conv;
        conv.channels = 4;
        conv.filters = 2;
        conv.groups = groups;
        conv.image = {5, 6};
        conv.kernel = {2, 3};
        conv.stride = {stride, 1};
        conv.dilation = {1, dilation};
        conv.pads_before = {0, 2};
        conv.pads_after = {1, 1};
        for (Index i = 0; i < 2 * 4 / groups * 6; ++i) conv.weight.push_back(static_cast<double>(i) - 5.0);
        const auto same = [](const Sparse& a, const geolip::Sparse& b) {
          EXPECT_EQ(a.cols, b.inputs);
          EXPECT_EQ(a.offset, b.offset);
          EXPECT_EQ(a.column, b.column);
          EXPECT_EQ(a.value, b.value);
        };
        same(rows_of(of(conv), false), network::to_sparse(conv));
        same(rows_of(of(conv), true), network::to_sparse(ConvTranspose{conv, {}}));
        EXPECT_EQ(sizes_of(of(conv)), std::pair(conv.inputs(), conv.outputs()));
      }
    }
  }
}

TEST(CheckersConvolutions, OfImpossibleSizesAreRefused) {
  const std::vector<double> weight(4, 1.0);
  const auto refused = [&](const auto& change) {
    Convolution conv;
    conv.image = {3, 3};
    conv.kernel = {2, 2};
    conv.weight = weight;
    change(conv);
    return refusal([&] { sizes_of(conv); });
  };
  EXPECT_EQ(refused([](Convolution&) {}), "(it was read)");
  EXPECT_THAT(refused([](Convolution& c) { c.stride[0] = 0; }), HasSubstr("make no sense"));
  EXPECT_THAT(refused([](Convolution& c) { c.before[1] = -1; }), HasSubstr("make no sense"));
  EXPECT_THAT(refused([](Convolution& c) { c.image[1] = Index{1} << 31; }), HasSubstr("make no sense"));
  EXPECT_THAT(refused([](Convolution& c) { c.dilation[0] = 3; }), HasSubstr("larger than the padded image"));
  EXPECT_THAT(refused([](Convolution& c) { c.groups = 2; }), HasSubstr("groups"));
  EXPECT_THAT(refused([](Convolution& c) { c.filters = 2; }), HasSubstr("weight of another size"));
  EXPECT_THAT(refused([](Convolution& c) {
                c.image = {1 << 29, 1 << 29};
              }),
              HasSubstr("larger than any memory"));
}

TEST(CheckersScales, HoldWhatReadingMayHaveRounded) {
  const Scale scale = scale_of({0.0, 1.0, -1.0, 1.0 / 3.0});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(scale.lower[i], scale.upper[i]);
  EXPECT_LT(static_cast<long double>(scale.lower[3]), 1.0L / 3.0L);
  EXPECT_GT(static_cast<long double>(scale.upper[3]), 1.0L / 3.0L);
}

}  // namespace
}  // namespace geolip::checker
