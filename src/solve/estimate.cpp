#include <geolip/estimate.hpp>

#include <baselines/product_cost.hpp>
#include <geolip/baselines.hpp>
#include <geolip/error.hpp>
#include <solve/choose_backend.hpp>
#include <solve/coordinate_search.hpp>
#include <solve/estimate_on.hpp>
#include <solve/plan.hpp>
#include <solve/proofs.hpp>
#include <solve/rounding_allowance.hpp>
#include <solve/session.hpp>
#include <solve/verification.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <span>

namespace geolip {
namespace {

using ascent::Problem;
using solve::Task;

void check_settings(const Settings& s) {
  const auto require = [](bool ok, const char* what) {
    if (!ok) throw QueryError(what);
  };
  require(s.gap > 0.0 && s.gap < 1.0, "gap: it must lie between 0 and 1");
  require(s.max_iterations >= 1, "max-iterations: at least one sweep is needed");
  require(s.time_limit > 0.0, "time-limit: it must be positive");
  require(s.rank >= 0, "rank: it must not be negative");
  require(s.max_rank >= 1, "max-rank: it must be at least 1");
  require(s.max_rank >= s.rank, "max-rank: it must not be smaller than rank");
  require(s.max_rank <= 4096, "max-rank: more than 4096 is not supported");
  require(s.starts >= 1, "starts: at least one is needed");
  require(s.threads >= 0, "threads: it must not be negative");
}

/// The problems of a query.
std::vector<Task> expand(const Query& query, Index outputs, const std::vector<Index>& slope_sets) {
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < query.objectives.size(); ++i) {
    const Objective& o = query.objectives[i];
    Problem problem;
    problem.slope_set = slope_sets[i];
    problem::check_objective(o, query.norm, outputs);
    if (o.kind != Objective::Kind::vector) {
      problem.row = problem::objective_row(o, outputs);
      tasks.push_back({problem, i, -1});
    } else if (query.norm == Norm::l2) {
      problem.vector = true;
      tasks.push_back({problem, i, -1});
    } else {
      // l_inf -> l_inf: the maximum over the rows, exactly
      for (Index k = 0; k < outputs; ++k) {
        problem.row = problem::Row::unit(k, outputs);
        tasks.push_back({problem, i, k});
      }
    }
  }
  return tasks;
}

/// l_inf and l_2: some problems as one batch.
void solve_batch(solve::Session& session, std::span<const Task> tasks, const Settings& settings) {
  const Norm norm = session.query.norm;
  std::vector<Problem> problems;
  for (const Task& task : tasks) problems.push_back(task.problem);
  const ascent::Calibration calibration = ascent::calibrate(
      session.backend, session.chain, session.slopes, norm, problems, settings.seed, session.common.weights);
  std::vector<Problem> scaled(problems);
  solve::scale_rows(scaled, calibration.rows);
  solve::Solver solver(session.backend, session.chain, session.slopes, calibration.scaling, norm, scaled,
                       settings, session.plan.room(), session.deadline, session.common);
  solver.run();
  Seconds seconds;
  solve::add_times(solver, seconds);
  for (std::size_t b = 0; b < problems.size(); ++b) {
    Bound& bound = session.result.bounds[tasks[b].objective];
    const int exponent = calibration.scaling.output + calibration.rows[b];
    const solve::Outcome& outcome = solver.outcome(static_cast<Index>(b));
    solve::merge(outcome, exponent, bound);
    bound.seconds = seconds;
    if (outcome.passed.empty()) continue;
    bound.proofs.push_back(
        solve::make_proof(outcome.passed.front(), session.chain, calibration.scaling, exponent, norm));
    bound.proofs.back().objective_row = tasks[b].row;
  }
}

/// l_inf and l_2: all problems, as many at a time as fit. `before` of all `problems` of the query have been
/// solved before.
void solve_batches(solve::Session& session, std::span<const Task> tasks, std::size_t before,
                   std::size_t problems) {
  solve::by_batches(session.plan, tasks.size(), [&](std::size_t first, std::size_t count) {
    Settings settings = session.settings;
    if (settings.observer && count < problems) {
      settings.observer = [&](Progress progress) {
        progress.problems = static_cast<Index>(problems);
        progress.certified += static_cast<Index>(before + first);
        session.settings.observer(progress);
      };
    }
    solve_batch(session, tasks.subspan(first, count), settings);
  });
}

// The products that a gradient of this size is made of have not lost digits to underflow.
constexpr double least_accurate = 1e-200;

/// The dual norm of a gradient, without overflow or underflow on the way.
double dual_norm(const std::vector<double>& g, Norm norm) {
  double largest = 0.0;
  for (const double x : g) largest = std::max(largest, std::abs(x));
  if (norm == Norm::l1 || !(largest > 0.0) || !std::isfinite(largest)) return largest;
  double sum = 0.0;
  for (const double x : g) {
    const double share = std::abs(x) / largest;
    sum += norm == Norm::linf ? share : share * share;
  }
  return largest * (norm == Norm::linf ? sum : std::sqrt(sum));
}

/// A network without a hidden layer has one gradient, B'u.
void solve_linear(solve::Session& session, const std::vector<Task>& tasks) {
  const Norm norm = session.query.norm;
  const std::vector<double> origin(static_cast<std::size_t>(session.network.inputs()), 0.0);
  const bool one_layer = session.chain.stages.front().steps.size() == 1;
  for (const Task& task : tasks) {
    Bound& bound = session.result.bounds[task.objective];
    const std::vector<double> gradient = session.network.gradient(origin, task.problem.row.dense());
    const double value = dual_norm(gradient, norm);
    const double rounding = solve::rounding_of_sums(session.chain, session.slopes, task.problem, norm) +
                            (8.0 + static_cast<double>(gradient.size())) * 0x1p-53 * value;
    // what cancels is no part of the gradient, but of the product; tiny numbers may be made of smaller ones
    const bool is_copy = one_layer && bound.objective.kind == Objective::Kind::output;
    const bool accurate = value > least_accurate || is_copy;
    bound.upper = product_bound(session.network, norm, bound.objective);
    if (value > least_accurate) bound.upper = std::min(bound.upper, value + 2.0 * rounding);
    bound.lower = bound.relaxation = accurate ? std::clamp(value - rounding, 0.0, bound.upper) : 0.0;
    bound.proofs.push_back(solve::make_linear_proof(bound.upper, gradient, norm));
  }
}

// Outputs whose rows are bounded together in a network of their own, where a vector in l_inf has more.
constexpr Index most_outputs_at_once = 256;
// Relative rounding of the relaxation, which is a sum in float64: an upper bound further below it is none.
constexpr double order_rounding = 1e-9;
// The product bound may be the better one where a certificate is poor, but not at the price of minutes; and
// where no time is left, not of more than a second.
constexpr double most_product_multiplications = 2e10;
constexpr double most_late_multiplications = 1e9;

bool is_above_relaxation(double upper, const Bound& bound) {
  return upper >= bound.relaxation * (1.0 - order_rounding);
}

// A network with more multiplications than this would need too much memory for its gradients.
constexpr double most_gradient_multiplications = 1e8;
constexpr Index gradient_inputs = 2;

/// An upper bound below a gradient of the network, or below the relaxation, is none: rounding has eaten the
/// certificate.
void drop_impossible(solve::Session& session) {
  double multiplications = 0.0;
  for (const problem::Stage& stage : session.chain.stages) multiplications += problem::multiplications(stage);
  std::vector<double> gradients(session.result.bounds.size(), 0.0);
  if (multiplications <= most_gradient_multiplications && !session.deadline.stopped()) {
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
void try_products(solve::Session& session) {
  const bool cheap = baselines::product_multiplications(session.network, session.query.norm) <=
                     (session.deadline.passed() ? most_late_multiplications : most_product_multiplications);
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
const char* limit_reason(const solve::Session& session, const Bound& bound) {
  if (session.deadline.stopped()) return "the run was stopped";
  if (session.deadline.passed()) return "the time limit ended the run";
  if (bound.iterations >= session.settings.max_iterations) return "the limit of sweeps was reached";
  return "no certificate met the gap";
}

/// Statuses follow from the gaps.
void finish(solve::Session& session) {
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
  solve::verify_bounds(session);
  for (Bound& bound : session.result.bounds) bound.seconds.total = session.deadline.seconds();
  session.result.stopped = session.deadline.stopped();
}

/// Plans and solves some problems. `before` of all `problems` of the query have been solved before.
void solve_tasks(solve::Session& session, const std::vector<Task>& tasks, std::size_t before,
                 std::size_t problems) {
  session.plan = solve::make_plan(session, tasks);
  solve::set_up_common(session);
  if (before == 0) {
    session.result.prediction = session.plan.prediction;
    if (session.settings.begin) session.settings.begin(session.result.device, session.plan.prediction);
  }
  const bool scalar =
      std::none_of(tasks.begin(), tasks.end(), [](const Task& t) { return t.problem.vector || t.row >= 0; });
  if (session.chain.depth() == 0 && scalar) {
    solve_linear(session, tasks);
  } else if (session.query.norm != Norm::l1) {
    solve_batches(session, tasks, before, problems);
  } else {
    solve::solve_coordinates(session, tasks);
  }
}

/// l_inf, where a vector has many rows: a state of problems and outputs would grow with the square of their
/// number, so that some outputs at a time make a network of their own.
void solve_rows(solve::Session& session, const std::vector<Task>& tasks) {
  const problem::Chain whole = session.chain;
  std::vector<Task> others;                      // objectives that are no vector
  std::map<Index, std::vector<Task>> by_output;  // the others, by the part of the outputs that they read
  for (const Task& task : tasks) {
    if (task.row < 0) {
      others.push_back(task);
    } else {
      by_output[task.row / most_outputs_at_once].push_back(task);
    }
  }
  std::size_t before = 0;
  if (!others.empty()) solve_tasks(session, others, 0, tasks.size());
  before += others.size();
  for (auto& [part, own] : by_output) {
    const Index first = part * most_outputs_at_once;
    const Index count = std::min(most_outputs_at_once, session.network.outputs() - first);
    Layer end;
    session.chain = problem::with_outputs(whole, first, count, end);
    for (Task& task : own) task.problem.row = problem::Row::unit(task.row - first, count);
    solve_tasks(session, own, before, tasks.size());
    before += own.size();
    session.common = {};  // it knows `end`
  }
  session.chain = whole;
}

}  // namespace

Result estimate(const Network& network, const Query& query, const Settings& settings) {
  check_settings(settings);
  return solve::run_on_chosen(network, query, settings, [&](backend::Backend& backend, const Settings& with) {
    return estimate_on(backend, network, query, with);
  });
}

Result estimate_on(backend::Backend& backend, const Network& network, const Query& query,
                   const Settings& settings) {
  check_settings(settings);
  if (query.objectives.empty()) throw QueryError("query: no objective is given");

  std::vector<const SlopeOverride*> overrides;
  std::vector<Index> slope_sets;
  for (const Objective& o : query.objectives) {
    if (o.slopes) overrides.push_back(&*o.slopes);
    slope_sets.push_back(o.slopes ? static_cast<Index>(overrides.size()) : 0);
  }
  const std::vector<Task> all = expand(query, network.outputs(), slope_sets);
  problem::Chain chain = problem::make_chain(network);
  std::vector<problem::LayerSlopes> slopes = problem::make_slopes(chain, overrides);
  solve::Session session{network, query, settings, std::move(chain),         std::move(slopes), backend,
                         {},      {},    {},       solve::Deadline(settings)};
  session.result.device = session.backend.name();
  for (const Objective& o : query.objectives) {
    Bound bound;
    bound.objective = o;
    bound.norm = query.norm;
    session.result.bounds.push_back(std::move(bound));
  }

  // Objectives that no path joins to the input are exactly zero; the others go into the batch.
  std::vector<problem::SlopeDemand> demands;
  for (const Task& task : all) demands.push_back({task.problem.slope_set, task.problem.row});
  const std::vector<problem::SlopeAnswer> answers =
      problem::narrow_slopes(session.chain, session.slopes, demands);
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (answers[i].connected) {
      tasks.push_back(all[i]);
      tasks.back().problem.slope_set = answers[i].set;
    } else {
      Proof& zero = session.result.bounds[all[i].objective].proofs.emplace_back();
      zero.objective_row = all[i].row;
      if (query.norm == Norm::l1) zero.coordinates = solve::all_coordinates(network.inputs());
    }
  }
  if (query.norm == Norm::linf && network.outputs() > most_outputs_at_once) {
    solve_rows(session, tasks);
  } else if (!tasks.empty()) {
    solve_tasks(session, tasks, 0, tasks.size());
  }
  finish(session);
  return std::move(session.result);
}

}  // namespace geolip
