#include <solve/coordinate_search.hpp>

#include <ascent/calibrate.hpp>
#include <solve/joint_search.hpp>
#include <solve/plan.hpp>
#include <solve/proofs.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

namespace geolip::solve {
namespace {

/// l_1: one problem for each input coordinate, but few are solved. A certificate of one coordinate bounds all
/// others too (docs/method.md), and coordinates whose bound lies below the largest certified value cannot
/// matter.
class CoordinateSearch {
 public:
  CoordinateSearch(Session& session, std::vector<ascent::Problem> rows, std::vector<std::size_t> owner)
      : session_(session),
        calibration_(ascent::calibrate(session.backend, session.chain, session.slopes, Norm::l2, rows,
                                       session.settings.seed, session.common.weights)),
        rows_(std::move(rows)),
        owner_(std::move(owner)),
        upper_(rows_.size(), std::vector<double>(static_cast<std::size_t>(session.chain.inputs),
                                                 std::numeric_limits<double>::infinity())),
        solved_(rows_.size(), std::vector<char>(static_cast<std::size_t>(session.chain.inputs), 0)),
        best_(rows_.size()),
        passed_(rows_.size()),
        joined_(rows_.size(), 0) {
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      const ascent::Problem& row = rows_[r];
      // no path joins the other inputs to this output: there is nothing to solve
      const problem::Mask seen = problem::seen_inputs(session.chain, session.slopes, row.slope_set, row.row);
      for (std::size_t j = 0; j < seen.size(); ++j) {
        if (seen[j] != 0) continue;
        upper_[r][j] = 0.0;
        solved_[r][j] = 1;
      }
    }
    scale_rows(rows_, calibration_.rows);
  }

  void run() {
    const std::vector<double> squares = column_squares();
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      // one at any rate: nothing else bounds all coordinates in one go
      if (r > 0 && session_.deadline.passed()) break;
      join(r, largest(r, squares, most_joint_coordinates(session_)));
    }
    Index wave = first_wave;
    while (true) {
      std::vector<ascent::Problem> problems;
      std::vector<std::size_t> row_of;
      for (std::size_t r = 0; r < rows_.size(); ++r) {
        const bool is_open = wave == first_wave && !has_bounds(r);
        for (const Index j : is_open ? largest(r, squares, first_wave) : candidates(r, wave)) {
          problems.push_back(rows_[r]);
          problems.back().coordinate = j;
          row_of.push_back(r);
        }
      }
      if (problems.empty() || (session_.deadline.passed() && wave > first_wave)) break;
      by_batches(session_.plan, problems.size(), [&](std::size_t from, std::size_t count) {
        solve({problems.data() + from, count}, {row_of.data() + from, count});
      });
      wave *= 2;
      for (std::size_t r = 0; r < rows_.size(); ++r) join_again(r, wave);
    }
    report();
  }

 private:
  static constexpr Index first_wave = 4;
  // Of the gap: what rounding takes off at the end comes out of the rest.
  static constexpr double known_share = 0.9;
  // Fewer are better off by themselves.
  static constexpr Index least_joined = 8;

  /// Of the columns of the first map.
  std::vector<double> column_squares() const {
    operators::LinearMap<double> map(
        session_.backend, session_.chain, 0, calibration_.scaling,
        std::make_shared<operators::Intermediates<double>>(session_.backend, session_.common.weights));
    backend::Buffer<double> columns(session_.backend, map.inputs(), map.outputs());
    // columns that lead to dead neurons alone do not count
    const problem::LayerSlopes& slopes = session_.slopes.front();
    std::vector<double> live(static_cast<std::size_t>(map.outputs()), 0.0);
    for (std::size_t at = 0; at < slopes.c.size(); ++at) {
      if (slopes.c[at] != 0.0 || slopes.h[at] != 0.0) live[at / static_cast<std::size_t>(slopes.sets)] = 1.0;
    }
    const backend::Buffer<double> diagonal(session_.backend, live);
    map.adjoint_of_diagonal(diagonal.data(), columns.view());
    std::vector<double> squares(static_cast<std::size_t>(map.inputs()));
    session_.backend.row_squares(columns.view(), squares.data());
    return squares;
  }

  /// The inputs of row r with the largest columns: where to look first.
  std::vector<Index> largest(std::size_t r, const std::vector<double>& squares, Index count) const {
    return top(
        squares, [&](std::size_t j) { return solved_[r][j] == 0 && squares[j] > 0.0; }, count);
  }

  bool has_bounds(std::size_t r) const {
    return std::all_of(upper_[r].begin(), upper_[r].end(), [](double v) { return std::isfinite(v); });
  }

  /// What the bound of row r will be at the least, or may be as the gap allows: coordinates below do not
  /// matter. 0 at the beginning.
  double known(std::size_t r) const {
    return std::isfinite(best_[r].upper)
               ? std::max(best_[r].upper, best_[r].relaxation / (1.0 - known_share * session_.settings.gap))
               : 0.0;
  }

  /// Coordinates of row r not solved yet that may matter, largest bound first.
  std::vector<Index> candidates(std::size_t r, Index count) const {
    const double least = known(r);
    return top(
        upper_[r], [&](std::size_t j) { return solved_[r][j] == 0 && upper_[r][j] > least; }, count);
  }

  /// One certificate for these coordinates of row r together. Those that it bounds by less than the largest
  /// certified one need none of their own. Not where a certificate is expected to take longer than the whole
  /// run may.
  void join(std::size_t r, const std::vector<Index>& coordinates) {
    if (static_cast<Index>(coordinates.size()) < least_joined || session_.deadline.stopped() ||
        session_.plan.prediction.seconds > session_.settings.time_limit) {
      return;
    }
    joined_[r] = static_cast<Index>(coordinates.size());
    const double start = session_.deadline.seconds();
    std::optional<Passed> passed = joint_certificate(session_, calibration_.scaling, rows_[r], coordinates);
    seconds_.certificate += session_.deadline.seconds() - start;
    if (!passed) return;
    for (std::size_t j = 0; j < passed->coordinates.size(); ++j)
      upper_[r][j] = std::min(upper_[r][j], passed->coordinates[j]);
    passed_[r].push_back(std::move(*passed));
  }

  /// The same for all candidates of row r, where they have become few enough for another answer, and too many
  /// for the next wave.
  void join_again(std::size_t r, Index wave) {
    const std::vector<Index> left = candidates(r, most_joint_coordinates(session_));
    const auto count = static_cast<Index>(left.size());
    if (count <= 2 * wave || 2 * count > joined_[r] || session_.deadline.passed()) return;
    join(r, left);
  }

  template <class Allowed>
  static std::vector<Index> top(const std::vector<double>& key, const Allowed& allowed, Index count) {
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

  void solve(std::span<const ascent::Problem> problems, std::span<const std::size_t> row_of) {
    Room room = session_.plan.room();
    room.inflation = inflation_;
    room.group.assign(row_of.begin(), row_of.end());
    for (std::size_t r = 0; r < rows_.size(); ++r) room.known.push_back(known(r));
    room.has_bounds = std::all_of(row_of.begin(), row_of.end(), [&](std::size_t r) { return has_bounds(r); });
    Solver solver(session_.backend, session_.chain, session_.slopes, calibration_.scaling, Norm::l1,
                  {problems.begin(), problems.end()}, session_.settings, room, session_.deadline,
                  session_.common);
    solver.run();
    add_times(solver, seconds_);
    std::optional<double> inflation;
    for (std::size_t p = 0; p < problems.size(); ++p) {
      const Outcome& outcome = solver.outcome(static_cast<Index>(p));
      const auto j = static_cast<std::size_t>(problems[p].coordinate);
      std::vector<double>& upper = upper_[row_of[p]];
      for (std::size_t i = 0; i < outcome.coordinates.size(); ++i)
        upper[i] = std::min(upper[i], outcome.coordinates[i]);
      solved_[row_of[p]][j] = 1;
      if (outcome
              .failed) {  // nothing bounds this coordinate, nor then the row: there is no use in the others
        std::fill(solved_[row_of[p]].begin(), solved_[row_of[p]].end(), char{1});
        continue;
      }
      for (const Passed& passed : outcome.passed)
        inflation = std::min(inflation.value_or(passed.inflation), passed.inflation);
      passed_[row_of[p]].insert(passed_[row_of[p]].end(), outcome.passed.begin(), outcome.passed.end());
      Outcome& best = best_[row_of[p]];
      if (!std::isfinite(best.upper)) best.upper = 0.0;
      best.upper = std::max(best.upper, upper[j]);
      best.lower = std::max(best.lower, outcome.lower);
      best.relaxation = std::max(best.relaxation, outcome.relaxation);
      best.allowance = std::max(best.allowance, outcome.allowance);
      best.iterations = std::max(best.iterations, outcome.iterations);
      best.rank = std::max(best.rank, outcome.rank);
      if (outcome.precision == Precision::float64) best.precision = Precision::float64;
    }
    if (inflation) inflation_ = *inflation;
  }

  void report() {
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      // The maximum over coordinates, solved or not, of the best bound known for each.
      best_[r].upper = *std::max_element(upper_[r].begin(), upper_[r].end());
      Bound& bound = session_.result.bounds[owner_[r]];
      const int exponent = calibration_.scaling.output + calibration_.rows[r];
      merge(best_[r], exponent, bound);
      bound.seconds = seconds_;
      bound.proofs =
          make_coordinate_proofs(passed_[r], session_.chain, calibration_.scaling, exponent, best_[r].upper);
    }
  }

  Session& session_;
  ascent::Calibration calibration_;
  std::vector<ascent::Problem> rows_;
  std::vector<std::size_t> owner_;
  std::vector<std::vector<double>> upper_;  // row by row, an upper bound for each coordinate
  std::vector<std::vector<char>> solved_;
  std::vector<Outcome> best_;
  std::vector<std::vector<Passed>> passed_;  // row by row
  std::vector<Index> joined_;                // coordinates of the last joint problem
  double inflation_ = 0.0;                   // the least with which the last coordinates' certificates passed
  Seconds seconds_;
};

}  // namespace

void solve_coordinates(Session& session, const std::vector<Task>& tasks) {
  std::vector<ascent::Problem> rows;
  std::vector<std::size_t> owner;
  for (const Task& task : tasks) {
    rows.push_back(task.problem);
    owner.push_back(task.objective);
  }
  CoordinateSearch(session, rows, owner).run();
}

}  // namespace geolip::solve
