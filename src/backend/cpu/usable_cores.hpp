/// \file
/// How many threads are worth starting.
#pragma once

#include <sched.h>

#include <algorithm>
#include <thread>

namespace geolip::backend::cpu {

/// Cores that this process may run on: a container's share, not the machine's.
inline int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace geolip::backend::cpu
