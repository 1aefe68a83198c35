/// \file
/// Solves a batch of problems on one network: ascent, certificates, lower bounds, until every gap is met.
#pragma once

#include <ascent/ascent.hpp>
#include <ascent/calibrate.hpp>
#include <certificate/certificate.hpp>
#include <solve/certifiers.hpp>
#include <solve/deadline.hpp>

#include <geolip/settings.hpp>

#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

namespace geolip::solve {

/// A certificate that passed, in the units of the scaled network.
struct Passed {
  certificate::Multipliers multipliers;  ///< as Certifier::feasible() gives them
  double inflation = 0.0;                ///< d that they contain
  std::vector<double> coordinates;       ///< l_1: what it proves for each input coordinate
};

/// What is known of one problem, in the units of the scaled network.
struct Outcome {
  double lower = 0.0;
  double relaxation = 0.0;
  double upper = std::numeric_limits<double>::infinity();
  bool certified = false;
  bool failed = false;  ///< its sweeps left the range of floating point: nothing but `upper` may be used
  Index iterations = 0;
  Index rank = 0;
  Precision precision = Precision::float32;  ///< arithmetic of its last sweeps
  double allowance = 0.0;           ///< for rounding: to be added to `upper` and taken off the others
  std::vector<double> coordinates;  ///< l_1: an upper bound for every input coordinate
  /// The certificate behind `upper`; l_1: all that lowered the bound of some coordinate.
  std::vector<Passed> passed;
};

/// Seconds spent, by kind of work.
struct Times {
  double ascent = 0.0;
  double certificate = 0.0;
  double rounding = 0.0;
};

/// Where the rank of a problem starts and how far it may go.
struct Ranks {
  Index first;
  Index most;
  Index least;  ///< below which it is not lowered where memory is short: `first` where the settings name it
};

Ranks choose_ranks(const Settings& settings, const problem::Chain& chain);

/// What a batch's state may take.
struct Room {
  Index first_rank;
  Index columns;                             ///< the sum of its problems' ranks
  double certificate_multiplications = 0.0;  ///< of one certificate
  double certificate_seconds = 0.0;          ///< expected of one; 0: too little to count
  double inflation = 0.0;                    ///< with which those of like problems passed; 0: none is known
  bool has_bounds = false;                   ///< whether other bounds stand in where a certificate fails
  /// l_1: which problems are about one maximum, by numbers from 0 on, one a problem; else empty. Upper bounds
  /// below what is known of their maximum are good enough, whatever the gap.
  std::vector<std::size_t> group = {};
  std::vector<double> known = {};  ///< of each group, before the run
};

/// What all solvers of a run share.
struct Common {
  std::shared_ptr<operators::DenseWeights> weights;
  Certifiers::Queues queues;  ///< for certificates, beside the backend itself
};

class Solver {
 public:
  /// `problems` carry rows that are scaled already. All references must outlive the solver.
  Solver(backend::Backend& backend, const problem::Chain& chain,
         const std::vector<problem::LayerSlopes>& slopes, const problem::Scaling& scaling, Norm norm,
         std::vector<ascent::Problem> problems, const Settings& settings, const Room& room,
         const Deadline& deadline, const Common& common);

  /// Solves all problems; outcome(b) belongs to problem b afterwards.
  void run();

  const Outcome& outcome(Index b) const { return tracks_[static_cast<std::size_t>(b)].outcome; }
  const Times& times() const { return times_; }

 private:
  /// An Outcome and where the search for its certificate stands.
  struct Track {
    Outcome outcome;
    double estimate = 0.0;       ///< largest objective seen, less the rounding of the sweeps' arithmetic
    double at_last_check = 0.0;  ///< objective at the last check
    double inflation = 0.0;      ///< d of the last certificate that passed, or the next to try
    int skipped = 0;             ///< checks in a row without a certificate
    Index grown_at = 0;          ///< sweep at which the rank was last raised
    int misses = 0;              ///< certificates in a row that missed the gap
    bool is_far_below = false;   ///< whether the problem lies far below what is good enough for it
  };
  /// The last answers of allowance(), which are the same for all problems that differ in the coordinate
  /// alone.
  struct Allowance {
    ascent::Problem problem;
    double most = 0.0;         ///< rounding_allowance()
    double relaxation = -1.0;  ///< the largest that `least` was made for
    double least = 0.0;        ///< rounding_effect() there, if that is less
  };
  /// What to do with a problem after a check.
  enum class Verdict { go_on, settled, rank_limited, stalled, failed };
  /// What a certificate costs beside the sweeps, and so which inflations are worth a try.
  enum class Effort { cheap, dear, costly };

  template <class T>
  void iterate(ascent::Model<T>& model, ascent::Ascent<T>& ascent, std::vector<Index>& unsettled);
  template <class T>
  bool check(ascent::Ascent<T>& ascent, std::vector<Verdict>& verdicts, bool last, bool may_refine);
  template <class T>
  void confirm(ascent::Ascent<T>& ascent, std::vector<Verdict>& verdicts, bool last);
  Index least_interval(Index rank) const;
  double sweep_multiplications(Index columns) const;
  double certificate_sweeps(Index rank) const;
  Effort effort(Index rank) const;
  double rounds(Index certificates) const;
  bool has_time_for_last() const;
  bool gives_up() const;
  bool is_too_late(double start) const;
  bool is_ready(Track& track, double rise, double noise) const;
  static Verdict miss(Track& track, int allowed);
  // The certificates of different problems are made at the same time: these change nothing but the track.
  std::optional<double> try_certificate(certificate::Certifier& certifier, Track& track,
                                        const certificate::Multipliers& multipliers,
                                        const ascent::Problem& problem, Index id) const;
  void accept(const certificate::Certifier& certifier, Track& track, double bound,
              const certificate::Multipliers& multipliers, double inflation,
              const ascent::Problem& problem) const;
  void last_certificate(certificate::Certifier& certifier, Track& track,
                        const certificate::Multipliers& multipliers, const ascent::Problem& problem) const;
  template <class T>
  void settle(ascent::Model<T>& model, ascent::Ascent<T>& ascent, const std::vector<Index>& which);
  double allowance(const ascent::Problem& problem, const ascent::RawMultipliers& raw, double relaxation);
  bool met(double upper, double relaxation) const;
  /// An upper bound of problem `id` that is good enough, whatever the gap.
  double enough(Index id) const {
    return room_.group.empty() ? 0.0 : room_.known[room_.group[static_cast<std::size_t>(id)]];
  }
  /// Whether nobody needs to know more of a problem.
  bool settles(const Outcome& outcome, double relaxation, Index id) const {
    return met(outcome.upper, relaxation) || outcome.upper <= enough(id);
  }
  double most_inflation(const Track& track, Index id) const;
  void report(Index rank);

  backend::Backend& backend_;
  const problem::Chain& chain_;
  const std::vector<problem::LayerSlopes>& slopes_;
  problem::Scaling scaling_;
  Norm norm_;
  std::vector<ascent::Problem> problems_;
  const Settings& settings_;
  Room room_;
  const Deadline& deadline_;
  const Common& common_;
  ascent::Model<double> exact_;
  Certifiers certifiers_;
  std::vector<Track> tracks_;
  Times times_;
  Allowance allowance_;
  double certificate_seconds_ = 0.0;  ///< the most that one has taken so far, or the first is expected to
  bool has_timed_ = false;            ///< whether one has been made
  Effort effort_ = Effort::cheap;
  Index max_rank_ = 0;
  Index iteration_ = 0;
  Index next_check_ = 0;
  double last_report_ = -1.0;
};

}  // namespace geolip::solve
