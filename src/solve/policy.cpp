#include <solve/policy.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::solve {
namespace {

constexpr Index least_rank = 16;
// Sweeps before the first check, and the growth of the distance to the next.
constexpr Index first_interval = 24;
constexpr double check_growth = 1.3;
// Sweeps between two checks cost at least this share of a certificate's multiplications. Where that is what
// spaces them, their distances double.
constexpr double sweeps_share = 0.1;
constexpr double costly_growth = 2.0;
constexpr double most_sweeps = 1e9;
// Where a certificate costs as many sweeps, inflations are tried in larger steps; and where it costs so many
// more, the largest alone.
constexpr double dear_sweeps = 10.0;
constexpr double costly_sweeps = 64.0;
// Certificates in a row that miss the gap before float32 gives way to float64, and before the rank is raised:
// more of them while the objective still rises by more than this share of the gap between checks.
constexpr int patience = 3;
constexpr int rising_patience = 12;
constexpr double still_rising = 0.05;
// A rise of the objective below so many squares of the gap, or so many units of rounding a layer, makes a
// certificate worth its time; so many checks at the most go without one.
constexpr double hopeful_rise = 100.0;
constexpr double noise_units = 16.0;
constexpr int most_skipped = 3;
// Sweeps that new columns get to show what they are worth.
constexpr Index settle_sweeps = 80;
// Certified gaps above this say little about the rank; below, a rise under this share of the gap's square
// does.
constexpr double trusted_gap = 0.01;
constexpr double resting_rise = 0.1;
// Inflations d that a check tries, smallest first (docs/method.md, (M17)), and the share of the gap that one
// may cost.
constexpr double least_inflation = 1e-9;
constexpr double cheap_growth = 10.0;
constexpr double dear_growth = 1e3;
constexpr double gap_share = 0.5;
// A problem this many times below what is good enough for it is tried before it has settled down.
constexpr double far_below = 1.25;

Index least_interval(double certificate_sweeps) {
  return static_cast<Index>(std::min(sweeps_share * certificate_sweeps, most_sweeps));
}

}  // namespace

Ranks choose_ranks(Index named, Index most, Index widest_layer) {
  Index rank = least_rank;
  while (rank * rank < widest_layer) rank *= 2;
  Index enough = least_rank;
  while (enough * enough < 8 * widest_layer) enough *= 2;
  const Index first = named > 0 ? named : std::min(rank, most);
  const Index least = named > 0 ? named : std::min(first, least_rank);
  return {first, std::max(first, std::min(enough, most)), least};
}

Index doubled(Index rank, Index most, Index in_use, Index columns) {
  const Index more = std::min(2 * rank, most);
  return more > rank && in_use + more - rank <= columns ? more : rank;
}

Effort effort(double sweeps) {
  if (sweeps < dear_sweeps) return Effort::cheap;
  return sweeps < costly_sweeps ? Effort::dear : Effort::costly;
}

Schedule first_check(Index now, double certificate_sweeps) {
  const Index interval = std::max(first_interval, least_interval(certificate_sweeps));
  return {interval, now + interval, effort(certificate_sweeps)};
}

Schedule next_check(Schedule schedule, Index now, double certificate_sweeps, bool attempted) {
  const Index least = least_interval(certificate_sweeps);
  const double growth = least > first_interval && attempted ? costly_growth : check_growth;
  const Index interval = std::max(static_cast<Index>(static_cast<double>(schedule.interval) * growth), least);
  return {interval, now + std::max(first_interval / 2, interval), effort(certificate_sweeps)};
}

Schedule after_growth(Schedule schedule) { return {first_interval, schedule.next, schedule.effort}; }

double sweep_noise(double epsilon, Index layers) {
  return noise_units * epsilon * static_cast<double>(layers + 1);
}

bool is_ready(History& history, double rise, double gap, double noise) {
  if (rise > gap) return false;
  const bool resting = rise <= std::max(hopeful_rise * gap * gap, noise);
  if (!resting && ++history.skipped < most_skipped) return false;
  history.skipped = 0;
  return true;
}

Verdict judge(History& history, double rise, double certified_gap, double gap, Index since_growth,
              bool may_refine) {
  // Near an optimum the objective errs by the square of what the multipliers err by. An objective that rises
  // by much less than the square of the certified gap has therefore converged to a point that is not the
  // SDP's optimum.
  const bool resting = certified_gap < trusted_gap && rise < resting_rise * certified_gap * certified_gap;
  if (resting && since_growth >= settle_sweeps) {
    history.misses = 0;
    return Verdict::small_rank;
  }
  return miss(history, !may_refine && rise > still_rising * gap);
}

Verdict miss(History& history, bool rising) {
  if (++history.misses < (rising ? rising_patience : patience)) return Verdict::go_on;
  history.misses = 0;
  return Verdict::stalled;
}

double largest_inflation(double gap, Index layers) {
  return gap_share * gap / (static_cast<double>(layers) + 1.0);
}

double inflation_towards(double enough, double value, Index layers) {
  return gap_share * (std::pow(enough / value, 2.0 / (static_cast<double>(layers) + 3.0)) - 1.0);
}

double first_inflation(Effort effort, double last, double most) {
  if (effort == Effort::costly) return most;
  return std::min(most, std::max(least_inflation, last / cheap_growth));
}

double inflation_growth(Effort effort) { return effort == Effort::cheap ? cheap_growth : dear_growth; }

bool is_far_below(double value, double enough) { return value * far_below < enough; }

bool gap_is_met(double upper, double relaxation, double gap) {
  return std::isfinite(upper) && upper - relaxation <= gap * upper;
}

}  // namespace geolip::solve
