// Hundreds of seeded random networks of awkward shapes: every bound certified, and in order.
#include <geolip/estimate.hpp>
#include <support/enumeration.hpp>
#include <support/random_graphs.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

namespace geolip {
namespace {

using test::Random;

constexpr double gap = 1e-3;

void expect_sound(const Result& result) {
  for (const Bound& bound : result.bounds) {
    SCOPED_TRACE(to_string(bound.objective) + " " + std::string(to_string(bound.norm)));
    EXPECT_NE(bound.status, Status::limit);
    EXPECT_GE(bound.lower, 0.0);
    EXPECT_LE(bound.lower, bound.relaxation * (1.0 + 1e-12));
    EXPECT_LE(bound.relaxation, bound.upper * (1.0 + 1e-12));
    EXPECT_LE(bound.gap(), gap);
    EXPECT_TRUE(std::isfinite(bound.upper));
  }
}

Result run(const Network& network, Norm norm, std::vector<Objective> objectives) {
  Query query;
  query.norm = norm;
  query.objectives = std::move(objectives);
  Settings settings;
  settings.gap = gap;
  return estimate(network, query, settings);
}

std::vector<Objective> some_objectives(Random& random, const Network& network, Norm norm) {
  std::vector<Objective> objectives{Objective::output(random.integer(0, network.outputs() - 1))};
  if (network.outputs() > 1) objectives.push_back(Objective::margin(0, network.outputs() - 1));
  if (norm == Norm::l2) objectives.push_back(Objective::vector());
  return objectives;
}

Activation some_activation(Random& random) {
  static const std::vector<std::string> names{"relu", "leaky_relu", "sigmoid", "tanh", "elu",
                                              "selu", "softplus",   "gelu",    "silu", "hard_sigmoid",
                                              "clip", "hard_swish", "mish"};
  return activation_from_name(
      names[static_cast<std::size_t>(random.integer(0, static_cast<Index>(names.size()) - 1))]);
}

/// Widths of up to `most`, depth of up to `deepest` layers.
std::vector<Index> some_widths(Random& random, Index most, Index deepest) {
  std::vector<Index> widths(static_cast<std::size_t>(random.integer(2, deepest + 1)));
  const auto size = [&] {
    return static_cast<Index>(std::lround(std::pow(static_cast<double>(most), random.uniform())));
  };
  for (Index& w : widths) w = size();
  return widths;
}

class RandomNetworks : public testing::TestWithParam<int> {};

TEST_P(RandomNetworks, Shallow) {
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    Random random(1000 * static_cast<std::uint64_t>(GetParam()) + seed);
    const std::vector<Index> widths = some_widths(random, 100, 4);
    const Network network = random_network(random, widths, some_activation(random));
    const Norm norm = std::array{Norm::linf, Norm::l2, Norm::l1}[seed % 3];
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_sound(run(network, norm, some_objectives(random, network, norm)));
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, RandomNetworks, testing::Range(0, 8));

TEST(RandomNetworksDeep, ToSixtyLayers) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Random random(77 + seed);
    std::vector<Index> widths(static_cast<std::size_t>(random.integer(10, 60)));
    for (Index& w : widths) w = random.integer(4, 40);
    const Network network = random_network(random, widths);
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Norm norm = seed % 2 == 0 ? Norm::l2 : Norm::linf;
    expect_sound(run(network, norm, some_objectives(random, network, norm)));
  }
}

TEST(RandomNetworksWide, ToThreeHundredNeurons) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Random random(500 + seed);
    const Network network = random_network(
        random, {seed % 2 == 0 ? 300 : 3, 300, random.integer(100, 300), random.integer(1, 10)});
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Norm norm = seed % 2 == 0 ? Norm::l2 : Norm::linf;
    expect_sound(run(network, norm, some_objectives(random, network, norm)));
  }
}

TEST(RandomNetworksDegenerate, DeadAndDuplicateNeurons) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random(9000 + seed);
    const Network plain = random_network(random, {6, 12, 9, 3});
    const Network network = test::edited(plain, [&](Index k, Matrix& w) {
      const Index i = random.integer(0, w.rows - 1);
      const Index j = random.integer(0, w.rows - 1);
      for (Index c = 0; c < w.cols; ++c) {
        if (seed % 3 == 0 && k == 1) w(i, c) = 0.0;             // a neuron without input
        if (seed % 3 == 1) w(i, c) = w(j, c);                   // duplicate rows
        if (seed % 3 == 2 && k < 2) w(i, c) = 1e-12 * w(j, c);  // nearly dead
      }
      for (Index r = 0; r < w.rows; ++r) {
        if (seed % 2 == 0) w(r, 0) = 0.0;  // an input, or a neuron, without effect
      }
    });
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      expect_sound(run(network, norm, some_objectives(random, network, norm)));
    }
  }
}

TEST(RandomNetworksDegenerate, ExactlyZero) {
  Random random(1);
  const Network plain = random_network(random, {4, 6, 5, 2});
  const Network no_output = test::edited(plain, [](Index k, Matrix& w) {
    if (k == 2) std::fill(w.data.begin(), w.data.begin() + w.cols, 0.0);
  });
  const Network cut = test::edited(plain, [](Index k, Matrix& w) {
    if (k == 1) std::fill(w.data.begin(), w.data.end(), 0.0);
  });
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const Result first = run(no_output, norm, {Objective::output(0), Objective::output(1)});
    EXPECT_EQ(first.bounds[0].upper, 0.0);
    EXPECT_GT(first.bounds[1].lower, 0.0);
    expect_sound(first);
    const Result second = run(cut, norm, {Objective::output(0), Objective::margin(0, 1)});
    for (const Bound& bound : second.bounds) {
      EXPECT_EQ(bound.upper, 0.0);
      EXPECT_NE(bound.status, Status::limit);
    }
  }
}

// Nothing limits networks as small as these.
TEST(RandomNetworksMixed, HardlyEverEndInALimit) {
  int runs = 0;
  int limits = 0;
  const auto ask = [&](const Network& network, Norm norm, std::vector<Objective> objectives) {
    Settings settings;
    settings.threads = 1;
    const Result result = estimate(network, {norm, std::move(objectives)}, settings);
    ++runs;
    bool limit = false;
    for (const Bound& bound : result.bounds) {
      limit = limit || bound.status == Status::limit;
      EXPECT_LE(bound.lower, bound.upper * (1.0 + 1e-12));
      EXPECT_NE(bound.status, Status::failed);
    }
    limits += limit ? 1 : 0;
  };
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(7000 + seed);
    const Network network = test::random_mixture(random);
    SCOPED_TRACE("seed " + std::to_string(7000 + seed));
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      std::vector<Objective> outputs;
      for (Index k = 0; k < network.outputs(); ++k) outputs.push_back(Objective::output(k));
      ask(network, norm, std::move(outputs));
      if (network.outputs() > 1) ask(network, norm, {Objective::margin(0, network.outputs() - 1)});
      if (norm != Norm::l1) ask(network, norm, {Objective::vector()});
    }
  }
  EXPECT_GT(runs, 400);
  EXPECT_LE(100 * limits, runs);
}

TEST(RandomNetworksTiny, AgainstEnumeration) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(400 + seed);
    std::vector<Index> widths{random.integer(1, 4)};
    for (Index k = random.integer(0, 3); k > 0; --k) widths.push_back(random.integer(1, 4));
    widths.push_back(random.integer(1, 3));
    const Network network = random_network(random, widths, some_activation(random));
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      std::vector<double> row(static_cast<std::size_t>(network.outputs()), 0.0);
      row.front() = 1.0;
      const double fgl = test::enumerate_fgl(network, norm, Objective::output(0));
      const Result result = run(network, norm, {Objective::output(0)});
      EXPECT_GE(result.bounds.front().upper, fgl * (1.0 - 1e-12));
      EXPECT_LE(result.bounds.front().lower, fgl * (1.0 + 1e-12));
      expect_sound(result);
      if (norm == Norm::l1) continue;
      const double vector_fgl = test::enumerate_fgl(network, norm, Objective::vector());
      const Result vector = run(network, norm, {Objective::vector()});
      EXPECT_GE(vector.bounds.front().upper, vector_fgl * (1.0 - 1e-12));
      EXPECT_LE(vector.bounds.front().lower, vector_fgl * (1.0 + 1e-12));
      expect_sound(vector);
    }
  }
}

// Sweeps and single changes of slopes find nearly every best pattern of networks as small as these.
TEST(RandomNetworksTiny, LowerBoundsHardlyEverMissTheBestPattern) {
  int bounds = 0;
  int missed = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    Random random(seed);
    std::vector<Index> widths{random.integer(1, 6)};
    Index neurons = 0;
    for (Index k = random.integer(1, 4); k > 0; --k) {
      widths.push_back(random.integer(1, 6));
      neurons += widths.back();
    }
    widths.push_back(random.integer(1, 4));
    if (neurons > 11) continue;
    const Network network = random_network(random, widths, some_activation(random));
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
      std::vector<Objective> objectives;
      for (Index k = 0; k < network.outputs(); ++k) objectives.push_back(Objective::output(k));
      if (norm != Norm::l1) objectives.push_back(Objective::vector());
      for (const Bound& bound : run(network, norm, objectives).bounds) {
        const double fgl = test::enumerate_fgl(network, norm, bound.objective);
        EXPECT_LE(bound.lower, fgl * (1.0 + 1e-12));
        ++bounds;
        missed += bound.lower < fgl * (1.0 - 1e-3) ? 1 : 0;
      }
    }
  }
  EXPECT_GT(bounds, 500);
  EXPECT_LE(500 * missed, bounds);
}

TEST(Scale, ExtremeFactorsChangeNothingButTheExponent) {
  Random random(3);
  const Network network = random_network(random, {5, 20, 20, 20, 3});
  const Result plain = run(network, Norm::linf, {Objective::output(1)});
  for (const int exponent : {-400, -40, 40, 300}) {
    const Network scaled = test::edited(network, [&](Index k, Matrix& w) {
      // a different power of two for each layer, and row factors that the next layer takes back
      for (Index i = 0; i < w.rows; ++i) {
        for (Index j = 0; j < w.cols; ++j) {
          int e = k == 1 ? exponent : 0;
          if (k == 0) e += 60 * static_cast<int>(i % 3);
          if (k == 1) e -= 60 * static_cast<int>(j % 3);
          w(i, j) = std::ldexp(w(i, j), e);
        }
      }
    });
    const Result result = run(scaled, Norm::linf, {Objective::output(1)});
    expect_sound(result);
    EXPECT_NEAR(std::ldexp(result.bounds[0].upper, -exponent), plain.bounds[0].upper,
                1e-3 * plain.bounds[0].upper);
  }
}

}  // namespace
}  // namespace geolip
