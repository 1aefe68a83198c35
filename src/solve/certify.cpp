// The step of the solve loop that tries certificates, and keeps what they prove.
#include <network/at.hpp>
#include <solve/steps.hpp>

#include <algorithm>
#include <limits>

namespace geolip::solve {
namespace {

using certificate::Certificate;
using certificate::Certifier;
using certificate::Multipliers;

// The largest inflation of a last certificate, at any price, and the growth from try to try.
constexpr double largest_last = 1e3;
constexpr double last_growth = 10.0;
// Where there is no time for more than so many certificates, steps are long.
constexpr double few = 4.0;
constexpr double hurried_growth = 1e3;

/// A problem and the multipliers that are tried for it.
struct Attempt {
  const Batch& batch;
  Track& track;
  const problem::Problem& problem;
  Multipliers multipliers;
};

/// Keeps a certificate that is better than what is known.
void keep(Outcome& outcome, Certificate certificate) {
  const std::vector<double>& found = certificate.coordinates;
  std::vector<double>& known = outcome.coordinates;
  bool better = certificate.bound < outcome.upper;
  if (found.empty()) {
    if (better) outcome.certificates.clear();
  } else if (known.empty()) {
    known.assign(found.size(), std::numeric_limits<double>::infinity());
  }
  for (std::size_t j = 0; j < known.size(); ++j) {
    better = better || found[j] < known[j];
    known[j] = std::min(known[j], found[j]);
  }
  outcome.upper = std::min(outcome.upper, certificate.bound);
  if (better) outcome.certificates.push_back(std::move(certificate));
}

/// Tries one inflation d (M17).
std::optional<double> try_inflation(const Attempt& attempt, Certifier& certifier, double d) {
  const Budget& budget = attempt.batch.session.budget;
  const double expected_end = budget.seconds() + attempt.batch.certificate_seconds;
  std::optional<Certificate> certificate = certifier.certify(attempt.problem, attempt.multipliers, d, [&] {
    return !budget.has(std::max(0.0, expected_end - budget.seconds()));
  });
  if (!certificate) return std::nullopt;
  const double bound = certificate->bound;
  keep(attempt.track.outcome, std::move(*certificate));
  return bound;
}

/// The largest inflation that may be of use: what the gap allows, or what takes the bound towards one that is
/// good enough.
double most_inflation(const Batch& batch, const Track& track, Index id) {
  const Index layers = batch.session.chain().depth();
  const double of_gap = largest_inflation(batch.session.settings.gap, layers);
  if (!track.is_far_below || !(track.estimate > 0.0)) return of_gap;
  return std::max(of_gap, inflation_towards(batch.enough(id), track.estimate, layers));
}

/// Tries inflations from a tenth of the last that passed up to the largest of use, in steps that grow with
/// what a certificate costs; for a problem that need not be bounded closely the largest alone, since what
/// fails with it fails with less.
std::optional<double> try_certificate(const Attempt& attempt, Certifier& certifier, Effort effort,
                                      double most) {
  Track& track = attempt.track;
  double d = track.is_far_below ? most : first_inflation(effort, track.inflation, most);
  while (true) {
    if (const std::optional<double> bound = try_inflation(attempt, certifier, d)) {
      track.inflation = d;
      return bound;
    }
    if (d >= most) break;
    d = std::min(most, d * inflation_growth(effort));
  }
  track.inflation = most;
  return std::nullopt;
}

/// When time is up: a certificate at any price but time.
void try_last(const Attempt& attempt, Certifier& certifier, double growth) {
  for (double d = attempt.track.inflation * growth; d <= largest_last; d *= growth) {
    if (attempt.batch.session.budget.is_used_up() || try_inflation(attempt, certifier, d)) return;
  }
}

}  // namespace

template <class T>
bool certify(Batch& batch, const ascent::Ascent<T>& ascent, std::vector<Check>& checks, Effort effort,
             bool last) {
  const Stopwatch watch(batch.seconds.certificate);
  const Session& session = batch.session;
  const Budget& budget = session.budget;
  std::vector<std::size_t> chosen;
  for (std::size_t b = 0; b < checks.size(); ++b) {
    if (checks[b].verdict == Verdict::failed) continue;
    // Last certificates that are expected to take longer than anyone waits are left to other bounds.
    checks[b].attempted = last ? budget.is_worth(batch.certificate_seconds) : checks[b].is_ready;
    if (checks[b].attempted) chosen.push_back(b);
  }
  if (chosen.empty()) return false;
  const auto count = static_cast<Index>(chosen.size());
  const double start = budget.seconds();
  const bool hurried = last && !budget.has(few * batch.certificate_seconds);
  if (hurried) effort = Effort::costly;
  // They are made at the same time: each changes nothing but its own track.
  batch.certifiers.run(count, [&](Index i, Certifier& certifier) {
    if (i > 0 && !budget.has(batch.certificate_seconds)) return;
    Check& check = checks[at(chosen, i)];
    Track& track = batch.track(check.id);
    const problem::Problem& problem = ascent.problem(static_cast<Index>(at(chosen, i)));
    const Attempt attempt{batch, track, problem,
                          certificate::make_multipliers(check.norms, session.slopes, problem)};
    check.passed = try_certificate(attempt, certifier, effort, most_inflation(batch, track, check.id));
    if (last && !check.passed && !batch.known.has_bounds)
      try_last(attempt, certifier, hurried ? hurried_growth : last_growth);
  });
  const double each = (budget.seconds() - start) / batch.certifiers.rounds(count);
  batch.certificate_seconds = batch.has_timed ? std::max(batch.certificate_seconds, each) : each;
  batch.has_timed = true;
  return true;
}

template bool certify(Batch&, const ascent::Ascent<float>&, std::vector<Check>&, Effort, bool);
template bool certify(Batch&, const ascent::Ascent<double>&, std::vector<Check>&, Effort, bool);

}  // namespace geolip::solve
