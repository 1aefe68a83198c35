#include <solve/coordinates.hpp>

#include <solve/joint.hpp>
#include <solve/proofs.hpp>
#include <solve/solve.hpp>

#include <algorithm>
#include <optional>

namespace geolip::solve {
namespace {

using certificate::Certificate;

constexpr Index first_wave = 4;
// Of the gap: what rounding takes off at the end comes out of the rest.
constexpr double known_share = 0.9;
// Fewer are better off by themselves.
constexpr Index least_joined = 8;

/// An objective's row, and what is known of the input coordinates.
struct Row {
  problem::Problem problem;  ///< scaled
  int exponent = 0;          ///< with the output's: what its values are scaled by
  std::size_t objective = 0;
  std::vector<double> upper;  ///< of each coordinate
  std::vector<char> solved;   ///< likewise
  Outcome best;               ///< of those solved by themselves
  std::vector<Certificate> certificates;
  Index joined = 0;  ///< coordinates of the last joint problem

  bool has_bounds() const {
    return std::all_of(upper.begin(), upper.end(), [](double v) { return std::isfinite(v); });
  }
};

struct Search {
  Session& session;
  std::vector<Row> rows;
  std::vector<double> squares = {};  ///< of the columns of the first map
  double inflation = 0.0;            ///< the least with which the last coordinates' certificates passed
  Seconds seconds = {};
};

/// What the bound of a row will be at the least, or may be as the gap allows: coordinates below do not
/// matter. 0 at the beginning.
double known(const Row& row, double gap) {
  const Outcome& best = row.best;
  return std::isfinite(best.upper) ? std::max(best.upper, best.relaxation / (1.0 - known_share * gap)) : 0.0;
}

/// The coordinates that are allowed, of largest key.
template <class Allowed>
std::vector<Index> top(const std::vector<double>& key, Index count, const Allowed& allowed) {
  std::vector<Index> order;
  for (std::size_t j = 0; j < key.size(); ++j) {
    if (allowed(j)) order.push_back(static_cast<Index>(j));
  }
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return key[static_cast<std::size_t>(a)] > key[static_cast<std::size_t>(b)];
  });
  // erase, not resize: GCC 13 warns of what resize would do if it had to grow
  const auto kept = static_cast<std::ptrdiff_t>(std::min(order.size(), static_cast<std::size_t>(count)));
  order.erase(order.begin() + kept, order.end());
  return order;
}

/// Those with the largest columns: where to look first.
std::vector<Index> largest(const Search& search, const Row& row, Index count) {
  return top(search.squares, count,
             [&](std::size_t j) { return row.solved[j] == 0 && search.squares[j] > 0.0; });
}

/// Those not solved yet that may matter, largest bound first.
std::vector<Index> candidates(const Search& search, const Row& row, Index count) {
  const double least = known(row, search.session.settings.gap);
  return top(row.upper, count, [&](std::size_t j) { return row.solved[j] == 0 && row.upper[j] > least; });
}

std::vector<double> column_squares(Session& session) {
  operators::LinearMap<double>& map = session.resident->exact().maps.front();
  backend::Buffer<double> columns(session.backend, map.inputs(), map.outputs());
  // columns that lead to dead neurons alone do not count
  const problem::LayerSlopes& slopes = session.slopes.front();
  std::vector<double> live(static_cast<std::size_t>(map.outputs()), 0.0);
  for (std::size_t at = 0; at < slopes.c.size(); ++at) {
    if (slopes.c[at] != 0.0 || slopes.h[at] != 0.0) live[at / static_cast<std::size_t>(slopes.sets)] = 1.0;
  }
  const backend::Buffer<double> diagonal(session.backend, live);
  map.adjoint_of_diagonal(diagonal.data(), columns.view());
  std::vector<double> squares(static_cast<std::size_t>(map.inputs()));
  session.backend.row_squares(columns.view(), squares.data());
  return squares;
}

std::vector<Row> make_rows(Session& session, std::span<const Task> tasks) {
  std::vector<problem::Problem> problems;
  for (const Task& task : tasks) problems.push_back(task.problem);
  const std::vector<int> exponents = scale_rows(session.resident->exact(), problems);
  std::vector<Row> rows(tasks.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const problem::Problem& unscaled = tasks[r].problem;
    // no path joins the other inputs to this output: there is nothing to solve
    const problem::Mask seen =
        problem::seen_inputs(session.chain(), session.slopes, unscaled.slope_set, unscaled.row);
    Row& row = rows[r];
    row.problem = std::move(problems[r]);
    row.exponent = session.resident->scaling().output + exponents[r];
    row.objective = tasks[r].objective;
    row.upper.assign(seen.size(), std::numeric_limits<double>::infinity());
    row.solved.assign(seen.size(), 0);
    for (std::size_t j = 0; j < seen.size(); ++j) {
      if (seen[j] != 0) continue;
      row.upper[j] = 0.0;
      row.solved[j] = 1;
    }
  }
  return rows;
}

/// One certificate for these coordinates of a row together. Those that it bounds by less than the largest
/// certified one need none of their own. Not where nobody waits for it.
void join(Search& search, Row& row, const std::vector<Index>& coordinates) {
  Session& session = search.session;
  if (static_cast<Index>(coordinates.size()) < least_joined || session.budget.stopped() ||
      !session.budget.has(session.plan.prediction.seconds)) {
    return;
  }
  row.joined = static_cast<Index>(coordinates.size());
  const double start = session.budget.seconds();
  std::optional<Certificate> certificate = joint_certificate(session, row.problem, coordinates);
  search.seconds.certificate += session.budget.seconds() - start;
  if (!certificate) return;
  for (std::size_t j = 0; j < row.upper.size(); ++j)
    row.upper[j] = std::min(row.upper[j], certificate->coordinates[j]);
  row.certificates.push_back(std::move(*certificate));
}

/// The same for all candidates, where they have become few enough for another answer, and too many for the
/// next wave.
void join_again(Search& search, Row& row, Index wave) {
  const std::vector<Index> left = candidates(search, row, most_joint_coordinates(search.session));
  const auto count = static_cast<Index>(left.size());
  if (count <= 2 * wave || 2 * count > row.joined || search.session.budget.passed()) return;
  join(search, row, left);
}

/// What a coordinate that was solved by itself tells of its row.
void learn(Row& row, Index coordinate, const Outcome& outcome) {
  const auto j = static_cast<std::size_t>(coordinate);
  for (std::size_t i = 0; i < outcome.coordinates.size(); ++i)
    row.upper[i] = std::min(row.upper[i], outcome.coordinates[i]);
  row.solved[j] = 1;
  if (outcome.failed) {  // nothing bounds this coordinate, nor then the row: there is no use in the others
    std::fill(row.solved.begin(), row.solved.end(), char{1});
    return;
  }
  row.certificates.insert(row.certificates.end(), outcome.certificates.begin(), outcome.certificates.end());
  Outcome& best = row.best;
  if (!std::isfinite(best.upper)) best.upper = 0.0;
  best.upper = std::max(best.upper, row.upper[j]);
  best.lower = std::max(best.lower, outcome.lower);
  best.relaxation = std::max(best.relaxation, outcome.relaxation);
  best.allowance = std::max(best.allowance, outcome.allowance);
  best.iterations = std::max(best.iterations, outcome.iterations);
  best.rank = std::max(best.rank, outcome.rank);
  if (outcome.precision == Precision::float64) best.precision = Precision::float64;
}

/// Solves some coordinates by themselves, as one batch.
void solve_some(Search& search, std::span<const problem::Problem> problems,
                std::span<const std::size_t> row_of) {
  Known before;
  before.inflation = search.inflation;
  before.group.assign(row_of.begin(), row_of.end());
  for (const Row& row : search.rows) before.bound.push_back(known(row, search.session.settings.gap));
  before.has_bounds =
      std::all_of(row_of.begin(), row_of.end(), [&](std::size_t r) { return search.rows[r].has_bounds(); });
  Batch batch(search.session, {problems.begin(), problems.end()}, std::move(before));
  solve(batch);
  add(batch.seconds, search.seconds);
  std::optional<double> inflation;
  for (std::size_t p = 0; p < problems.size(); ++p) {
    const Outcome& outcome = batch.tracks[p].outcome;
    learn(search.rows[row_of[p]], problems[p].ball.coordinates.front(), outcome);
    for (const Certificate& certificate : outcome.certificates)
      inflation = std::min(inflation.value_or(certificate.inflation), certificate.inflation);
  }
  if (inflation) search.inflation = *inflation;
}

/// Solves the most promising coordinates of all rows; false if there are none, or no time for them.
bool solve_wave(Search& search, Index wave) {
  std::vector<problem::Problem> problems;
  std::vector<std::size_t> row_of;
  for (std::size_t r = 0; r < search.rows.size(); ++r) {
    const Row& row = search.rows[r];
    const bool is_open = wave == first_wave && !row.has_bounds();
    for (const Index j : is_open ? largest(search, row, first_wave) : candidates(search, row, wave)) {
      problems.push_back(row.problem);
      problems.back().ball.coordinates = {j};
      row_of.push_back(r);
    }
  }
  const Budget& budget = search.session.budget;
  if (problems.empty() || (budget.passed() && wave > first_wave)) return false;
  by_batches(search.session.plan, problems.size(), [&](std::size_t from, std::size_t count) {
    if (from > 0 && budget.passed()) return;
    solve_some(search, {problems.data() + from, count}, {row_of.data() + from, count});
  });
  return true;
}

void report(Search& search, Row& row) {
  // The maximum over coordinates, solved or not, of the best bound known for each.
  row.best.upper = *std::max_element(row.upper.begin(), row.upper.end());
  Session& session = search.session;
  Bound& bound = session.result.bounds[row.objective];
  merge(row.best, row.exponent, bound);
  bound.seconds = search.seconds;
  bound.proofs = make_coordinate_proofs(row.certificates, session.chain(), session.resident->scaling(),
                                        row.exponent, row.best.upper);
}

}  // namespace

void solve_coordinates(Session& session, std::span<const Task> tasks) {
  Search search{session, make_rows(session, tasks)};
  search.squares = column_squares(session);
  for (std::size_t r = 0; r < search.rows.size(); ++r) {
    // one at any rate: nothing else bounds all coordinates in one go
    if (r > 0 && session.budget.passed()) break;
    Row& row = search.rows[r];
    join(search, row, largest(search, row, most_joint_coordinates(session)));
  }
  for (Index wave = first_wave; solve_wave(search, wave); wave *= 2) {
    for (Row& row : search.rows) join_again(search, row, 2 * wave);
  }
  for (Row& row : search.rows) report(search, row);
}

}  // namespace geolip::solve
