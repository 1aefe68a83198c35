#include <geolip/estimator.hpp>

#include <geolip/error.hpp>
#include <geolip/estimate.hpp>
#include <solve/answer.hpp>
#include <solve/choose_backend.hpp>
#include <solve/tasks.hpp>

#include <map>

namespace geolip {

/// Residents refer to backends, and these go last.
struct Estimator::Parts {
  Parts(std::shared_ptr<const Network> network_, const std::string& device_, int threads_)
      : network(std::move(network_)), device(device_), threads(threads_), backends(device, threads) {}

  /// The query on a backend, with what is there already of the network.
  Result answer(backend::Backend& backend, const Query& query, const Settings& settings) {
    try {
      return solve::answer(residents.try_emplace(&backend, backend, *network).first->second, query, settings);
    } catch (const QueryError&) {
      throw;
    } catch (...) {
      residents.erase(&backend);  // its memory may be what is missing
      throw;
    }
  }

  std::shared_ptr<const Network> network;
  std::string device;
  int threads;
  solve::Backends backends;
  std::map<const backend::Backend*, solve::Resident> residents;
};

Estimator::Estimator(Network network, const std::string& device, int threads)
    : Estimator(std::make_shared<const Network>(std::move(network)), device, threads) {}

Estimator::Estimator(std::shared_ptr<const Network> network, const std::string& device, int threads)
    : parts_(std::make_unique<Parts>(std::move(network), device, threads)) {}

Estimator::Estimator(Estimator&& other) noexcept = default;
Estimator& Estimator::operator=(Estimator&& other) noexcept = default;
Estimator::~Estimator() = default;

const Network& Estimator::network() const { return *parts_->network; }

Result Estimator::estimate(const Query& query, const Settings& settings) {
  Settings own = settings;
  own.device = parts_->device;
  own.threads = parts_->threads;
  solve::check_settings(own);
  return solve::run_on_chosen(
      parts_->backends, *parts_->network, query, own,
      [&](backend::Backend& backend, const Settings& with) { return parts_->answer(backend, query, with); });
}

Result estimate(const Network& network, const Query& query, const Settings& settings) {
  solve::check_settings(settings);
  const std::shared_ptr<const Network> borrowed(std::shared_ptr<void>(), &network);
  return Estimator(borrowed, settings.device, settings.threads).estimate(query, settings);
}

}  // namespace geolip
