/// \file
/// Problems that are solved together, as columns of the same matrix products.
#pragma once

#include <ascent/ascent.hpp>
#include <certificate/certificate.hpp>
#include <network/at.hpp>
#include <solve/certifiers.hpp>
#include <solve/policy.hpp>
#include <solve/session.hpp>

#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace geolip::solve {

/// What is known of one problem, in the units of the scaled network.
struct Outcome {
  double lower = 0.0;
  double relaxation = 0.0;
  double upper = std::numeric_limits<double>::infinity();
  bool met = false;     ///< whether upper and relaxation are as close as the gap asks
  bool failed = false;  ///< its sweeps left the range of floating point: nothing but `upper` may be used
  Index iterations = 0;
  Index rank = 0;
  Precision precision = Precision::float32;  ///< arithmetic of its last sweeps
  double allowance = 0.0;           ///< for rounding: to be added to `upper` and taken off the others
  std::vector<double> coordinates;  ///< l_1: an upper bound for every input coordinate
  /// The one behind `upper`; l_1: all that lowered the bound of some coordinate.
  std::vector<certificate::Certificate> certificates;
};

/// What is known before a batch is solved, of problems in l_1.
struct Known {
  double inflation = 0.0;   ///< with which certificates of like problems passed; 0: none is known
  bool has_bounds = false;  ///< whether other bounds stand in where a certificate fails
  /// Which problems are about one maximum, by numbers from 0 on, one a problem; else empty. Upper bounds
  /// below what is known of their maximum are good enough, whatever the gap.
  std::vector<std::size_t> group = {};
  std::vector<double> bound = {};  ///< of each group
};

/// An outcome and where the search for its certificate stands.
struct Track {
  Outcome outcome;
  History history;
  double estimate = 0.0;      ///< largest objective seen, less the rounding of the sweeps' arithmetic
  double inflation = 0.0;     ///< d of the last certificate that passed, or the next to try
  bool is_far_below = false;  ///< whether it lies far below what is good enough for it
};

/// What a check finds of one problem of a state.
struct Check {
  Index id = 0;  ///< of the problem in the batch
  double value = 0.0;
  double rise = 0.0;  ///< since the last check, relative
  ascent::SweepNorms norms;
  bool is_ready = false;         ///< for a certificate
  bool attempted = false;        ///< whether one was tried
  std::optional<double> passed;  ///< what it proved
  Verdict verdict = Verdict::go_on;
};

/// The last answers of allowance(), which are the same for all problems that differ in the coordinate alone.
struct Allowance {
  problem::Problem problem;
  double most = 0.0;         ///< rounding_allowance()
  double relaxation = -1.0;  ///< the largest that `least` was made for
  double least = 0.0;        ///< rounding_effect() there, if that is less
};

/// The problems of a batch on their way.
struct Batch {
  /// `problems_` carry rows that are scaled already.
  Batch(Session& session_, std::vector<problem::Problem> problems_, Known known_ = {});

  /// An upper bound of a problem that is good enough, whatever the gap.
  double enough(Index id) const { return known.group.empty() ? 0.0 : known.bound[at(known.group, id)]; }
  Track& track(Index id) { return at(tracks, id); }

  Session& session;
  std::vector<problem::Problem> problems;
  Known known;
  Certifiers certifiers;
  std::vector<Track> tracks;  ///< one a problem
  Allowance allowance;
  Seconds seconds;
  Index most_rank;
  Index sweeps = 0;
  double ahead = 0.0;          ///< multiplications asked for and not waited for
  double certificate_seconds;  ///< the most that one has taken so far, or the first is expected to
  bool has_timed = false;      ///< whether one has been made
  double last_report = -1.0;
};

/// Folds what is known of one problem into the bound of its objective: several problems of one objective
/// stand for the maximum over them. `exponent` takes scaled values back to the network's units.
void merge(const Outcome& outcome, int exponent, Bound& bound);

/// Adds the seconds of a batch, but not the total.
void add(const Seconds& of_batch, Seconds& seconds);

/// Powers of two that bring the rows of problems, taken back to the last layer of neurons, to about unit
/// size: a small one is no different from a large one. Multiplies them by these.
std::vector<int> scale_rows(ascent::Model<double>& model, std::vector<problem::Problem>& problems);

/// Nothing is known of these: the product bound will stand in.
void leave_out(Session& session, std::span<const Task> tasks);

/// l_inf and l_2: bounds the objectives of the tasks, as many problems at a time as fit.
void solve_batches(Session& session, std::span<const Task> tasks);

}  // namespace geolip::solve
