// Runs that end early, what is said on the way, and what is refused.
#include <bench/support/timed_backend.hpp>
#include <geolip/baselines.hpp>
#include <geolip/error.hpp>
#include <geolip/estimate.hpp>
#include <solve/estimate_on.hpp>
#include <support/messages.hpp>
#include <support/random_networks.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace geolip {
namespace {

Network some_network() {
  test::Random random(6);
  return test::random_network(random, {20, 60, 50, 40, 3});
}

Query some_query(Norm norm) {
  Query query;
  query.norm = norm;
  query.objectives = {Objective::output(0), Objective::margin(1, 2)};
  return query;
}

class Limits : public testing::TestWithParam<Norm> {
 protected:
  /// Both ends of a run cut short hold against a run to the end.
  void expect_valid(const Settings& settings, bool stopped) {
    const Network network = some_network();
    const Query query = some_query(GetParam());
    const Result full = estimate(network, query);
    ASSERT_TRUE(full.certified());
    const Result cut = estimate(network, query, settings);
    EXPECT_EQ(cut.stopped, stopped);
    for (std::size_t i = 0; i < full.bounds.size(); ++i) {
      EXPECT_EQ(cut.bounds[i].status, Status::limit);
      EXPECT_TRUE(std::isfinite(cut.bounds[i].upper));
      EXPECT_GE(cut.bounds[i].upper, full.bounds[i].relaxation);
      EXPECT_LE(cut.bounds[i].lower, full.bounds[i].upper);
      EXPECT_LE(cut.bounds[i].lower, cut.bounds[i].relaxation);
      EXPECT_LE(cut.bounds[i].relaxation, full.bounds[i].upper);
      EXPECT_GT(cut.bounds[i].lower, 0.0);
    }
  }
};

TEST_P(Limits, OneSweep) {
  Settings settings;
  settings.max_iterations = 1;
  expect_valid(settings, false);
}

TEST_P(Limits, AFewSweeps) {
  Settings settings;
  settings.max_iterations = 7;
  expect_valid(settings, false);
}

TEST_P(Limits, NoTime) {
  Settings settings;
  settings.time_limit = 1e-9;
  expect_valid(settings, false);
}

TEST_P(Limits, StopRequested) {
  std::stop_source source;
  source.request_stop();
  Settings settings;
  settings.stop = source.get_token();
  expect_valid(settings, true);
}

TEST_P(Limits, StopRequestedByTheObserver) {
  std::stop_source source;
  Settings settings;
  settings.gap = 1e-12;  // out of reach
  settings.max_iterations = 1000000000;
  settings.stop = source.get_token();
  settings.observer = [&](const Progress& progress) {
    if (progress.iteration >= 50) source.request_stop();
  };
  expect_valid(settings, true);
}

TEST(LastCertificates, AreNotBegunWhereTheyTakeLongerThanAnyoneWaits) {
  test::Random random(7);
  const Network network = test::random_network(random, {10, 2300, 2300, 1});
  Settings settings;
  settings.time_limit = 1e-3;
  const Query query{Norm::linf, {Objective::output(0)}};
  const auto inner = backend::make_cpu_backend(1);
  bench::Watch watch;
  watch.pause =
      0.5;  // of the small factorisation that is timed: a whole certificate takes many times as long
  bench::TimedBackend slow(*inner, watch);
  const Result result = estimate_on(slow, network, query, settings);
  ASSERT_GT(result.prediction.seconds, 2.0);
  const Bound& bound = result.bounds.front();
  EXPECT_TRUE(bound.proofs.empty());
  EXPECT_EQ(bound.status, Status::limit);
  EXPECT_EQ(bound.upper, product_bound(network, Norm::linf, Objective::output(0)));
  EXPECT_GT(bound.lower, 0.0);
}

INSTANTIATE_TEST_SUITE_P(Norms, Limits, testing::Values(Norm::linf, Norm::l2, Norm::l1),
                         [](const auto& param_info) { return std::string(to_string(param_info.param)); });

TEST(Observer, SeesProgressGoForward) {
  std::vector<Progress> seen;
  std::stop_source source;
  Settings settings;
  settings.gap = 1e-12;  // out of reach
  settings.max_iterations = 1000000000;
  settings.stop = source.get_token();
  settings.observer = [&](const Progress& progress) {
    seen.push_back(progress);
    if (seen.size() == 5) source.request_stop();
  };
  estimate(some_network(), some_query(Norm::linf), settings);
  ASSERT_GE(seen.size(), 5U);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].problems, 2);
    EXPECT_GE(seen[i].iteration, 1);
    EXPECT_GE(seen[i].rank, 1);
    EXPECT_GE(seen[i].gap, 0.0);
    if (i == 0) continue;
    EXPECT_GT(seen[i].iteration, seen[i - 1].iteration);
    EXPECT_GE(seen[i].certified, seen[i - 1].certified);
    EXPECT_LE(seen[i].gap, seen[i - 1].gap);
    // a few times a second at the most
    EXPECT_GE(seen[i].seconds, seen[i - 1].seconds + 0.09);
  }
}

template <class Change>
std::string refusal(const Change& change) {
  Settings settings;
  change(settings);
  return test::message_of<QueryError>([&] { estimate(some_network(), some_query(Norm::l2), settings); });
}

TEST(SettingsErrors, SayWhatIsWrong) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double gap : {0.0, 1.0, -0.5, nan}) {
    EXPECT_EQ(refusal([&](Settings& s) { s.gap = gap; }), "gap: it must lie between 0 and 1");
  }
  EXPECT_EQ(refusal([](Settings& s) { s.max_iterations = 0; }),
            "max-iterations: at least one sweep is needed");
  for (const double limit : {0.0, -1.0, nan}) {
    EXPECT_EQ(refusal([&](Settings& s) { s.time_limit = limit; }), "time-limit: it must be positive");
  }
  EXPECT_EQ(refusal([](Settings& s) { s.rank = -1; }), "rank: it must not be negative");
  EXPECT_EQ(refusal([](Settings& s) { s.max_rank = 0; }), "max-rank: it must be at least 1");
  EXPECT_EQ(refusal([](Settings& s) {
              s.rank = 16;
              s.max_rank = 15;
            }),
            "max-rank: it must not be smaller than rank");
  EXPECT_EQ(refusal([](Settings& s) { s.max_rank = 4097; }), "max-rank: more than 4096 is not supported");
  EXPECT_EQ(refusal([](Settings& s) { s.starts = 0; }), "starts: at least one is needed");
  EXPECT_EQ(refusal([](Settings& s) { s.threads = -1; }), "threads: it must not be negative");
  EXPECT_EQ(refusal([](Settings& s) { s.device = "tpu"; }),
            "device: 'tpu' is not known (auto, cpu, cuda, cuda:N)");
}

std::string refusal(Norm norm, std::vector<Objective> objectives) {
  Query query;
  query.norm = norm;
  query.objectives = std::move(objectives);
  return test::message_of<QueryError>([&] { estimate(some_network(), query); });
}

TEST(QueryErrors, SayWhatIsWrong) {
  EXPECT_EQ(refusal(Norm::l2, {}), "query: no objective is given");
  EXPECT_EQ(refusal(Norm::l2, {Objective::output(3)}),
            "objective: output 3 does not exist, the network's outputs are 0 to 2");
  EXPECT_EQ(refusal(Norm::l2, {Objective::margin(0, -1)}),
            "objective: output -1 does not exist, the network's outputs are 0 to 2");
  EXPECT_EQ(refusal(Norm::l2, {Objective::margin(1, 1)}), "objective: a margin needs two different outputs");
  EXPECT_EQ(refusal(Norm::l2, {Objective::weighted({1.0})}),
            "objective: the row has 1 entries but the network has 3 outputs");
  EXPECT_EQ(refusal(Norm::l2, {Objective::weighted({1.0, 0.0, std::nan("")})}),
            "objective: the row has an entry that is not finite");
  EXPECT_EQ(refusal(Norm::l1, {Objective::vector()}),
            "objective: 'vector' is defined for l2 and linf, not for l1");
}

}  // namespace
}  // namespace geolip
