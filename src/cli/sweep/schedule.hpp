/// \file
/// Runs side by side, as many at a time as there are places.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include <cli/sweep/child.hpp>

namespace geolip::cli {

/// How far a schedule is.
struct ScheduleProgress {
  std::size_t ended = 0;
  std::size_t running = 0;
  double seconds = 0.0;  ///< since the start
};

struct Schedule {
  std::filesystem::path program;
  std::size_t count = 0;   ///< processes in all
  std::size_t places = 1;  ///< processes at a time
  /// The arguments of process `i`, about to start at `place`.
  std::function<std::vector<std::string>(std::size_t i, std::size_t place)> arguments;
  /// Called when process `i` has ended.
  std::function<void(std::size_t i, ProcessEnd outcome)> finished;
  /// Called a few times a second.
  std::function<void(const ScheduleProgress&)> progress;
  /// Asked to stop, no process is started any more and those that run are killed; `finished` is not called
  /// for them.
  std::stop_token stop;
};

/// Runs all processes in their order. What the functions throw ends it, and the processes that run.
void run(const Schedule& schedule);

}  // namespace geolip::cli
