#include <solve/choose_backend.hpp>

#include <certificate/prediction.hpp>
#include <problem/chain.hpp>
#include <solve/plan.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace geolip::solve {
namespace {

// Multiplications of one certificate for each problem from which on a run is worth the half second in which a
// device is opened: a run takes several certificates a problem, and its sweeps, or about ten times as many.
constexpr double worth_a_device = 1e10;
// Of the device's memory for one certificate: weights and sweeps want room as well.
constexpr double certificate_share = 0.5;
// Seconds that are left to the CPU where a device has used up the time limit.
constexpr double least_time = 1e-3;

/// How many semidefinite programs the query asks for.
double count_problems(const Network& network, const Query& query) {
  double problems = 0.0;
  for (const Objective& objective : query.objectives) {
    const bool by_rows = objective.kind == Objective::Kind::vector && query.norm == Norm::linf;
    problems += by_rows ? static_cast<double>(network.outputs()) : 1.0;
  }
  return query.norm == Norm::l1 ? problems * static_cast<double>(network.inputs()) : problems;
}

certificate::Prediction predict(const Network& network, const Query& query) {
  const problem::Chain chain = problem::make_chain(network);
  const bool vector = query.norm == Norm::l2 &&
                      std::any_of(query.objectives.begin(), query.objectives.end(),
                                  [](const Objective& o) { return o.kind == Objective::Kind::vector; });
  const std::vector<bool> curved(static_cast<std::size_t>(chain.depth()), false);
  return certificate::predict(chain, curved, vector ? network.outputs() : 1, false);
}

}  // namespace

Backends::Backends(const std::string& device, int threads, FindDevice find)
    : threads_(threads), find_(std::move(find)) {
  if (device != "auto") named_ = backend::make_backend(device, threads);
}

backend::Backend& Backends::cpu() {
  if (cpu_ == nullptr) cpu_ = backend::make_cpu_backend(threads_);
  return *cpu_;
}

backend::Backend& Backends::choose(const Network& network, const Query& query) {
  if (named_ != nullptr) return *named_;
  const certificate::Prediction certificate = predict(network, query);
  if (certificate.multiplications * count_problems(network, query) < worth_a_device) return cpu();
  if (device_ == nullptr) device_ = find_();
  const bool fits =
      device_ != nullptr && certificate.bytes <= certificate_share * static_cast<double>(device_->memory());
  return fits ? *device_ : cpu();
}

namespace {

/// None where the device's memory is too small, or others have it.
std::optional<Result> try_on(backend::Backend& device, const Settings& settings, const Run& run) {
  try {
    return run(device, settings);
  } catch (const DoesNotFit&) {
    return std::nullopt;
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

}  // namespace

Result run_on_chosen(Backends& backends, const Network& network, const Query& query, const Settings& settings,
                     const Run& run) {
  const auto start = std::chrono::steady_clock::now();
  backend::Backend& backend = backends.choose(network, query);
  if (!backends.is_optional(backend)) return run(backend, settings);
  if (std::optional<Result> result = try_on(backend, settings, run)) return std::move(*result);
  backends.close_device();
  Settings rest = settings;
  const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  rest.time_limit = std::max(least_time, settings.time_limit - spent);
  Result result = run(backends.cpu(), rest);
  for (Bound& bound : result.bounds) bound.seconds.total += spent;
  return result;
}

}  // namespace geolip::solve
