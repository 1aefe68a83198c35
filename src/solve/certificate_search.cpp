// The part of Solver that decides which certificates to try, and keeps what they prove.
#include <solve/solver.hpp>

#include <algorithm>
#include <limits>

namespace geolip::solve {
namespace {

// Where a certificate costs as many sweeps, inflations are tried in larger steps; and where it costs so many
// more, the largest alone.
constexpr double dear_sweeps = 10.0;
constexpr double dear_growth = 1e3;
constexpr double costly_sweeps = 64.0;
// Seconds that a certificate may take after the run was stopped.
constexpr double after_stop = 2.0;
// Inflations d that a check tries, smallest first (docs/method.md, (M17)).
constexpr double least_inflation = 1e-9;
constexpr double inflation_growth = 10.0;
constexpr double largest_inflation = 1e3;

}  // namespace

Solver::Effort Solver::effort(Index rank) const {
  const double sweeps = certificate_sweeps(rank);
  if (sweeps < dear_sweeps) return Effort::cheap;
  return sweeps < costly_sweeps ? Effort::dear : Effort::costly;
}

/// Whether last certificates are worth their time: not if they are expected to take longer than the whole run
/// may, or than anyone waits who has stopped it. Other bounds stand in.
bool Solver::has_time_for_last() const {
  return certificate_seconds_ <= (deadline_.stopped() ? after_stop : settings_.time_limit);
}

/// Whether a certificate in the making is given up, as the run was stopped and it takes long.
bool Solver::gives_up() const { return deadline_.stopped() && certificate_seconds_ > after_stop; }

/// Whether the last certificates that are not begun yet are left out: after as much time again as the run
/// had, or after a stop. They began at `start`.
bool Solver::is_too_late(double start) const {
  const double now = deadline_.seconds();
  return now > 2.0 * settings_.time_limit || (deadline_.stopped() && now - start > after_stop);
}

/// Tries inflations from a tenth of the last that passed up to the largest of use, in steps that grow with
/// what a certificate costs; of a costly one, and for a problem that need not be bounded closely, the largest
/// alone, since what fails with it fails with less.
std::optional<double> Solver::try_certificate(certificate::Certifier& certifier, Track& track,
                                              const certificate::Multipliers& multipliers,
                                              const ascent::Problem& problem, Index id) const {
  const double most = most_inflation(track, id);
  const double growth = effort_ == Effort::cheap ? inflation_growth : dear_growth;
  double d = effort_ == Effort::costly || track.is_far_below
                 ? most
                 : std::min(most, std::max(least_inflation, track.inflation / inflation_growth));
  while (true) {
    const certificate::Multipliers inflated = certificate::inflate(multipliers, d);
    const std::optional<double> bound = certifier.bound(inflated, problem, [this] { return gives_up(); });
    if (bound) {
      accept(certifier, track, *bound, inflated, d, problem);
      track.inflation = d;
      return bound;
    }
    if (d >= most) break;
    d = std::min(most, d * growth);
  }
  track.inflation = most;
  return std::nullopt;
}

/// Keeps a certificate that is better than what is known.
void Solver::accept(const certificate::Certifier& certifier, Track& track, double bound,
                    const certificate::Multipliers& multipliers, double inflation,
                    const ascent::Problem& problem) const {
  Outcome& outcome = track.outcome;
  const bool better = bound < outcome.upper;
  outcome.upper = std::min(outcome.upper, bound);
  if (norm_ != Norm::l1) {
    if (!better) return;
    outcome.passed.clear();
    outcome.passed.push_back({certifier.feasible(multipliers, problem), inflation, {}});
    return;
  }
  const std::vector<double>& found = certifier.coordinate_bounds();
  std::vector<double>& known = outcome.coordinates;
  if (known.empty()) known.assign(found.size(), std::numeric_limits<double>::infinity());
  bool lowered = false;
  for (std::size_t j = 0; j < known.size(); ++j) {
    lowered = lowered || found[j] < known[j];
    known[j] = std::min(known[j], found[j]);
  }
  if (lowered) outcome.passed.push_back({certifier.feasible(multipliers, problem), inflation, found});
}

/// When time is up: a certificate at any price but as much time again.
void Solver::last_certificate(certificate::Certifier& certifier, Track& track,
                              const certificate::Multipliers& multipliers,
                              const ascent::Problem& problem) const {
  for (double d = track.inflation * inflation_growth; d <= largest_inflation; d *= inflation_growth) {
    if (deadline_.seconds() > 2.0 * settings_.time_limit) return;
    const certificate::Multipliers inflated = certificate::inflate(multipliers, d);
    if (const std::optional<double> bound =
            certifier.bound(inflated, problem, [this] { return gives_up(); })) {
      accept(certifier, track, *bound, inflated, d, problem);
      return;
    }
  }
}

}  // namespace geolip::solve
