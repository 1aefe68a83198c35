#include <solve/plan.hpp>

#include <ascent/footprint.hpp>
#include <certificate/prediction.hpp>
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
// Certificates with fewer multiplications are made layer by layer, without looking for a sparse order; nor is there
// one in networks whose layers all join a neuron to more than a share of the others, and matrices of so many entries
// are not made for it.
constexpr double worth_analysis = 1e9;
constexpr double structure_share = 4.0;
constexpr double most_entries = 2e8;
// Time of a multiplication in a sparse factorisation, on one thread of the host and in matrices of a few rows, in those
// of large products on the device.
constexpr double sparse_cost_cpu = 6.0;
constexpr double sparse_cost_device = 500.0;
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

/// Whether layers join a neuron to few others.
bool has_structure(const problem::Chain& chain) {
  return std::any_of(chain.stages.begin(), chain.stages.end(), [](const problem::Stage& stage) {
    return structure_share * problem::multiplications(stage) <
           static_cast<double>(stage.inputs) * static_cast<double>(stage.outputs);
  });
}

/// A sparse factorisation for the tasks, where there is one that takes less than the certificate by layers.
std::shared_ptr<certificate::SparseAnalyses> sparse_analyses(const Session& session,
                                                             const std::vector<Task>& tasks, double room,
                                                             certificate::Prediction& certificate) {
  // In l_1 the form says how large multipliers are of neurons that a coordinate does not reach, layer by layer.
  if (session.query.norm == Norm::l1 && certificate.bytes < room) return nullptr;
  if (certificate.multiplications < worth_analysis || !has_structure(session.chain()) ||
      !certificate::SparseCholesky::is_available()) {
    return nullptr;
  }
  double entries = 0.0;
  for (const problem::Stage& stage : session.chain().stages) entries += problem::multiplications(stage);
  if (entries > most_entries) return nullptr;
  const bool are_own =
      std::all_of(tasks.begin(), tasks.end(), [](const Task& task) { return task.problem.slope_set == 0; });
  auto analyses = are_own ? session.resident->sparse()
                          : std::make_shared<certificate::SparseAnalyses>(session.chain(), session.slopes);
  certificate::Prediction found;
  for (const bool vector : {false, true}) {
    const auto task =
        std::find_if(tasks.begin(), tasks.end(), [&](const Task& t) { return t.problem.vector == vector; });
    if (task == tasks.end()) continue;
    const certificate::SparseAnalysis& analysis = analyses->of(task->problem);
    found.bytes = std::max(found.bytes, analysis.bytes());
    found.multiplications = std::max(found.multiplications, analysis.multiplications());
  }
  if (!analyses->keep_numbers()) return nullptr;
  // counted as so many multiplications of the device: what a certificate costs beside the sweeps
  found.multiplications *= session.backend.shares_host_memory() ? sparse_cost_cpu : sparse_cost_device;
  if (found.multiplications > certificate.multiplications) return nullptr;
  certificate = found;
  return analyses;
}

/// Of everything: the starts of a lower bound take no more than the state that they come from, and come when
/// the certificate has given its memory back.
double needed(double models, double certificate, double state) {
  return models + std::max(certificate + state, 2.0 * state);
}

/// The largest number of least .. most that `bytes` fit into the room for; `least` if there is none.
template <class Bytes>
Index largest(Index least, Index most, double room, const Bytes& bytes) {
  double below = bytes(least);
  double above = bytes(most);
  if (above <= room) return most;
  for (int step = 1; most - least > 1; ++step) {
    // they grow along a line, nearly
    const double share = step % 3 == 0 ? 0.5 : std::clamp((room - below) / (above - below), 0.0, 1.0);
    const Index next = std::clamp(least + static_cast<Index>(share * static_cast<double>(most - least)),
                                  least + 1, most - 1);
    const double taken = bytes(next);
    (taken <= room ? least : most) = next;
    (taken <= room ? below : above) = taken;
  }
  return least;
}

/// Certificates at the same time: as many as the device has use for, and the memory that is left has room
/// for.
Index certificates_at_once(int queues, double room, double each) {
  const double fit = each > 0.0 ? std::floor(room / each) : 0.0;
  return 1 + static_cast<Index>(std::clamp(fit, 0.0, static_cast<double>(queues - 1)));
}

}  // namespace

Plan make_plan(const Session& session, const std::vector<Task>& tasks) {
  using Place = operators::DenseWeights::Place;
  backend::Backend& backend = session.backend;
  const Norm norm = session.query.norm;
  const bool on_host = backend.shares_host_memory();
  const bool vector =
      std::any_of(tasks.begin(), tasks.end(), [](const Task& task) { return task.problem.vector; });
  certificate::Prediction certificate = certificate::predict(session.chain(), curved_layers(session.slopes),
                                                             vector ? session.network.outputs() : 1, on_host);
  ascent::Footprint footprint(session.chain(), session.slopes, norm, on_host);
  const Ranks ranks =
      choose_ranks(session.settings.rank, session.settings.max_rank, session.chain().widest());

  auto memory = static_cast<double>(backend.memory());
  if (!(memory > 0.0)) memory = std::numeric_limits<double>::infinity();
  Plan plan;
  plan.sparse = sparse_analyses(session, tasks, largest_share * memory, certificate);
  // sparse ones take the host's memory
  const double on_device = plan.sparse == nullptr || on_host ? certificate.bytes : 0.0;
  plan.start_share32 = footprint.start_share<float>();
  plan.start_share64 = footprint.start_share<double>();
  double models = 0.0;
  double room = 0.0;
  double room_for_state = 0.0;
  // Whether one problem fits, if need be with a smaller rank.
  const auto fits = [&](Place place) {
    plan.weights = place;
    models = footprint.models(place);
    room = largest_share * memory - models;
    room_for_state = std::min(room - on_device, 0.5 * room);
    plan.first_rank = ranks.first;
    while (plan.first_rank / 2 >= ranks.least && footprint.state(1, plan.first_rank) > room_for_state) {
      plan.first_rank /= 2;
    }
    return footprint.state(1, plan.first_rank) <= room_for_state;
  };
  if (!fits(Place::device) && (on_host || !fits(Place::host))) {
    const double state = footprint.state(1, plan.first_rank);
    throw DoesNotFit("network: it needs about " +
                     gigabytes(needed(models, on_device, state) / largest_share) + " of memory (" +
                     gigabytes(certificate.bytes) + " for a certificate, " + gigabytes(state) +
                     " for the sweeps), and the device has " + gigabytes(memory));
  }
  // in l_1 every objective has a problem for each input
  const Index problems =
      std::max<Index>(1, static_cast<Index>(tasks.size()) * (norm == Norm::l1 ? session.chain().inputs : 1));
  plan.batch = largest(1, problems, room_for_state,
                       [&](Index batch) { return footprint.state(batch, batch * plan.first_rank); });
  plan.columns = largest(plan.batch * plan.first_rank, plan.batch * std::max(ranks.most, plan.first_rank),
                         room_for_state, [&](Index columns) { return footprint.state(plan.batch, columns); });

  // Another queue has maps of its own, but for dense weights, and its own workspace.
  Index certificates = 1;
  double others = 0.0;
  if (const int queues = backend.queues(certificate.multiplications); queues > 1 && plan.sparse == nullptr) {
    const double another =
        certificate.bytes + footprint.maps_of_a_queue(plan.weights) + (on_host ? 0.0 : queue_bytes);
    const double left = room - needed(0.0, on_device, footprint.state(plan.batch, plan.columns));
    certificates = std::min(plan.batch, certificates_at_once(queues, left, another));
    others = static_cast<double>(certificates - 1) * another;
  }
  plan.prediction.certificates = certificates;
  plan.prediction.bytes =
      needed(models + others, on_device, footprint.state(plan.batch, plan.batch * plan.first_rank));
  plan.prediction.certificate_bytes = certificate.bytes;
  plan.prediction.multiplications = certificate.multiplications;
  plan.prediction.batch = plan.batch;
  plan.prediction.weights_on_host = plan.weights == Place::host;
  if (certificate.multiplications >= worth_timing) {
    plan.prediction.seconds = certificate.multiplications / measured_speed(backend, session.chain().widest());
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
