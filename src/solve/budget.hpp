/// \file
/// The time that a query has.
#pragma once

#include <geolip/settings.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <stop_token>

namespace geolip::solve {

/// Seconds that what ends a run may take after a stop in all, and after a time limit at the least.
constexpr double patience_after_end = 2.0;

/// What ends a run may take as long again as its limit, but not less than two seconds.
inline double allowance_after(double limit) { return std::max(patience_after_end, limit); }

/// When nobody waits any more, in seconds from the start. \param stopped_at infinity where nothing stopped
/// the run
inline double last_moment(double limit, double stopped_at) {
  return std::min(limit + allowance_after(limit), stopped_at + patience_after_end);
}

/// The clock of one query, its time limit and its stop token.
class Budget {
 public:
  explicit Budget(const Settings& settings)
      : limit_(settings.time_limit),
        stop_(settings.stop),
        start_(std::chrono::steady_clock::now()),
        note_(settings.stop, [this] { stopped_at_ = seconds(); }) {}

  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  bool stopped() const { return stop_.stop_requested(); }
  /// Whether less time is left than what is still to come takes; that may claim half of the time limit.
  bool passed(double still_to_come = 0.0) const {
    return stopped() || seconds() + std::min(still_to_come, 0.5 * limit_) > limit_;
  }
  /// Whether what takes so long is worth its time when the run ends.
  bool is_worth(double seconds) const {
    return seconds <= (stopped() ? patience_after_end : allowance_after(limit_));
  }
  /// Whether what takes so long can still be had before nobody waits any more.
  bool has(double more) const { return seconds() + more <= last_moment(limit_, stopped_at_); }
  /// Whether nobody waits any more: what is in the making is given up.
  bool is_used_up() const { return !has(0.0); }

 private:
  double limit_;
  std::stop_token stop_;
  std::chrono::steady_clock::time_point start_;
  std::atomic<double> stopped_at_{std::numeric_limits<double>::infinity()};
  std::stop_callback<std::function<void()>> note_;
};

}  // namespace geolip::solve
