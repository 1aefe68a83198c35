/// \file
/// Limits of the address space, for a process that ends soon.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace geolip::test {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool limits_address_space = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool limits_address_space = false;
#else
inline constexpr bool limits_address_space = true;
#endif
#else
inline constexpr bool limits_address_space = true;
#endif

/// Lets this process map so many bytes more than it has.
inline void leave_address_space(std::size_t bytes) {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + bytes;
  setrlimit(RLIMIT_AS, &limit);
}

}  // namespace geolip::test
