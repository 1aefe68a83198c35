/// \file
/// What the solve loop decides, in functions of values, rises, gaps and costs alone (docs/method.md, sections
/// 3 and 8).
#pragma once

#include <geolip/network.hpp>

#include <cstddef>

namespace geolip::solve {

/// Where the rank of a problem starts and how far it may go.
struct Ranks {
  Index first;
  Index most;
  Index least;  ///< below which it is not lowered where memory is short: `first` where the settings name it
};

/// About the square root of the widest layer is what the SDP's optimum needs in practice, and twice the
/// number of Barvinok and Pataki for two neighbouring layers always. `named` is Settings::rank, 0 if it names
/// none.
Ranks choose_ranks(Index named, Index most, Index widest_layer);

/// The rank after `rank` where it is too small, or `rank` itself: at `most`, or where `columns` in all leave
/// no room for more beside those `in_use`.
Index doubled(Index rank, Index most, Index in_use, Index columns);

/// What a certificate costs beside the sweeps, and so how many are tried.
enum class Effort { cheap, dear, costly };

/// \param sweeps multiplications of a certificate over those of a sweep of its problem
Effort effort(double sweeps);

/// When checks come.
struct Schedule {
  Index interval = 0;  ///< sweeps from the last to the next
  Index next = 0;      ///< sweep of the next
  Effort effort = Effort::cheap;
};

/// The first check after sweep `now`. What a certificate costs in sweeps is counted, not timed, so that
/// checks come at the same sweeps on every machine.
Schedule first_check(Index now, double certificate_sweeps);
/// The check after one at `now`. \param attempted whether that one made certificates
Schedule next_check(Schedule schedule, Index now, double certificate_sweeps, bool attempted);
/// The schedule after the rank has grown: the next check stays, those after it come close together again.
Schedule after_growth(Schedule schedule);

/// What is remembered of a problem from check to check.
struct History {
  double value = 0.0;  ///< at the last check
  int skipped = 0;     ///< checks in a row that made no certificate though it might have met the gap
  int misses = 0;      ///< certificates in a row that missed the gap
  Index grown_at = 0;  ///< sweep at which the rank was last raised
};

/// A share of the value that is noise to a sum of float32 or float64 numbers (`epsilon`) over so many layers.
double sweep_noise(double epsilon, Index layers);

/// Whether a certificate is worth its time: a gap below the rise since the last check is impossible, and as
/// long as the rise is well above the gap's square the multipliers are hardly good enough, but not every
/// check is passed over.
bool is_ready(History& history, double rise, double gap, double noise);

/// What becomes of a problem after a check.
enum class Verdict {
  go_on,
  small_rank,  ///< the ascent has come to rest below the SDP's optimum
  stalled,     ///< certificates miss the gap without that sign: another arithmetic, or more rank
  settled,     ///< nobody needs to know more
  failed       ///< its numbers left the range of floating point
};

/// What a certificate that left its problem unsettled says about it.
/// \param rise of the objective since the last check, relative
/// \param certified_gap of the certificate just made; above 1 if none passed
/// \param since_growth sweeps since the rank was raised
/// \param may_refine whether the next resort is float64, and not more rank
Verdict judge(History& history, double rise, double certified_gap, double gap, Index since_growth,
              bool may_refine);
/// One more certificate that missed: stalled after so many, `patience` where the objective hardly rises.
Verdict miss(History& history, bool rising);

/// The largest inflation that is of use to a problem that has to meet the gap, in a network of so many
/// layers: by (M17) the bound grows by (1 + d)^((L + 3) / 2).
double largest_inflation(double gap, Index layers);
/// The same for one whose bound need not be below `enough`, with the value `value` below it.
double inflation_towards(double enough, double value, Index layers);
/// The first inflation to try, `last` having passed before, and the growth to the next.
double first_inflation(Effort effort, double last, double most);
double inflation_growth(Effort effort);

/// Whether a problem lies so far below what is good enough that it is tried before it has settled down.
bool is_far_below(double value, double enough);

bool gap_is_met(double upper, double relaxation, double gap);

}  // namespace geolip::solve
