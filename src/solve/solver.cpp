#include <solve/rounding_allowance.hpp>
#include <solve/solver.hpp>

#include <ascent/patterns.hpp>
#include <geolip/error.hpp>
#include <operators/footprint.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace geolip::solve {
namespace {

using ascent::Ascent;
using ascent::Model;
using ascent::Release;

// Sweeps before the first check, and the growth of the distance to the next.
constexpr Index first_check = 24;
constexpr double check_growth = 1.3;
// Sweeps between two checks cost at least this share of a certificate's multiplications. Where that is what
// spaces them, their distances double.
constexpr double sweeps_share = 0.1;
constexpr double costly_growth = 2.0;
// Multiplications that may be asked for before they are waited for: a device that is far behind would make
// nonsense of times and time limits, and one that is waited for after each sweep would stand idle.
constexpr double most_ahead = 2e12;
// Certificates in a row that miss the gap before float32 gives way to float64, and before the rank is raised:
// more of them while the objective still rises by more than this share of the gap between checks.
constexpr int patience = 3;
constexpr int rising_patience = 12;
// A rise of the objective below so many squares of the gap, or so many units of rounding a layer, makes a
// certificate worth its time; so many checks at the most go without one.
constexpr double hopeful_rise = 100.0;
constexpr double noise_units = 16.0;
constexpr int most_skipped = 3;
// Sweeps that new columns get to show what they are worth.
constexpr Index settle_sweeps = 80;
constexpr double still_rising = 0.05;
// Certified gaps above this say little about the rank.
constexpr double trusted_gap = 0.01;
constexpr Index least_rank = 16;
constexpr Index least_wave = 16;
constexpr double report_interval = 0.1;
// A share of the gap that an inflation may cost.
constexpr double gap_share = 0.5;
// A problem this many times below what is good enough for it is tried before it has settled down.
constexpr double far_below = 1.25;
// An allowance for rounding up to this share of the bound is taken as it is.
constexpr double small_allowance = 1e-9;

/// Adds the time of a scope to a total.
class Stopwatch {
 public:
  explicit Stopwatch(double& total) : total_(total), start_(std::chrono::steady_clock::now()) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  Stopwatch(Stopwatch&&) = delete;
  Stopwatch& operator=(Stopwatch&&) = delete;
  ~Stopwatch() { total_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double& total_;
  std::chrono::steady_clock::time_point start_;
};

/// Near an optimum the objective errs by the square of what the multipliers err by. An objective that rises
/// by much less than the square of the certified gap has therefore converged to a point that is not the SDP's
/// optimum: the rank is too small.
bool rank_limited(double rise, double gap) { return gap < trusted_gap && rise < 0.1 * gap * gap; }

/// The objective is quadratic in the FGL for a vector problem, linear otherwise.
double to_bound(double value, const ascent::Problem& problem) {
  return problem.vector ? std::sqrt(value) : value;
}

/// Numbers of a column of the ascent over those of a column of rank-one starts, each a problem of its own; at
/// most 1.
double start_share(const problem::Chain& chain, Norm norm, std::size_t size) {
  const auto input = static_cast<double>(norm == Norm::l1 ? 1 : chain.inputs);
  const auto outputs = static_cast<double>(chain.stages.back().outputs);
  double layers = 0.0;
  double widest = std::max(input, outputs);
  for (Index k = 0; k < chain.depth(); ++k) {
    const auto n = static_cast<double>(chain.stages[static_cast<std::size_t>(k)].outputs);
    layers += n;
    widest = std::max(widest, n);
  }
  // s and s_hat of all blocks, w of the layers, two buffers
  const double ascent = 2.0 * input + 3.0 * layers + 2.0 * widest;
  // no s; each problem's row of the objective in float64, and in l_1 its column of the first map
  const double first = norm == Norm::l1 ? static_cast<double>(chain.stages.front().outputs) : 0.0;
  const double objective = outputs * static_cast<double>(sizeof(double)) / static_cast<double>(size);
  return std::min(1.0, ascent / (input + 2.0 * layers + 2.0 * widest + objective + first));
}

std::vector<Index> iota(Index n) {
  std::vector<Index> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

}  // namespace

/// About the square root of the widest layer is what the SDP's optimum needs in practice. The constraints of
/// two neighbouring layers are what counts for the least rank at which no bad local optimum is expected
/// (Barvinok, Pataki), however deep the network: twice the square root of their number is always enough.
Ranks choose_ranks(const Settings& settings, const problem::Chain& chain) {
  const Index widest = operators::widest_layer(chain);
  Index rank = least_rank;
  while (rank * rank < widest) rank *= 2;
  Index enough = least_rank;
  while (enough * enough < 8 * widest) enough *= 2;
  const Index first = settings.rank > 0 ? settings.rank : std::min(rank, settings.max_rank);
  const Index least = settings.rank > 0 ? settings.rank : std::min(first, least_rank);
  return {first, std::max(first, std::min(enough, settings.max_rank)), least};
}

Solver::Solver(backend::Backend& backend, const problem::Chain& chain,
               const std::vector<problem::LayerSlopes>& slopes, const problem::Scaling& scaling, Norm norm,
               std::vector<ascent::Problem> problems, const Settings& settings, const Room& room,
               const Deadline& deadline, const Common& common)
    : backend_(backend),
      chain_(chain),
      slopes_(slopes),
      scaling_(scaling),
      norm_(norm),
      problems_(std::move(problems)),
      settings_(settings),
      room_(room),
      deadline_(deadline),
      common_(common),
      exact_(backend, chain, slopes, scaling, norm, common.weights),
      certifiers_(backend, common.queues, exact_.maps, chain, scaling, slopes, norm),
      tracks_(problems_.size()),
      certificate_seconds_(room.certificate_seconds) {
  for (Track& track : tracks_) track.inflation = room.inflation;
}

void Solver::run() {
  std::vector<Index> unsettled;
  const auto count = static_cast<Index>(problems_.size());
  max_rank_ = std::max(room_.first_rank, choose_ranks(settings_, chain_).most);
  if (settings_.precision == Precision::float64) {
    Ascent<double> ascent(exact_, problems_, iota(count), room_.first_rank, settings_.seed);
    iterate(exact_, ascent, unsettled);
    return;
  }
  std::optional<Ascent<double>> finer;
  {
    Model<float> model(backend_, chain_, slopes_, scaling_, norm_, common_.weights);
    Ascent<float> ascent(model, problems_, iota(count), room_.first_rank, settings_.seed);
    iterate(model, ascent, unsettled);
    if (unsettled.empty()) return;
    std::vector<Index> kept;
    for (const Index b : unsettled) kept.push_back(ascent.rank(b));
    finer.emplace(exact_, ascent, unsettled, kept, settings_.seed, Release::yes);
  }
  unsettled.clear();
  iterate(exact_, *finer, unsettled);
}

/// Sweeps until every problem is settled, or (float32 with automatic precision) those left have stalled.
template <class T>
void Solver::iterate(Model<T>& model, Ascent<T>& ascent, std::vector<Index>& unsettled) {
  const bool may_refine = std::is_same_v<T, float> && settings_.precision == Precision::automatic;
  Index interval = std::max(first_check, least_interval(ascent.rank(0)));
  effort_ = effort(ascent.rank(0));
  next_check_ = iteration_ + interval;
  double ahead = 0.0;
  while (ascent.problems() > 0) {
    {
      const Stopwatch watch(times_.ascent);
      ascent.sweep();
      ahead += sweep_multiplications(ascent.columns());
      if (ahead > most_ahead || iteration_ + 1 >= next_check_) {
        backend_.synchronise();
        ahead = 0.0;
      }
    }
    ++iteration_;
    Index rank = 0;
    for (Index b = 0; b < ascent.problems(); ++b) rank = std::max(rank, ascent.rank(b));
    report(rank);
    const double still_to_come = has_time_for_last() ? certificate_seconds_ * rounds(ascent.problems()) : 0.0;
    const bool last = deadline_.passed(still_to_come) || iteration_ >= settings_.max_iterations;
    if (!last && iteration_ < next_check_) continue;

    std::vector<Verdict> verdicts(static_cast<std::size_t>(ascent.problems()), Verdict::go_on);
    const bool attempted = check(ascent, verdicts, last, may_refine);
    effort_ = effort(rank);
    const Index least = least_interval(rank);
    interval = static_cast<Index>(static_cast<double>(interval) *
                                  (least > first_check && attempted ? costly_growth : check_growth));
    interval = std::max(interval, least);
    next_check_ = iteration_ + std::max(first_check / 2, interval);

    std::vector<Index> settled;
    std::vector<Index> rest;
    std::vector<Index> ranks;
    bool grown = false;
    bool failed = false;
    std::size_t stalled = 0;
    Index columns = ascent.columns();  // at the most, while settled problems are still counted
    for (Index b = 0; b < ascent.problems(); ++b) {
      const Verdict verdict = verdicts[static_cast<std::size_t>(b)];
      if (verdict == Verdict::failed) {
        failed = true;
        continue;
      }
      if (verdict == Verdict::settled) {
        settled.push_back(b);
        continue;
      }
      rest.push_back(b);
      Index r = ascent.rank(b);
      const Index more = std::min(2 * r, max_rank_);
      const bool can_grow = r < max_rank_ && columns + more - r <= room_.columns;
      if (verdict == Verdict::stalled || (verdict == Verdict::rank_limited && !can_grow)) ++stalled;
      if (can_grow && (verdict == Verdict::rank_limited || (verdict == Verdict::stalled && !may_refine))) {
        columns += more - r;
        r = more;
        tracks_[static_cast<std::size_t>(ascent.id(b))].grown_at = iteration_;
        grown = true;
      }
      ranks.push_back(r);
    }
    if (!settled.empty()) settle(model, ascent, settled);
    if (rest.empty()) return;
    if (may_refine && stalled == rest.size()) {
      unsettled = std::move(rest);
      return;
    }
    if (!settled.empty() || grown || failed) {
      ascent = Ascent<T>(model, ascent, rest, ranks, settings_.seed + static_cast<std::uint64_t>(iteration_),
                         Release::yes);
      if (grown) interval = first_check;
    }
  }
}

/// Sweeps that cost enough to make another certificate worth its time. Counted in multiplications, so that
/// the checks come at the same sweeps on every machine.
Index Solver::least_interval(Index rank) const {
  return static_cast<Index>(std::min(sweeps_share * certificate_sweeps(rank), 1e9));
}

double Solver::sweep_multiplications(Index columns) const {
  double column = 0.0;
  for (const problem::Stage& stage : chain_.stages) column += 2.0 * problem::multiplications(stage);
  return std::max(1.0, column * static_cast<double>(columns));
}

/// What a certificate of a problem with this rank costs, in its sweeps.
double Solver::certificate_sweeps(Index rank) const {
  return room_.certificate_multiplications / sweep_multiplications(rank);
}

/// How many certificates come one after the other, where as many are made at a time as there are queues.
double Solver::rounds(Index certificates) const {
  const auto at_once = static_cast<double>(common_.queues.size() + 1);
  return std::ceil(static_cast<double>(certificates) / at_once);
}

/// Certificates for the problems that seem ready for one; false if none does.
template <class T>
bool Solver::check(Ascent<T>& ascent, std::vector<Verdict>& verdicts, bool last, bool may_refine) {
  const Stopwatch watch(times_.certificate);
  const std::vector<double> best = ascent.best_values();
  const double noise = noise_units * static_cast<double>(std::numeric_limits<T>::epsilon()) *
                       static_cast<double>(chain_.depth() + 1);
  const std::vector<ascent::RawMultipliers> raw = ascent.multipliers();
  struct Attempt {
    Index problem;
    double value;
    double rise;
    std::optional<double> passed;
  };
  std::vector<Attempt> attempts;
  const bool may_end = last && has_time_for_last();
  for (Index b = 0; b < ascent.problems(); ++b) {
    Track& track = tracks_[static_cast<std::size_t>(ascent.id(b))];
    Outcome& outcome = track.outcome;
    outcome.iterations = iteration_;
    outcome.rank = ascent.rank(b);
    outcome.precision = std::is_same_v<T, float> ? Precision::float32 : Precision::float64;
    const double value = to_bound(best[static_cast<std::size_t>(b)], ascent.problem(b));
    if (!std::isfinite(value)) {
      outcome.failed = true;
      verdicts[static_cast<std::size_t>(b)] = Verdict::failed;
      continue;
    }
    track.estimate = value * (1.0 - noise);  // a float32 objective may lie above the optimum
    const double rise = (value - track.at_last_check) / value;
    track.is_far_below = value * far_below < enough(ascent.id(b));
    const bool ready = track.is_far_below || is_ready(track, rise, noise);
    track.at_last_check = value;
    if (last ? may_end : ready) attempts.push_back({b, value, rise, std::nullopt});
    if (last) verdicts[static_cast<std::size_t>(b)] = Verdict::settled;
  }
  const double start = deadline_.seconds();
  certifiers_.run(static_cast<Index>(attempts.size()), [&](Index i, certificate::Certifier& certifier) {
    if (i > 0 && last && is_too_late(start)) return;
    Attempt& attempt = attempts[static_cast<std::size_t>(i)];
    Track& track = tracks_[static_cast<std::size_t>(ascent.id(attempt.problem))];
    const ascent::Problem& problem = ascent.problem(attempt.problem);
    const certificate::Multipliers multipliers =
        certificate::make_multipliers(raw[static_cast<std::size_t>(attempt.problem)], slopes_, problem);
    attempt.passed = try_certificate(certifier, track, multipliers, problem, ascent.id(attempt.problem));
    if (last && !attempt.passed && !room_.has_bounds)
      last_certificate(certifier, track, multipliers, problem);
  });
  if (!attempts.empty()) {
    const double each = (deadline_.seconds() - start) / rounds(static_cast<Index>(attempts.size()));
    certificate_seconds_ = has_timed_ ? std::max(certificate_seconds_, each) : each;
    has_timed_ = true;
  }
  for (const Attempt& attempt : attempts) {
    Track& track = tracks_[static_cast<std::size_t>(ascent.id(attempt.problem))];
    Verdict& verdict = verdicts[static_cast<std::size_t>(attempt.problem)];
    if (last || settles(track.outcome, attempt.value, ascent.id(attempt.problem))) {
      verdict = Verdict::settled;
      continue;
    }
    // what is tried before its time may fail without a meaning
    if (track.is_far_below && attempt.rise > settings_.gap) continue;
    if (attempt.passed && iteration_ >= track.grown_at + settle_sweeps &&
        rank_limited(attempt.rise, (*attempt.passed - attempt.value) / *attempt.passed)) {
      track.misses = 0;
      verdict = Verdict::rank_limited;
      continue;
    }
    const bool rising = !may_refine && attempt.rise > still_rising * settings_.gap;
    verdict = miss(track, rising ? rising_patience : patience);
  }
  confirm(ascent, verdicts, last);
  for (Index b = 0; b < ascent.problems(); ++b) {
    if (verdicts[static_cast<std::size_t>(b)] != Verdict::settled) continue;
    Outcome& outcome = tracks_[static_cast<std::size_t>(ascent.id(b))].outcome;
    outcome.allowance = allowance(ascent.problem(b), raw[static_cast<std::size_t>(b)], outcome.relaxation);
    if (outcome.certified && !room_.group.empty()) {
      double& known = room_.known[room_.group[static_cast<std::size_t>(ascent.id(b))]];
      known = std::max(known, outcome.upper);
    }
  }
  return !attempts.empty();
}

/// What rounding may do to a problem's bounds; where that is no small part of them, to first order. Problems
/// of l_1 that differ in the coordinate alone share the answer of the largest of them, which counts.
double Solver::allowance(const ascent::Problem& problem, const ascent::RawMultipliers& raw,
                         double relaxation) {
  const ascent::Problem& known = allowance_.problem;
  if (known.row != problem.row || known.slope_set != problem.slope_set || known.vector != problem.vector) {
    const double own = rounding_allowance(chain_, slopes_, problem, norm_);
    allowance_ = {problem, std::ldexp(own, scaling_.output), -1.0, 0.0};
  }
  if (allowance_.most <= small_allowance * relaxation) return allowance_.most;
  if (relaxation > allowance_.relaxation) {
    const double effect = rounding_effect(chain_, slopes_, scaling_, problem, raw, norm_);
    allowance_.relaxation = relaxation;
    allowance_.least = std::min(allowance_.most, effect);
  }
  return allowance_.least;
}

/// Whether a certificate has a chance to meet the gap. A gap below the rise since the last check is
/// impossible. As long as the rise is well above the gap's square the multipliers are hardly good enough, but
/// not every check is passed over.
bool Solver::is_ready(Track& track, double rise, double noise) const {
  if (rise > settings_.gap) return false;
  const double small = std::max(hopeful_rise * settings_.gap * settings_.gap, noise);
  if (rise > small && ++track.skipped < most_skipped) return false;
  track.skipped = 0;
  return true;
}

Solver::Verdict Solver::miss(Track& track, int allowed) {
  if (++track.misses < allowed) return Verdict::go_on;
  track.misses = 0;
  return Verdict::stalled;
}

/// A float32 objective is off by its rounding: before a problem counts as settled, its relaxation is
/// evaluated in float64.
template <class T>
void Solver::confirm(Ascent<T>& ascent, std::vector<Verdict>& verdicts, bool last) {
  std::vector<Index> which;
  for (Index b = 0; b < ascent.problems(); ++b) {
    if (verdicts[static_cast<std::size_t>(b)] == Verdict::settled) which.push_back(b);
  }
  if (which.empty()) return;
  // A share of the problems at a time: float64 takes twice the room.
  const auto share = static_cast<std::size_t>(std::max<Index>(1, ascent.problems() / 4));
  std::vector<double> values;
  for (std::size_t first = 0; first < which.size(); first += share) {
    const auto begin = which.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = which.begin() + static_cast<std::ptrdiff_t>(std::min(which.size(), first + share));
    const std::vector<double> some = ascent.values64(exact_, {begin, end});
    values.insert(values.end(), some.begin(), some.end());
  }
  for (std::size_t i = 0; i < which.size(); ++i) {
    Track& track = tracks_[static_cast<std::size_t>(ascent.id(which[i]))];
    Outcome& outcome = track.outcome;
    // an infinite one says nothing
    const double value = to_bound(values[i], ascent.problem(which[i]));
    if (std::isfinite(value)) outcome.relaxation = std::max(outcome.relaxation, value);
    outcome.certified = met(outcome.upper, outcome.relaxation);
    if (!settles(outcome, outcome.relaxation, ascent.id(which[i])) && !last)
      verdicts[static_cast<std::size_t>(which[i])] = miss(track, patience);
  }
}

/// Lower bounds of the problems `which`.
template <class T>
void Solver::settle(Model<T>& model, Ascent<T>& ascent, const std::vector<Index>& which) {
  const Stopwatch watch(times_.rounding);
  certifiers_.release_memory();
  ascent::Search search;
  search.starts = settings_.starts;
  // No more columns, and no more memory, for the starts than the ascent has.
  const Index columns = std::max(least_wave, static_cast<Index>(static_cast<double>(ascent.columns()) *
                                                                start_share(chain_, norm_, sizeof(T))));
  search.wave = std::clamp<Index>(columns / static_cast<Index>(which.size()), 1, settings_.starts);
  search.seed = settings_.seed;
  search.stop = [this] { return deadline_.passed(); };
  const std::vector<double> lower = ascent::lower_bounds(model, exact_, slopes_, ascent, which, search);
  for (std::size_t i = 0; i < which.size(); ++i) {
    Outcome& outcome = tracks_[static_cast<std::size_t>(ascent.id(which[i]))].outcome;
    outcome.lower = lower[i];
    // A pattern is a point of the relaxation too.
    outcome.relaxation = std::max(outcome.relaxation, lower[i]);
  }
}

/// The largest inflation that may be of use: the gap's share, or what takes the bound towards one that is
/// good enough: by (M17) it grows by (1 + d)^((L + 3) / 2).
double Solver::most_inflation(const Track& track, Index id) const {
  const auto layers = static_cast<double>(chain_.depth());
  const double of_gap = gap_share * settings_.gap / (layers + 1.0);
  if (!track.is_far_below || !(track.estimate > 0.0)) return of_gap;
  return std::max(of_gap, gap_share * (std::pow(enough(id) / track.estimate, 2.0 / (layers + 3.0)) - 1.0));
}

bool Solver::met(double upper, double relaxation) const {
  return std::isfinite(upper) && upper - relaxation <= settings_.gap * upper;
}

void Solver::report(Index rank) {
  if (!settings_.observer || deadline_.seconds() < last_report_ + report_interval) return;
  last_report_ = deadline_.seconds();
  Progress progress;
  progress.problems = static_cast<Index>(tracks_.size());
  progress.iteration = iteration_;
  progress.rank = rank;
  progress.seconds = last_report_;
  progress.gap = 0.0;
  for (const Track& track : tracks_) {
    if (track.outcome.certified) ++progress.certified;
    const double upper = track.outcome.upper;
    const double known = std::max(track.estimate, track.outcome.relaxation);
    const double gap = std::isfinite(upper) ? std::max(0.0, (upper - known) / upper)
                                            : std::numeric_limits<double>::infinity();
    progress.gap = std::max(progress.gap, gap);
  }
  settings_.observer(progress);
}

}  // namespace geolip::solve
