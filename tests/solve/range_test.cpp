// Networks whose numbers lie far apart: what is printed are bounds all the same.
#include <geolip/estimate.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include <support/random_networks.hpp>

namespace geolip {
namespace {

Matrix matrix(Index rows, Index cols, std::vector<double> data) {
  Matrix m(rows, cols);
  m.data = std::move(data);
  return m;
}

/// 1-1-m: every output's constant is the size of one product.
struct OneWay {
  double first;
  std::vector<double> last;
  Activation activation;
  double steepest;

  Network network() const {
    Network n(1);
    n.add({"w", Dense{matrix(1, 1, {first}), {}}});
    n.add({"act", activation});
    n.add({"f", Dense{matrix(static_cast<Index>(last.size()), 1, last), {}}});
    return n;
  }
  long double constant(std::size_t k) const {
    return std::abs(static_cast<long double>(first) * static_cast<long double>(steepest) *
                    static_cast<long double>(last[k]));
  }
};

/// The bounds that are there enclose the constants, to the rounding of their products.
void expect_enclosed(const OneWay& way, Norm norm, Verify verify) {
  Query query;
  query.norm = norm;
  for (std::size_t k = 0; k < way.last.size(); ++k)
    query.objectives.push_back(Objective::output(static_cast<Index>(k)));
  Settings settings;
  settings.verify = verify;
  const Result result = estimate(way.network(), query, settings);
  for (std::size_t k = 0; k < way.last.size(); ++k) {
    EXPECT_GE(static_cast<long double>(result.bounds[k].upper), way.constant(k))
        << to_string(norm) << " output " << k << " of " << way.first;
    EXPECT_LE(static_cast<long double>(result.bounds[k].lower), way.constant(k))
        << to_string(norm) << " output " << k << " of " << way.first;
  }
}

Activation leaky(double slope) { return Activation(ActivationKind::leaky_relu, slope); }

TEST(Range, BoundsEncloseTheConstantWhereOutputsDifferInSize) {
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    for (const Verify verify : {Verify::off, Verify::automatic}) {
      expect_enclosed({1.7e180, {-5.6e-150, 5.1}, leaky(-1.0), 1.0}, norm, verify);
      expect_enclosed({1.7e180, {-5.6e-150, 5.1}, leaky(-2.0), 2.0}, norm, verify);
      expect_enclosed({1.7e160, {-5.6e-150, 5.1}, leaky(-2.0), 2.0}, norm, verify);
      expect_enclosed({-9.804e197, {-5.612e-87, 5.144e69, -1.424e-10}, leaky(-2.0), 2.0}, norm, verify);
      expect_enclosed({6.996e166, {-4.268e-230, -3.166e-78}, leaky(-1.0), 1.0}, norm, verify);
      expect_enclosed({1e-160, {1e-100, 1e200}, Activation(ActivationKind::relu), 1.0}, norm, verify);
    }
  }
}

TEST(Range, BoundsEncloseTheConstantAtRandomSizes) {
  test::Random random(31);
  for (int repeat = 0; repeat < 60; ++repeat) {
    const auto size = [&](int most) {
      const double number = random.normal();
      return number * std::pow(10.0, static_cast<double>(random.integer(-most, most)));
    };
    const double slope = repeat % 3 == 0 ? -1.0 : (repeat % 3 == 1 ? -2.5 : 0.1);
    const OneWay way{size(140), {size(140), size(140), size(140)}, leaky(slope), std::max(1.0, -slope)};
    expect_enclosed(way, repeat % 2 == 0 ? Norm::l1 : Norm::linf, Verify::off);
    expect_enclosed(way, Norm::l2, Verify::automatic);
  }
}

TEST(Range, ALinearNetworkHasOneGradient) {
  const std::vector<double> sizes{1e250, -1e-77, 1e-300};
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    Network network(1);
    network.add({"w", Dense{matrix(3, 1, sizes), {}}});
    Query query{norm, {Objective::output(0), Objective::output(1), Objective::output(2)}};
    const Result result = estimate(network, query);
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      EXPECT_EQ(result.bounds[k].status, Status::verified) << to_string(norm) << " " << k;
      EXPECT_GE(result.bounds[k].upper, std::abs(sizes[k]));
      EXPECT_LE(result.bounds[k].lower, std::abs(sizes[k]));
      EXPECT_GE(result.bounds[k].lower, std::abs(sizes[k]) * (1.0 - 1e-12));
    }
  }
  // 3 x - 2 y and x + y: what cancels in a margin is no part of it
  Network signs(2);
  signs.add({"w", Dense{matrix(2, 2, {3, -2, 1, 1}), {}}});
  signs.add({"sum", Add{{1.0, -1.0}}}, {1, 1});
  signs.add({"w", Dense{matrix(2, 2, {3, -2, 1, 1}), {}}}, {0});
  const Result margin = estimate(signs, {Norm::l1, {Objective::margin(0, 1)}});
  EXPECT_EQ(margin.bounds[0].status, Status::verified);
  EXPECT_NEAR(margin.bounds[0].upper, 3.0, 1e-12);
}

TEST(Range, OneLayerHasExactSumsAtAnySize) {
  constexpr double least = std::numeric_limits<double>::denorm_min();
  Network network(2);
  network.add({"w", Dense{matrix(2, 2, {1, 0, least, -2 * least}), {}}});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const Result result = estimate(network, {norm, {Objective::output(1), Objective::margin(0, 1)}});
    const double exact = norm == Norm::l1 ? 2.0 * least : 3.0 * least;
    if (norm != Norm::l2) {
      EXPECT_EQ(result.bounds[0].lower, exact);
      EXPECT_EQ(result.bounds[0].upper, exact);
    }
    EXPECT_GE(result.bounds[0].upper, std::sqrt(5.0) * least * (norm == Norm::l2 ? 1.0 : 0.0));
    EXPECT_EQ(result.bounds[1].status, Status::verified) << to_string(norm);
    EXPECT_GE(result.bounds[1].upper, 1.0);
    EXPECT_LE(result.bounds[1].lower, 1.0);
  }
}

// The form's diagonal at the inputs is a small difference where slopes have both signs.
TEST(Range, AnAbsoluteValueIsProved) {
  Network network(2);
  network.add({"w", Dense{matrix(1, 2, {0.794, -1.844}), {}}});
  network.add({"abs", leaky(-1.0)});
  network.add({"f", Dense{matrix(1, 1, {0.576}), {}}});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const Result result = estimate(network, {norm, {Objective::output(0)}});
    EXPECT_EQ(result.bounds[0].status, Status::verified) << to_string(norm);
  }
  Network one(1);
  one.add({"w", Dense{matrix(1, 1, {3.0}), {}}});
  one.add({"abs", leaky(-1.0)});
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const Result result = estimate(one, {norm, {Objective::output(0)}});
    EXPECT_EQ(result.bounds[0].status, Status::verified) << to_string(norm);
    EXPECT_NEAR(result.bounds[0].upper, 3.0, 1e-3);
  }
}

// f(x) = (1e-200 1e-200 1e300 1e300 + 1) x, whose first part is lost to underflow on the way back from the output.
TEST(Range, ALinearNetworkKeepsWhatUnderflowsOnTheWay) {
  for (const std::vector<double>& large : {std::vector<double>{1e300, 1e300, 1e-200, 1e-200},
                                           std::vector<double>{1e-200, 1e-200, 1e300, 1e300}}) {
    Network n(1);
    n.add({"split", Dense{matrix(2, 1, {1.0, 1.0}), {}}});
    for (const double w : large) n.add({"w", Affine{{w, 1.0}, {}}});
    n.add({"sum", Dense{matrix(1, 2, {1.0, 1.0}), {}}});
    Network curved = n;
    curved.add({"relu", Activation(ActivationKind::relu)});
    for (const Network& network : {n, curved}) {
      for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
        for (const Verify verify : {Verify::on, Verify::off}) {
          Settings settings;
          settings.verify = verify;
          const Bound bound = estimate(network, {norm, {Objective::output(0)}}, settings).bounds.front();
          EXPECT_GE(bound.upper, 0.999e200) << to_string(bound.status);
          EXPECT_LE(bound.lower, 1.001e200);
        }
      }
    }
  }
}

}  // namespace
}  // namespace geolip
