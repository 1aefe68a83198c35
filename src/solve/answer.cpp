#include <solve/answer.hpp>

#include <baselines/product_cost.hpp>
#include <geolip/baselines.hpp>
#include <problem/absolute.hpp>
#include <problem/dual_norm.hpp>
#include <solve/batch.hpp>
#include <solve/coordinates.hpp>
#include <solve/estimate_on.hpp>
#include <solve/proofs.hpp>
#include <solve/prove.hpp>
#include <solve/rounding_allowance.hpp>
#include <solve/tasks.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <span>

namespace geolip {
namespace solve {
namespace {

// Outputs whose rows are bounded together in a network of their own, where a vector in l_inf has more.
constexpr Index most_outputs_at_once = 256;
// Relative rounding of the relaxation, which is a sum in float64: an upper bound further below it is none.
constexpr double order_rounding = 1e-9;
// The product bound may be the better one where a certificate is poor, but not at the price of minutes; and
// where no time is left, not of more than a second.
constexpr double most_product_multiplications = 2e10;
constexpr double most_late_multiplications = 1e9;

// The products that a gradient of this size is made of have not lost digits to underflow.
constexpr double least_accurate = 1e-200;

/// n with all entries of a row but zeros between 2^-n and 2^n.
int row_room(const problem::Row& row) {
  int room = 0;
  for (const double u : row.value) {
    if (u != 0.0) room = std::max(room, std::abs(std::ilogb(u)) + 1);
  }
  return room;
}

/// A network without a hidden layer has one gradient, B'u.
void solve_linear(Session& session, std::span<const Task> tasks) {
  const Norm norm = session.query.norm;
  const std::vector<double> origin(static_cast<std::size_t>(session.network.inputs()), 0.0);
  const problem::Stage& stage = session.chain().stages.front();
  const bool one_layer = stage.steps.size() == 1;
  for (const Task& task : tasks) {
    Bound& bound = session.result.bounds[task.objective];
    const std::vector<double> gradient = session.network.gradient(origin, task.problem.row.dense());
    const double value = problem::dual_norm(gradient, norm);
    const double rounding = rounding_of_sums(session.chain(), session.slopes, task.problem) +
                            (8.0 + static_cast<double>(gradient.size())) * 0x1p-53 * value;
    // what cancels is no part of the gradient, but of the product; tiny numbers may be made of smaller ones, where there
    // are products at all
    const bool sums_alone = one_layer && task.problem.row.has_units();
    const bool accurate =
        sums_alone || (value > least_accurate && problem::keeps_products(stage, row_room(task.problem.row)));
    bound.upper = product_bound(session.network, norm, bound.objective);
    const double above = std::nextafter(value + 2.0 * rounding, std::numeric_limits<double>::infinity());
    if (accurate) bound.upper = std::min(bound.upper, above);
    bound.lower = bound.relaxation =
        accurate ? std::clamp(std::nextafter(value - rounding, 0.0), 0.0, bound.upper) : 0.0;
    // sums of subnormal numbers are exact
    const bool one_entry = std::count(gradient.begin(), gradient.end(), 0.0) + 1 == std::ssize(gradient);
    if (sums_alone && rounding == 0.0 && (norm != Norm::l2 || one_entry))
      bound.lower = bound.relaxation = bound.upper = value;
    bound.proofs.push_back(make_linear_proof(bound.upper, gradient, session.chain(), norm));
  }
}

bool is_above_relaxation(double upper, const Bound& bound) {
  return upper >= bound.relaxation * (1.0 - order_rounding);
}

// A network with more multiplications than this would need too much memory for its gradients.
constexpr double most_gradient_multiplications = 1e8;
constexpr Index gradient_inputs = 2;

/// An upper bound below a gradient of the network, or below the relaxation, is none: rounding has eaten the
/// certificate.
void drop_impossible(Session& session) {
  double multiplications = 0.0;
  for (const problem::Stage& stage : session.chain().stages)
    multiplications += problem::multiplications(stage);
  std::vector<double> gradients(session.result.bounds.size(), 0.0);
  if (multiplications <= most_gradient_multiplications && !session.budget.stopped()) {
    gradients = gradient_bounds(session.network, session.query.norm, session.query.objectives,
                                random_inputs(gradient_inputs, session.network.inputs(), 0));
  }
  for (std::size_t b = 0; b < gradients.size(); ++b) {
    Bound& bound = session.result.bounds[b];
    // slopes of their own may leave out what the network itself does
    const double gradient = bound.objective.slopes ? 0.0 : gradients[b];
    if (is_above_relaxation(bound.upper, bound) && bound.upper >= gradient * (1.0 - order_rounding)) continue;
    bound.upper = std::numeric_limits<double>::infinity();
    bound.proofs.clear();
  }
}

/// Where no certificate was reached the product bound stands in; where certificates are poor, it may be
/// better.
void try_products(Session& session) {
  const bool cheap = baselines::product_multiplications(session.network, session.query.norm) <=
                     (session.budget.passed() ? most_late_multiplications : most_product_multiplications);
  std::vector<Bound*> bounds;
  std::vector<Objective> objectives;
  for (Bound& bound : session.result.bounds) {
    if (std::isfinite(bound.upper) && (!cheap || bound.gap() <= session.settings.gap)) continue;
    bounds.push_back(&bound);
    objectives.push_back(bound.objective);
  }
  if (bounds.empty()) return;
  const std::vector<double> products = product_bounds(session.network, session.query.norm, objectives);
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    Bound& bound = *bounds[i];
    const bool stands_in = !std::isfinite(bound.upper);
    if (!stands_in && !(products[i] < bound.upper && is_above_relaxation(products[i], bound))) continue;
    bound.upper = products[i];
    bound.proofs.clear();
  }
}

/// What makes the bounds of an objective worthless, or null.
const char* fault(const Bound& bound) {
  if (!std::isfinite(bound.upper)) return "no upper bound was found in the range of double precision";
  const bool ordered = bound.lower >= 0.0 && bound.relaxation >= bound.lower &&
                       bound.lower <= bound.upper * (1.0 + order_rounding);
  return ordered ? nullptr : "its bounds contradict each other: they leave the range of double precision";
}

void fail(Bound& bound, const char* reason) {
  bound.lower = bound.relaxation = 0.0;
  bound.upper = std::numeric_limits<double>::infinity();
  bound.status = Status::failed;
  bound.reason = reason;
  bound.proofs.clear();
}

/// Why the gap of a bound is not met.
const char* limit_reason(const Session& session, const Bound& bound) {
  if (session.budget.stopped()) return "the run was stopped";
  if (session.budget.passed()) return "the time limit ended the run";
  if (bound.iterations >= session.settings.max_iterations) return "the limit of sweeps was reached";
  return "no certificate met the gap";
}

/// Statuses follow from the gaps.
void finish(Session& session) {
  drop_impossible(session);
  try_products(session);
  for (Bound& bound : session.result.bounds) {
    if (const char* reason = fault(bound)) {
      fail(bound, reason);
    } else if (bound.gap() <= session.settings.gap) {
      bound.status = Status::certified;
    } else {
      bound.status = Status::limit;
      bound.reason = limit_reason(session, bound);
    }
  }
  prove_bounds(session);
  for (Bound& bound : session.result.bounds) bound.seconds.total = session.budget.seconds();
  session.result.stopped = session.budget.stopped();
}

/// Leaves a network's weights alone on the device, however a query ends.
struct Guest {
  Resident& resident;
  explicit Guest(Resident& of) : resident(of) {}
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  Guest(Guest&&) = delete;
  Guest& operator=(Guest&&) = delete;
  ~Guest() { resident.rest(); }
};

/// Plans and solves some problems.
void solve_tasks(Session& session, std::span<const Task> tasks) {
  session.plan = make_plan(session, {tasks.begin(), tasks.end()});
  const bool is_first = session.result.prediction.batch == 0;
  if (is_first) {
    session.result.prediction = session.plan.prediction;
    if (session.settings.begin) session.settings.begin(session.result.device, session.plan.prediction);
  }
  const bool scalar =
      std::none_of(tasks.begin(), tasks.end(), [](const Task& t) { return t.problem.vector || t.row >= 0; });
  if (session.chain().depth() == 0 && scalar) return solve_linear(session, tasks);
  const Guest guest(*session.resident);
  session.resident->prepare(session.plan, session.slopes, session.slope_sets);
  if (session.query.norm == Norm::l1) {
    solve_coordinates(session, tasks);
  } else {
    solve_batches(session, tasks);
  }
}

/// l_inf, where a vector has many rows: a state of problems and outputs would grow with the square of their
/// number, so that some outputs at a time make a network of their own.
void solve_rows(Session& session, std::span<const Task> tasks) {
  Resident& whole = *session.resident;
  std::vector<Task> others;                      // objectives that are no vector
  std::map<Index, std::vector<Task>> by_output;  // the others, by the part of the outputs that they read
  for (const Task& task : tasks)
    (task.row < 0 ? others : by_output[task.row / most_outputs_at_once]).push_back(task);
  if (!others.empty()) solve_tasks(session, others);
  for (auto& [part, own] : by_output) {
    if (session.result.prediction.batch > 0 && session.budget.passed()) {
      leave_out(session, own);
      continue;
    }
    const Index first = part * most_outputs_at_once;
    const Index count = std::min(most_outputs_at_once, session.network.outputs() - first);
    Layer end;
    Resident rows(session.backend, session.network, problem::with_outputs(whole.chain(), first, count, end));
    for (Task& task : own) task.problem.row = problem::Row::unit(task.row - first, count);
    session.resident = &rows;
    solve_tasks(session, own);
  }
  session.resident = &whole;
}

}  // namespace

Result answer(Resident& resident, const Query& query, const Settings& settings) {
  check_settings(settings);
  Session session(resident, query, settings);
  const std::vector<Task> tasks = make_tasks(session);
  if (query.norm != Norm::l1) session.problems = static_cast<Index>(tasks.size());
  if (query.norm == Norm::linf && session.network.outputs() > most_outputs_at_once) {
    solve_rows(session, tasks);
  } else if (!tasks.empty()) {
    solve_tasks(session, tasks);
  }
  finish(session);
  return std::move(session.result);
}

}  // namespace solve

Result estimate_on(backend::Backend& backend, const Network& network, const Query& query,
                   const Settings& settings) {
  solve::Resident resident(backend, network);
  return solve::answer(resident, query, settings);
}

}  // namespace geolip
