// Which backend a run takes place on.
#include <bench/support/random_network.hpp>
#include <bench/support/timed_backend.hpp>
#include <geolip/error.hpp>
#include <geolip/estimate.hpp>
#include <solve/choose_backend.hpp>
#include <solve/plan.hpp>
#include <support/backends.hpp>
#include <support/variable.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace geolip {
namespace {

using solve::Backends;
using solve::FindDevice;

/// A stand-in for a device, which tells itself from the backend of a run with one thread.
class Device {
 public:
  FindDevice find() {
    return [this]() -> std::unique_ptr<backend::Backend> {
      ++asked_;
      if (!is_there_) return nullptr;
      return std::make_unique<bench::TimedBackend>(*inner_, watch_);
    };
  }
  void remove() { is_there_ = false; }
  void set_apart() { watch_.apart = true; }
  void set_memory(std::size_t bytes) { watch_.memory = bytes; }
  int asked() const { return asked_; }

 private:
  std::unique_ptr<backend::Backend> inner_ = backend::make_cpu_backend(3);
  bench::Watch watch_;
  bool is_there_ = true;
  int asked_ = 0;
};

class ChooseBackend : public testing::Test {
 protected:
  ChooseBackend() { settings.threads = 1; }

  /// The name of the backend that a run with so many outputs' objectives takes.
  std::string chosen(Norm norm, std::size_t objectives) {
    const Query query{norm, std::vector<Objective>(objectives, Objective::output(0))};
    return Backends("auto", 1, device.find()).choose(network, query).name();
  }

  // a certificate takes about 10^7 multiplications and 1.5 MB
  const Network network = bench::random_network({200, 200, 200, 300});
  Settings settings;
  Device device;
};

constexpr const char* on_device = "cpu (3 threads, ";
constexpr const char* on_cpu = "cpu (1 thread, ";

TEST_F(ChooseBackend, TakesTheDeviceForALargeRun) {
  EXPECT_THAT(chosen(Norm::l2, 3000), testing::StartsWith(on_device));
}

TEST_F(ChooseBackend, DoesNotLookForADeviceForASmallRun) {
  EXPECT_THAT(chosen(Norm::l2, 30), testing::StartsWith(on_cpu));
  EXPECT_EQ(device.asked(), 0);
}

TEST_F(ChooseBackend, CountsTheProblemsOfAnObjective) {
  EXPECT_THAT(chosen(Norm::linf, 30), testing::StartsWith(on_cpu));
  EXPECT_THAT(chosen(Norm::l1, 30), testing::StartsWith(on_device));  // one for each input
  const std::vector<Objective> vectors(10, Objective::vector());
  const auto takes = [&](Norm norm) {
    return Backends("auto", 1, device.find()).choose(network, Query{norm, vectors}).name();
  };
  EXPECT_THAT(takes(Norm::linf), testing::StartsWith(on_device));  // one for each of the 300 outputs
}

TEST_F(ChooseBackend, TakesTheCpuWhereThereIsNoDevice) {
  device.remove();
  EXPECT_THAT(chosen(Norm::l2, 3000), testing::StartsWith(on_cpu));
  EXPECT_EQ(device.asked(), 1);
}

TEST_F(ChooseBackend, TakesTheCpuWhereACertificateHardlyFits) {
  device.set_memory(std::size_t{1} << 20);
  EXPECT_THAT(chosen(Norm::l2, 3000), testing::StartsWith(on_cpu));
  device.set_memory(std::size_t{1} << 23);
  EXPECT_THAT(chosen(Norm::l2, 3000), testing::StartsWith(on_device));
}

TEST_F(ChooseBackend, OpensEachBackendOnce) {
  Backends backends("auto", 1, device.find());
  const Query large{Norm::l2, std::vector<Objective>(3000, Objective::output(0))};
  const Query small{Norm::l2, {Objective::output(0)}};
  const backend::Backend* device_of_large = &backends.choose(network, large);
  const backend::Backend* cpu = &backends.choose(network, small);
  EXPECT_EQ(&backends.choose(network, large), device_of_large);
  EXPECT_EQ(&backends.choose(network, small), cpu);
  EXPECT_EQ(device.asked(), 1);
}

TEST_F(ChooseBackend, DoesAsItIsTold) {
  const Query query{Norm::l2, std::vector<Objective>(3000, Objective::output(0))};
  EXPECT_THAT(Backends("cpu", 1, device.find()).choose(network, query).name(), testing::StartsWith(on_cpu));
  EXPECT_EQ(device.asked(), 0);
  EXPECT_THROW(Backends("cuda:99", 1, device.find()), QueryError);
}

/// Runs that note where they take place, and find no room on a device.
class RunOnChosen : public ChooseBackend {
 protected:
  template <class Error>
  void run_short_of_memory(const Error& error) {
    device.set_apart();
    const Query query{Norm::l2, std::vector<Objective>(3000, Objective::output(0))};
    Backends backends("auto", 1, device.find());
    result = solve::run_on_chosen(backends, network, query, settings,
                                  [&](backend::Backend& backend, const Settings& with) {
                                    names.push_back(backend.name());
                                    limits.push_back(with.time_limit);
                                    if (!backend.shares_host_memory()) throw error;
                                    Result ended;
                                    ended.bounds.emplace_back().seconds.total = 1.0;
                                    return ended;
                                  });
  }
  std::vector<std::string> names;
  std::vector<double> limits;
  Result result;
};

TEST_F(RunOnChosen, GoesOnOnTheCpuWhereADeviceHasNoRoom) {
  run_short_of_memory(solve::DoesNotFit("network: it does not fit"));
  EXPECT_THAT(names, testing::ElementsAre(testing::StartsWith(on_device), testing::StartsWith(on_cpu)));
  names.clear();
  run_short_of_memory(std::bad_alloc());
  EXPECT_THAT(names, testing::ElementsAre(testing::StartsWith(on_device), testing::StartsWith(on_cpu)));
}

TEST_F(RunOnChosen, LeavesTheCpuTheTimeThatIsLeft) {
  settings.time_limit = 1000.0;
  run_short_of_memory(std::bad_alloc());
  settings.time_limit = 1e-9;  // gone before the device has failed
  run_short_of_memory(std::bad_alloc());
  ASSERT_EQ(limits.size(), 4U);
  EXPECT_EQ(limits[0], 1000.0);
  EXPECT_LT(limits[1], limits[0]);
  EXPECT_GT(limits[3], 0.0);
}

TEST_F(RunOnChosen, CountsTheTimeOfTheDevice) {
  run_short_of_memory(std::bad_alloc());
  ASSERT_EQ(result.bounds.size(), 1U);
  EXPECT_GT(result.bounds[0].seconds.total, 1.0);
}

TEST_F(RunOnChosen, HidesNoOtherError) {
  EXPECT_THROW(run_short_of_memory(NetworkError("network: it is wrong")), NetworkError);
  EXPECT_EQ(names.size(), 1U);
}

class ChooseDevice : public test::OnEveryBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, ChooseDevice, testing::Values("cuda"),
                         [](const auto& param_info) { return param_info.param; });

TEST_P(ChooseDevice, AutoIsTheDeviceForALargeRun) {
  const Network network = bench::random_network({200, 200, 200, 300});
  const Query query{Norm::l2, std::vector<Objective>(3000, Objective::output(0))};
  EXPECT_EQ(Backends("auto", 0).choose(network, query).name(), backend().name());
}

// Others take what a device has left while a query is swept: its certificates find no room.
TEST_P(ChooseDevice, AutoMovesToTheCpuWhereADeviceRunsOutOfMemory) {
  if (backend().name().find("emulated") == std::string::npos) GTEST_SKIP() << "no others to be told";
  const std::size_t all = backend().memory();
  const Network network = bench::random_network({20, 3150, 2});
  Query query{Norm::l2, {}};
  for (Index k = 0; k < network.outputs(); ++k) query.objectives.push_back(Objective::output(k));
  Settings settings;
  settings.threads = 1;
  settings.verify = Verify::off;
  settings.gap = 1e-2;
  settings.rank = settings.max_rank = 4;
  settings.max_iterations = 60;
  settings.starts = 4;
  std::vector<std::string> begun;
  std::vector<Index> swept;
  std::optional<test::Variable> others;
  settings.begin = [&](const std::string& device, const Prediction&) {
    begun.push_back(device);
    swept.push_back(0);
  };
  settings.observer = [&](const Progress& progress) {
    if (!others) others.emplace("GEOLIP_EMULATED_OTHERS", std::to_string(all));
    swept.back() = progress.iteration;
  };
  const Result moved = estimate(network, query, settings);
  ASSERT_EQ(begun.size(), 2U);
  EXPECT_EQ(begun[0], backend().name());
  EXPECT_GT(swept[0], 0);
  EXPECT_EQ(begun[1], moved.device);

  settings.device = "cpu";
  const Result cpu = estimate(network, query, settings);
  EXPECT_EQ(moved.device, cpu.device);
  ASSERT_EQ(moved.bounds.size(), cpu.bounds.size());
  for (std::size_t k = 0; k < cpu.bounds.size(); ++k) {
    EXPECT_EQ(moved.bounds[k].status, cpu.bounds[k].status);
    EXPECT_EQ(moved.bounds[k].upper, cpu.bounds[k].upper);
    EXPECT_EQ(moved.bounds[k].relaxation, cpu.bounds[k].relaxation);
    EXPECT_EQ(moved.bounds[k].lower, cpu.bounds[k].lower);
  }
}

}  // namespace
}  // namespace geolip
