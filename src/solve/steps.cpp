// The steps of the solve loop but for certificates.
#include <solve/steps.hpp>

#include <ascent/patterns.hpp>
#include <network/at.hpp>
#include <solve/rounding_allowance.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::solve {
namespace {

using ascent::Ascent;
using ascent::Model;

// Multiplications that may be asked for before they are waited for: a device that is far behind would make
// nonsense of times and time limits, and one that is waited for after each sweep would stand idle.
constexpr double most_ahead = 2e12;
constexpr Index least_wave = 16;
// Sweeps that are made after a time limit too, where they and the certificates have time until nobody waits any more.
constexpr Index first_sweeps = 24;
// Single slopes of a pattern are changed for this share of a problem's sweeps, or so many multiplications.
constexpr double changes_share = 0.25;
constexpr double quick_multiplications = 1e6;
constexpr double report_interval = 0.1;
// An allowance for rounding up to this share of the bound is taken as it is.
constexpr double small_allowance = 1e-9;

/// The objective is quadratic in the FGL for a vector problem, linear otherwise.
double to_bound(double value, const problem::Problem& problem) {
  return problem.vector ? std::sqrt(value) : value;
}

double sweep_multiplications(const problem::Chain& chain, Index columns) {
  double column = 0.0;
  for (const problem::Stage& stage : chain.stages) column += 2.0 * problem::multiplications(stage);
  return std::max(1.0, column * static_cast<double>(columns));
}

void report(Batch& batch, Index rank) {
  const Session& session = batch.session;
  if (!session.settings.observer || session.budget.seconds() < batch.last_report + report_interval) return;
  batch.last_report = session.budget.seconds();
  Progress progress;
  progress.problems = std::max(session.problems, static_cast<Index>(batch.tracks.size()));
  progress.certified = session.met_before;
  progress.iteration = batch.sweeps;
  progress.rank = rank;
  progress.seconds = batch.last_report;
  progress.gap = 0.0;
  for (const Track& track : batch.tracks) {
    if (track.outcome.met) ++progress.certified;
    const double upper = track.outcome.upper;
    const double known = std::max(track.estimate, track.outcome.relaxation);
    const double gap = std::isfinite(upper) ? std::max(0.0, (upper - known) / upper)
                                            : std::numeric_limits<double>::infinity();
    progress.gap = std::max(progress.gap, gap);
  }
  session.settings.observer(progress);
}

/// The positions of the checks with this verdict.
std::vector<Index> with(Verdict verdict, const std::vector<Check>& checks) {
  std::vector<Index> positions;
  for (std::size_t b = 0; b < checks.size(); ++b) {
    if (checks[b].verdict == verdict) positions.push_back(static_cast<Index>(b));
  }
  return positions;
}

/// A float32 objective is off by its rounding: before a problem counts as settled, its relaxation is
/// evaluated in float64.
template <class T>
void confirm(Batch& batch, Ascent<T>& ascent, std::vector<Check>& checks, bool last) {
  const std::vector<Index> settled = with(Verdict::settled, checks);
  // A share of the problems at a time: float64 takes twice the room.
  const auto share = static_cast<std::size_t>(std::max<Index>(1, ascent.problems() / 4));
  for (std::size_t first = 0; first < settled.size(); first += share) {
    const std::vector<Index> some(
        settled.begin() + static_cast<std::ptrdiff_t>(first),
        settled.begin() + static_cast<std::ptrdiff_t>(std::min(settled.size(), first + share)));
    const std::vector<double> values = ascent.values64(batch.session.resident->exact(), some);
    for (std::size_t i = 0; i < some.size(); ++i) {
      Check& check = checks[static_cast<std::size_t>(some[i])];
      Track& track = batch.track(check.id);
      Outcome& outcome = track.outcome;
      const double value = to_bound(values[i], ascent.problem(some[i]));
      // an infinite one says nothing
      if (std::isfinite(value)) outcome.relaxation = std::max(outcome.relaxation, value);
      outcome.met = gap_is_met(outcome.upper, outcome.relaxation, batch.session.settings.gap);
      if (!is_settled(batch, outcome, outcome.relaxation, check.id) && !last)
        check.verdict = miss(track.history, false);
    }
  }
}

/// What rounding may do to a problem's bounds; where that is no small part of them, to first order. Problems
/// of l_1 that differ in the coordinate alone share the answer of the largest of them, which counts.
double allowance(Batch& batch, const problem::Problem& problem, const ascent::SweepNorms& norms,
                 double relaxation) {
  const Session& session = batch.session;
  const problem::Scaling& scaling = session.resident->scaling();
  Allowance& last = batch.allowance;
  const problem::Problem& known = last.problem;
  if (known.row != problem.row || known.slope_set != problem.slope_set || known.vector != problem.vector) {
    const double own = rounding_allowance(session.chain(), session.slopes, problem);
    last = {problem, std::ldexp(own, scaling.output), -1.0, 0.0};
  }
  if (last.most <= small_allowance * relaxation) return last.most;
  if (relaxation > last.relaxation) {
    const double effect = rounding_effect(session.chain(), session.slopes, scaling, problem, norms);
    last.relaxation = relaxation;
    last.least = std::min(last.most, effect);
  }
  return last.least;
}

}  // namespace

double certificate_sweeps(const Batch& batch, Index rank) {
  const Session& session = batch.session;
  return session.plan.prediction.multiplications / sweep_multiplications(session.chain(), rank);
}

template <class T>
void sweep(Batch& batch, Ascent<T>& ascent, bool due) {
  {
    const Stopwatch watch(batch.seconds.ascent);
    ascent.sweep();
    batch.ahead += sweep_multiplications(batch.session.chain(), ascent.columns());
    if (batch.ahead > most_ahead || due) {
      batch.session.backend.synchronise();
      batch.ahead = 0.0;
    }
  }
  ++batch.sweeps;
  report(batch, largest_rank(ascent));
}

bool is_over(const Batch& batch, Index problems) {
  const Budget& budget = batch.session.budget;
  const double last = budget.is_worth(batch.certificate_seconds)
                          ? batch.certificate_seconds * batch.certifiers.rounds(problems)
                          : 0.0;
  if (batch.sweeps >= batch.session.settings.max_iterations) return true;
  if (!budget.passed(last)) return false;
  // the first sweeps, if they are quick, make the difference between a bound and none
  const double sweep = batch.seconds.ascent / static_cast<double>(std::max<Index>(1, batch.sweeps));
  const auto left = static_cast<double>(first_sweeps - batch.sweeps);
  return budget.stopped() || left <= 0.0 || !budget.has(last + left * sweep);
}

template <class T>
std::vector<Check> look(Batch& batch, Ascent<T>& ascent) {
  const Stopwatch watch(batch.seconds.certificate);
  const double noise =
      sweep_noise(static_cast<double>(std::numeric_limits<T>::epsilon()), batch.session.chain().depth());
  const std::vector<double> best = ascent.best_values();
  std::vector<ascent::SweepNorms> norms = ascent.norms();
  std::vector<Check> checks(best.size());
  for (std::size_t b = 0; b < checks.size(); ++b) {
    Check& check = checks[b];
    const auto position = static_cast<Index>(b);
    check.id = ascent.id(position);
    check.norms = std::move(norms[b]);
    check.value = to_bound(best[b], ascent.problem(position));
    Track& track = batch.track(check.id);
    track.outcome.iterations = batch.sweeps;
    track.outcome.rank = ascent.rank(position);
    track.outcome.precision = std::is_same_v<T, float> ? Precision::float32 : Precision::float64;
    if (!std::isfinite(check.value)) {
      track.outcome.failed = true;
      check.verdict = Verdict::failed;
      continue;
    }
    track.estimate = check.value * (1.0 - noise);  // a float32 objective may lie above the optimum
    check.rise = (check.value - track.history.value) / check.value;
    track.is_far_below = is_far_below(check.value, batch.enough(check.id));
    check.is_ready =
        track.is_far_below || is_ready(track.history, check.rise, batch.session.settings.gap, noise);
    track.history.value = check.value;
  }
  return checks;
}

template <class T>
void decide(Batch& batch, Ascent<T>& ascent, std::vector<Check>& checks, bool last, bool may_refine) {
  const Stopwatch watch(batch.seconds.certificate);
  const double gap = batch.session.settings.gap;
  for (Check& check : checks) {
    if (check.verdict == Verdict::failed) continue;
    Track& track = batch.track(check.id);
    if (last) check.verdict = Verdict::settled;
    if (last || !check.attempted) continue;
    if (is_settled(batch, track.outcome, check.value, check.id)) {
      check.verdict = Verdict::settled;
      continue;
    }
    // what is tried before its time may fail without a meaning
    if (track.is_far_below && check.rise > gap) continue;
    const double certified_gap = check.passed ? (*check.passed - check.value) / *check.passed
                                              : std::numeric_limits<double>::infinity();
    check.verdict = judge(track.history, check.rise, certified_gap, gap,
                          batch.sweeps - track.history.grown_at, may_refine);
  }
  confirm(batch, ascent, checks, last);
  for (const Index b : with(Verdict::settled, checks)) {
    const Check& check = at(checks, b);
    Outcome& outcome = batch.track(check.id).outcome;
    outcome.allowance = allowance(batch, ascent.problem(b), check.norms, outcome.relaxation);
    if (outcome.met && !batch.known.group.empty()) {
      double& known = batch.known.bound[at(batch.known.group, check.id)];
      known = std::max(known, outcome.upper);
    }
  }
}

template <class T>
void settle(Batch& batch, Model<T>& model, Ascent<T>& ascent, const std::vector<Check>& checks) {
  const std::vector<Index> settled = with(Verdict::settled, checks);
  if (settled.empty()) return;
  const Stopwatch watch(batch.seconds.rounding);
  const Session& session = batch.session;
  const Settings& settings = session.settings;
  batch.certifiers.release_memory();
  ascent::Search search;
  search.starts = settings.starts;
  // No more columns, and no more memory, for the starts than the ascent has.
  const double share = std::is_same_v<T, float> ? session.plan.start_share32 : session.plan.start_share64;
  const Index columns =
      std::max(least_wave, static_cast<Index>(static_cast<double>(ascent.columns()) * share));
  search.wave = std::clamp<Index>(columns / static_cast<Index>(settled.size()), 1, settings.starts);
  if (session.budget.stopped()) search.starts = search.wave = 1;
  // A share of what the sweeps took, or what takes no time.
  const double pass = 0.5 * sweep_multiplications(session.chain(), 1);
  const double passes = 2.0 * static_cast<double>(batch.sweeps * batch.session.plan.first_rank);
  search.passes = std::max(changes_share * passes, quick_multiplications / pass);
  search.seed = settings.seed;
  search.stop = [&session] { return session.budget.passed(); };
  const std::vector<double> lower =
      ascent::lower_bounds(model, session.resident->exact(), session.slopes, ascent, settled, search);
  for (std::size_t i = 0; i < settled.size(); ++i) {
    Outcome& outcome = batch.track(ascent.id(settled[i])).outcome;
    outcome.lower = lower[i];
    // A pattern is a point of the relaxation too.
    outcome.relaxation = std::max(outcome.relaxation, lower[i]);
  }
}

template <class T>
Rest resize(Batch& batch, const Ascent<T>& ascent, const std::vector<Check>& checks, bool may_refine) {
  const Plan& plan = batch.session.plan;
  Rest rest;
  std::size_t stalled = 0;
  Index columns = ascent.columns();  // at the most, while problems that left are still counted
  for (std::size_t b = 0; b < checks.size(); ++b) {
    const Verdict verdict = checks[b].verdict;
    if (verdict == Verdict::settled || verdict == Verdict::failed) {
      rest.changed = true;
      continue;
    }
    const Index rank = ascent.rank(static_cast<Index>(b));
    Index next = rank;
    if (verdict == Verdict::small_rank || (verdict == Verdict::stalled && !may_refine))
      next = doubled(rank, batch.most_rank, columns, plan.columns);
    if (next > rank) {
      columns += next - rank;
      batch.track(checks[b].id).history.grown_at = batch.sweeps;
      rest.changed = rest.grown = true;
    }
    if (verdict == Verdict::stalled || (verdict == Verdict::small_rank && next == rank)) ++stalled;
    rest.kept.push_back(static_cast<Index>(b));
    rest.ranks.push_back(next);
  }
  rest.all_stalled = stalled == rest.kept.size();
  return rest;
}

bool is_settled(const Batch& batch, const Outcome& outcome, double relaxation, Index id) {
  return gap_is_met(outcome.upper, relaxation, batch.session.settings.gap) ||
         outcome.upper <= batch.enough(id);
}

#define GEOLIP_INSTANTIATE(T)                                                     \
  template void sweep(Batch&, Ascent<T>&, bool);                                  \
  template std::vector<Check> look(Batch&, Ascent<T>&);                           \
  template void decide(Batch&, Ascent<T>&, std::vector<Check>&, bool, bool);      \
  template void settle(Batch&, Model<T>&, Ascent<T>&, const std::vector<Check>&); \
  template Rest resize(Batch&, const Ascent<T>&, const std::vector<Check>&, bool);
GEOLIP_INSTANTIATE(float)
GEOLIP_INSTANTIATE(double)
#undef GEOLIP_INSTANTIATE

}  // namespace geolip::solve
