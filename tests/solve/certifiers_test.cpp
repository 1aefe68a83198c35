// Certificates of several problems at the same time.
#include <solve/certifiers.hpp>
#include <support/backends.hpp>
#include <support/prepared.hpp>
#include <support/random_networks.hpp>

#include <atomic>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>

namespace geolip {
namespace {

using certificate::Certifier;
using solve::Certifiers;

class CertifiersAtOnce : public test::OnEveryBackend {};
GEOLIP_ON_EVERY_BACKEND(CertifiersAtOnce);

/// Everything that Certifiers refer to.
struct Setting {
  test::Random random{41};
  Network network = test::random_network(random, {8, 30, 20, 4});
  test::Prepared prepared{network};
  std::vector<operators::LinearMap<double>> maps;

  explicit Setting(backend::Backend& backend)
      : maps(operators::make_linear_maps<double>(backend, prepared.chain, prepared.scaling)) {}

  Certifiers::Queues forked(backend::Backend& backend, int count) const {
    Certifiers::Queues queues;
    for (int i = 0; i < count; ++i) {
      queues.push_back(std::make_unique<Certifiers::Queue>(backend.fork(), prepared.chain, prepared.scaling,
                                                           maps.front().weights()));
    }
    return queues;
  }
  Certifiers certifiers(backend::Backend& backend, const Certifiers::Queues& queues) {
    return {backend, maps, queues, prepared.slopes};
  }
};

/// Multipliers that are large enough to pass, each time others.
certificate::Multipliers multipliers(const Setting& setting, Norm norm, Index problem) {
  certificate::Multipliers result;
  double size = 1e4;  // of the first layer
  for (const problem::LayerSlopes& layer : setting.prepared.slopes) {
    result.lam.emplace_back(static_cast<std::size_t>(layer.neurons), size + static_cast<double>(problem));
    size /= 100.0;
  }
  result.gamma.assign(norm == Norm::linf ? 8 : 1, 1.0);
  result.zeta = 1.0;
  return result;
}

TEST_P(CertifiersAtOnce, SayWhatOneSays) {
  Setting setting(backend());
  constexpr Index problems = 12;
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    std::vector<std::vector<double>> bounds;
    for (const int others : {0, 2}) {
      const Certifiers::Queues queues = setting.forked(backend(), others);
      Certifiers certifiers = setting.certifiers(backend(), queues);
      std::vector<double> found(problems, 0.0);
      for (int turn = 0; turn < 2; ++turn) {
        std::vector<int> calls(problems, 0);
        certifiers.run(problems, [&](Index i, Certifier& certifier) {
          const auto at = static_cast<std::size_t>(i);
          ++calls[at];
          const auto certificate =
              certifier.certify(test::row_problem({1, 0, 0, -1}, {norm}), multipliers(setting, norm, i), 0.0);
          found[at] = certificate ? certificate->bound : -1.0;
        });
        EXPECT_EQ(calls, std::vector<int>(problems, 1));
        certifiers.release_memory();
      }
      for (const double bound : found) EXPECT_GT(bound, 0.0);
      bounds.push_back(found);
    }
    EXPECT_EQ(bounds[0], bounds[1]);
  }
}

TEST_P(CertifiersAtOnce, ThrowTheFirstProblemsErrorOnceAllHaveEnded) {
  Setting setting(backend());
  const Certifiers::Queues queues = setting.forked(backend(), 2);
  Certifiers certifiers = setting.certifiers(backend(), queues);
  std::atomic<int> calls{0};
  const auto run = [&] {
    certifiers.run(9, [&](Index i, Certifier&) {
      ++calls;
      if (i == 4) throw std::runtime_error("four");
      if (i == 7) throw std::invalid_argument("seven");
    });
  };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_EQ(calls, 9);
  EXPECT_NO_THROW(certifiers.run(0, [](Index, Certifier&) { throw std::logic_error("none"); }));
}

TEST_P(CertifiersAtOnce, GoOnOneByOneWhereMemoryIsShort) {
  Setting setting(backend());
  const Certifiers::Queues queues = setting.forked(backend(), 2);
  Certifiers certifiers = setting.certifiers(backend(), queues);
  std::mutex mutex;
  std::vector<int> calls(6, 0);
  const auto main_thread = std::this_thread::get_id();
  bool again_on_main = true;
  certifiers.run(6, [&](Index i, Certifier&) {
    const std::scoped_lock lock(mutex);
    const int call = ++calls[static_cast<std::size_t>(i)];
    if (call == 1 && i % 2 == 1) throw std::bad_alloc();
    if (call == 2) again_on_main = again_on_main && std::this_thread::get_id() == main_thread;
  });
  EXPECT_EQ(calls, (std::vector<int>{1, 2, 1, 2, 1, 2}));
  EXPECT_TRUE(again_on_main);
  // what does not fit alone either is an error
  EXPECT_THROW(certifiers.run(3, [](Index, Certifier&) { throw std::bad_alloc(); }), std::bad_alloc);
}

}  // namespace
}  // namespace geolip
