#include <solve/solve.hpp>

#include <solve/steps.hpp>

#include <numeric>

namespace geolip::solve {
namespace {

using ascent::Ascent;
using ascent::Model;
using ascent::Release;

/// The loop in one arithmetic. Returns the problems of the state that float32 does not bring to the gap.
template <class T>
std::vector<Index> climb(Batch& batch, Model<T>& model, Ascent<T>& ascent) {
  const Settings& settings = batch.session.settings;
  const bool may_refine = std::is_same_v<T, float> && settings.precision == Precision::automatic;
  Schedule schedule = first_check(batch.sweeps, certificate_sweeps(batch, ascent.rank(0)));
  while (ascent.problems() > 0) {
    sweep(batch, ascent, batch.sweeps + 1 >= schedule.next);
    const bool last = is_over(batch, ascent.problems());
    if (!last && batch.sweeps < schedule.next) continue;

    std::vector<Check> checks = look(batch, ascent);
    const bool attempted = certify(batch, ascent, checks, schedule.effort, last);
    decide(batch, ascent, checks, last, may_refine);
    schedule = next_check(schedule, batch.sweeps, certificate_sweeps(batch, largest_rank(ascent)), attempted);
    settle(batch, model, ascent, checks);

    const Rest rest = resize(batch, ascent, checks, may_refine);
    if (rest.kept.empty()) return {};
    if (may_refine && rest.all_stalled) return rest.kept;
    if (rest.grown) schedule = after_growth(schedule);
    if (rest.changed) {
      const std::uint64_t seed = settings.seed + static_cast<std::uint64_t>(batch.sweeps);
      ascent = Ascent<T>(model, ascent, rest.kept, rest.ranks, seed, Release::yes);
    }
  }
  return {};
}

/// All problems in float64 from the start.
void solve_in_float64(Batch& batch, const std::vector<Index>& all) {
  Model<double>& exact = batch.session.resident->exact();
  Ascent<double> ascent(exact, batch.problems, all, batch.session.plan.first_rank,
                        batch.session.settings.seed);
  climb(batch, exact, ascent);
}

/// What float32 left, from where it ended.
std::optional<Ascent<double>> refined(Batch& batch, const std::vector<Index>& all) {
  const Settings& settings = batch.session.settings;
  Model<float>& fast = batch.session.resident->fast();
  Ascent<float> ascent(fast, batch.problems, all, batch.session.plan.first_rank, settings.seed);
  const std::vector<Index> left = climb(batch, fast, ascent);
  if (left.empty()) return std::nullopt;
  std::vector<Index> ranks;
  for (const Index b : left) ranks.push_back(ascent.rank(b));
  std::optional<Ascent<double>> finer;
  finer.emplace(batch.session.resident->exact(), ascent, left, ranks, settings.seed, Release::yes);
  batch.session.resident->rest_fast();
  return finer;
}

}  // namespace

void solve(Batch& batch) {
  std::vector<Index> all(batch.problems.size());
  std::iota(all.begin(), all.end(), Index{0});
  if (batch.session.settings.precision == Precision::float64) return solve_in_float64(batch, all);
  std::optional<Ascent<double>> finer = refined(batch, all);
  if (finer) climb(batch, batch.session.resident->exact(), *finer);
}

}  // namespace geolip::solve
