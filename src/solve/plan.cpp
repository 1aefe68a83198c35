#include <solve/plan.hpp>

#include <ascent/footprint.hpp>
#include <certificate/prediction.hpp>
#include <operators/footprint.hpp>
#include <solve/policy.hpp>
#include <solve/session.hpp>

#include <geolip/error.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

namespace geolip::solve {
namespace {

// Of the device's memory that a run may take.
constexpr double largest_share = 0.9;
// Certificates with fewer multiplications than this take no time worth a measurement.
constexpr double worth_timing = 1e10;
// Order of the matrices that are timed at first, and the seconds that make a time worth believing: where they
// take less, launches and waiting are most of it, and a larger order is timed.
constexpr Index least_timed = 1024;
constexpr Index most_timed = 8192;
constexpr double enough_seconds = 0.01;
// What the libraries of a device take for another queue.
constexpr double queue_bytes = 128e6;

/// "12.3 GB"
std::string gigabytes(double bytes) {
  const auto tenths = static_cast<long long>(std::ceil(bytes / 1e8));
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GB";
}

/// Whether slopes of each layer have ends whose product is not zero.
std::vector<bool> curved_layers(const std::vector<problem::LayerSlopes>& slopes) {
  std::vector<bool> curved;
  for (const problem::LayerSlopes& layer : slopes) {
    bool any = false;
    for (std::size_t i = 0; i < layer.c.size(); ++i)
      any = any || (layer.h[i] > 0.0 && layer.c[i] != layer.h[i]);
    curved.push_back(any);
  }
  return curved;
}

/// Bytes of the maps and slopes in both arithmetics. On the host, where dense weights in float64 are used in
/// place, they are the network's own. Weights that pass through the device take the largest layer's room.
double model_bytes(const Session& session, operators::DenseWeights::Place place) {
  double slopes = 0.0;
  for (const problem::LayerSlopes& layer : session.slopes)
    slopes += 2.0 * (sizeof(float) + sizeof(double)) * static_cast<double>(layer.c.size());
  const bool passing = place == operators::DenseWeights::Place::host;
  return operators::map_bytes(session.chain(), sizeof(float), passing) +
         operators::map_bytes(session.chain(), sizeof(double), passing) + slopes +
         (passing ? (sizeof(float) + sizeof(double)) * operators::largest_dense(session.chain()) : 0.0);
}

/// Seconds of a rank-k update and a Cholesky factorisation of order n; the second time counts.
double timed(backend::Backend& backend, Index n) {
  backend::Buffer<double> factor(backend, n, n);
  backend::Buffer<double> square(backend, n, n);
  const backend::Buffer<double> one(backend, std::vector<double>(static_cast<std::size_t>(n), 1.0));
  backend.in<double>().clear(factor.view());
  backend.in<double>().combine(1.0, one.view(), 0.0, diagonal_of(factor.view()));
  double seconds = 0.0;
  for (int i = 0; i < 2; ++i) {
    const auto start = std::chrono::steady_clock::now();
    backend.syrk(1.0, std::as_const(factor).view(), 0.0, square.view());
    backend.cholesky(square.view());
    backend.synchronise();
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return seconds;
}

/// Multiplications a second of what a certificate is made of, in matrices of up to `widest` rows.
double measured_speed(backend::Backend& backend, Index widest) {
  Index n = least_timed;
  double seconds = timed(backend, n);
  while (seconds < enough_seconds && 2 * n <= std::min(most_timed, widest)) {
    n *= 2;
    seconds = timed(backend, n);
  }
  const auto order = static_cast<double>(n);
  return order * order * order * (1.0 / 2.0 + 1.0 / 6.0) / std::max(seconds, 1e-9);
}

/// Of everything: the starts of a lower bound take no more than the state that they come from, and come when
/// the certificate has given its memory back.
double needed(double models, double certificate, double state) {
  return models + std::max(certificate + state, 2.0 * state);
}

/// Certificates at the same time: as many as the device has use for, and the memory that is left has room
/// for.
Index certificates_at_once(int queues, double room, double each) {
  const double fit = each > 0.0 ? std::floor(room / each) : 0.0;
  return 1 + static_cast<Index>(std::clamp(fit, 0.0, static_cast<double>(queues - 1)));
}

}  // namespace

Plan make_plan(const Session& session, const std::vector<Task>& tasks) {
  backend::Backend& backend = session.backend;
  const Norm norm = session.query.norm;
  const bool on_host = backend.shares_host_memory();
  const bool vector =
      std::any_of(tasks.begin(), tasks.end(), [](const Task& task) { return task.problem.vector; });
  const certificate::Prediction certificate = certificate::predict(
      session.chain(), curved_layers(session.slopes), vector ? session.network.outputs() : 1, on_host);
  const ascent::StateBytes state = ascent::state_bytes(session.chain(), norm, on_host);
  const Ranks ranks = choose_ranks(session.settings.rank, session.settings.max_rank,
                                   operators::widest_layer(session.chain()));

  auto memory = static_cast<double>(backend.memory());
  if (!(memory > 0.0)) memory = std::numeric_limits<double>::infinity();
  Plan plan;
  const auto of = [&](Index problems, Index rank) {
    return state.of(static_cast<double>(problems), static_cast<double>(problems * rank));
  };
  double models = 0.0;
  double room = 0.0;
  double room_for_state = 0.0;
  // Whether one problem fits, if need be with a smaller rank.
  const auto fits = [&](operators::DenseWeights::Place place) {
    plan.weights = place;
    models = model_bytes(session, place);
    room = largest_share * memory - models;
    room_for_state = std::min(room - certificate.bytes, 0.5 * room);
    plan.first_rank = ranks.first;
    while (plan.first_rank / 2 >= ranks.least && of(1, plan.first_rank) > room_for_state) {
      plan.first_rank /= 2;
    }
    return of(1, plan.first_rank) <= room_for_state;
  };
  if (!fits(operators::DenseWeights::Place::device) &&
      (on_host || !fits(operators::DenseWeights::Place::host))) {
    throw DoesNotFit("network: it needs about " +
                     gigabytes(needed(models, certificate.bytes, of(1, plan.first_rank)) / largest_share) +
                     " of memory (" + gigabytes(certificate.bytes) + " for a certificate, " +
                     gigabytes(of(1, plan.first_rank)) + " for the sweeps), and the device has " +
                     gigabytes(memory));
  }
  // in l_1 every objective has a problem for each input
  const auto most = static_cast<double>(tasks.size()) *
                    (norm == Norm::l1 ? static_cast<double>(session.chain().inputs) : 1.0);
  const auto rank = static_cast<double>(plan.first_rank);
  const double fit = (room_for_state - state.fixed) / (state.problem + rank * state.column);
  plan.batch = static_cast<Index>(std::max(1.0, std::min(most, fit)));
  const auto batch = static_cast<double>(plan.batch);
  const double columns = (room_for_state - state.fixed - batch * state.problem) / state.column;
  plan.columns = static_cast<Index>(
      std::clamp(columns, batch * rank, batch * static_cast<double>(std::max(ranks.most, plan.first_rank))));

  // Another queue has maps of its own, but for dense weights, and its own workspace.
  const double passing = plan.weights == operators::DenseWeights::Place::host
                             ? sizeof(double) * operators::largest_dense(session.chain())
                             : 0.0;
  const double another = certificate.bytes + operators::map_bytes(session.chain(), sizeof(double), true) +
                         passing + (on_host ? 0.0 : queue_bytes);
  const double left =
      room - needed(0.0, certificate.bytes, state.of(batch, static_cast<double>(plan.columns)));
  plan.prediction.certificates =
      std::min(plan.batch, certificates_at_once(backend.queues(certificate.multiplications), left, another));
  const double others = static_cast<double>(plan.prediction.certificates - 1) * another;
  plan.prediction.bytes = needed(models + others, certificate.bytes, state.of(batch, batch * rank));
  plan.prediction.certificate_bytes = certificate.bytes;
  plan.prediction.multiplications = certificate.multiplications;
  plan.prediction.batch = plan.batch;
  plan.prediction.weights_on_host = plan.weights == operators::DenseWeights::Place::host;
  if (certificate.multiplications >= worth_timing) {
    plan.prediction.seconds =
        certificate.multiplications / measured_speed(backend, operators::widest_layer(session.chain()));
  }
  return plan;
}

void by_batches(const Plan& plan, std::size_t problems,
                const std::function<void(std::size_t first, std::size_t count)>& solve) {
  const auto most = static_cast<std::size_t>(plan.batch);
  const std::size_t parts = (problems + most - 1) / most;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t first = problems * part / parts;
    solve(first, problems * (part + 1) / parts - first);
  }
}

}  // namespace geolip::solve
