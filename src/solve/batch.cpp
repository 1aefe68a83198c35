#include <solve/batch.hpp>

#include <solve/proofs.hpp>
#include <solve/solve.hpp>

#include <algorithm>
#include <cmath>
#include <set>

namespace geolip::solve {
namespace {

// What is left of a row after its largest entry is 1 is not scaled further than this: 2^1000 is near the end
// of the range.
constexpr int most_exponent = 900;

/// Bounds in the network's own units. Powers of two are exact but at the ends of the double range, where the
/// upper bound is pushed up and the lower bounds down.
double unscale(double value, int exponent, bool up) {
  const double result = std::ldexp(value, -exponent);
  if (std::ldexp(result, exponent) == value) return result;
  return up ? std::nextafter(result, std::numeric_limits<double>::infinity()) : std::nextafter(result, 0.0);
}

int exponent_of(double size) { return size > 0.0 && std::isfinite(size) ? std::ilogb(size) : 0; }

/// |F'u| of every row u, with F the last map.
std::vector<double> gradient_sizes(ascent::Model<double>& model,
                                   const std::vector<problem::Problem>& problems) {
  operators::LinearMap<double>& map = model.maps.back();
  const auto count = static_cast<Index>(problems.size());
  std::vector<double> u(static_cast<std::size_t>(map.outputs() * count), 0.0);
  for (std::size_t b = 0; b < problems.size(); ++b) {
    const problem::Row& row = problems[b].row;
    for (std::size_t i = 0; i < row.index.size(); ++i)
      u[static_cast<std::size_t>(row.index[i]) * problems.size() + b] = row.value[i];
  }
  const backend::Buffer<double> rows(model.backend, u, count);
  backend::Buffer<double> gradients(model.backend, map.inputs(), count);
  map.adjoint(rows.view(), gradients.view());
  std::vector<double> largest(problems.size(), 0.0);
  const std::vector<double> host = gradients.download();
  for (std::size_t at = 0; at < host.size(); ++at) {
    double& size = largest[at % problems.size()];
    size = std::max(size, std::abs(host[at]));
  }
  return largest;
}

/// Solves the problems of some tasks together; how many met their gap.
Index solve_batch(Session& session, std::span<const Task> tasks) {
  const Norm norm = session.query.norm;
  std::vector<problem::Problem> problems;
  for (const Task& task : tasks) problems.push_back(task.problem);
  const std::vector<int> exponents = scale_rows(session.resident->exact(), problems);
  Batch batch(session, std::move(problems));
  solve(batch);
  const problem::Scaling& scaling = session.resident->scaling();
  std::set<std::size_t> objectives;
  Index met = 0;
  for (std::size_t b = 0; b < tasks.size(); ++b) {
    Bound& bound = session.result.bounds[tasks[b].objective];
    const Outcome& outcome = batch.tracks[b].outcome;
    const int exponent = scaling.output + exponents[b];
    merge(outcome, exponent, bound);
    objectives.insert(tasks[b].objective);
    met += outcome.met ? 1 : 0;
    if (outcome.certificates.empty()) continue;
    bound.proofs.push_back(
        make_proof(outcome.certificates.front(), session.chain(), scaling, exponent, norm));
    bound.proofs.back().objective_row = tasks[b].row;
  }
  for (const std::size_t objective : objectives) add(batch.seconds, session.result.bounds[objective].seconds);
  return met;
}

}  // namespace

Batch::Batch(Session& session_, std::vector<problem::Problem> problems_, Known known_)
    : session(session_),
      problems(std::move(problems_)),
      known(std::move(known_)),
      certifiers(make_certifiers(session)),
      tracks(problems.size()),
      most_rank(std::max(
          session.plan.first_rank,
          choose_ranks(session.settings.rank, session.settings.max_rank, session.chain().widest()).most)),
      certificate_seconds(session.plan.prediction.seconds) {
  for (Track& track : tracks) track.inflation = known.inflation;
}

void merge(const Outcome& outcome, int exponent, Bound& bound) {
  const double allowance = unscale(outcome.allowance, exponent, true);
  const auto down = [&](double value) { return std::max(0.0, unscale(value, exponent, false) - allowance); };
  const auto up = [&](double value) {
    const double result = unscale(value, exponent, true);
    return allowance > 0.0 ? std::nextafter(result + allowance, std::numeric_limits<double>::infinity())
                           : result;
  };
  bound.lower = std::max(bound.lower, down(outcome.lower));
  bound.relaxation = std::max(bound.relaxation, down(outcome.relaxation));
  bound.upper = std::max(bound.upper, up(outcome.upper));
  bound.iterations = std::max(bound.iterations, outcome.iterations);
  bound.rank = std::max(bound.rank, outcome.rank);
  if (outcome.precision == Precision::float64) bound.precision = Precision::float64;
}

void add(const Seconds& of_batch, Seconds& seconds) {
  seconds.ascent += of_batch.ascent;
  seconds.certificate += of_batch.certificate;
  seconds.rounding += of_batch.rounding;
}

std::vector<int> scale_rows(ascent::Model<double>& model, std::vector<problem::Problem>& problems) {
  std::vector<int> exponents;
  for (problem::Problem& problem : problems) {
    exponents.push_back(-exponent_of(problem.row.largest()));
    problem.row.scale(exponents.back());
  }
  const std::vector<double> sizes = gradient_sizes(model, problems);
  for (std::size_t b = 0; b < problems.size(); ++b) {
    if (problems[b].vector) continue;
    const int rest = std::clamp(-exponent_of(sizes[b]), -most_exponent, most_exponent);
    exponents[b] += rest;
    problems[b].row.scale(rest);
  }
  return exponents;
}

void leave_out(Session& session, std::span<const Task> tasks) {
  for (const Task& task : tasks) merge({}, 0, session.result.bounds[task.objective]);
}

void solve_batches(Session& session, std::span<const Task> tasks) {
  by_batches(session.plan, tasks.size(), [&](std::size_t first, std::size_t count) {
    const std::span<const Task> some = tasks.subspan(first, count);
    if (first > 0 && session.budget.passed()) return leave_out(session, some);
    session.met_before += solve_batch(session, some);
  });
}

}  // namespace geolip::solve
