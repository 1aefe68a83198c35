/// \file
/// When a run has to end.
#pragma once

#include <geolip/settings.hpp>

#include <algorithm>
#include <chrono>

namespace geolip::solve {

/// The clock of one estimate() call, its time limit and its stop token.
class Deadline {
 public:
  explicit Deadline(const Settings& settings)
      : settings_(settings), start_(std::chrono::steady_clock::now()) {}

  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  bool stopped() const { return settings_.stop.stop_requested(); }
  bool passed() const { return passed(0.0); }
  /// Whether less time is left than what is still to come takes; that may claim half of the time limit.
  bool passed(double still_to_come) const {
    return stopped() ||
           seconds() + std::min(still_to_come, 0.5 * settings_.time_limit) > settings_.time_limit;
  }

 private:
  const Settings& settings_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace geolip::solve
