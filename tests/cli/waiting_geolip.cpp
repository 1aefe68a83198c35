// The command with an estimate that says "ready" and then waits: until it is asked to stop with --seed 0,
// for a minute, deaf to every wish, with --seed 1.
#include <chrono>
#include <iostream>
#include <thread>

#include <cli/fake_library.hpp>
#include <cli/run.hpp>

namespace {

geolip::Result wait(const geolip::Network& network, const geolip::Query& query,
                    const geolip::Settings& settings) {
  using namespace std::chrono_literals;
  const auto end = std::chrono::steady_clock::now() + 60s;
  const bool listens = settings.seed == 0;
  bool told = false;
  std::cerr << "ready\n" << std::flush;
  while (std::chrono::steady_clock::now() < end && !(listens && settings.stop.stop_requested())) {
    if (settings.stop.stop_requested() && !told) {
      std::cerr << "asked\n" << std::flush;
      told = true;
    }
    std::this_thread::sleep_for(5ms);
  }
  geolip::Result result = geolip::cli::testing::fake_estimate(network, query, settings);
  for (geolip::Bound& bound : result.bounds) bound.status = geolip::Status::limit;
  result.stopped = settings.stop.stop_requested();
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const geolip::cli::Library library{geolip::cli::testing::fake_read_network, wait};
  return geolip::cli::run(argc, argv, library, {std::cout, std::cerr, 0});
}
