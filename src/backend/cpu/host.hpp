/// \file
/// What this process may use of its machine: a container's share and the shell's limits, not all that there is.
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>

namespace geolip::backend::cpu {

inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// Cores that the process may keep busy: those that it may run on, and its control groups' quota of time.
/// \param root where /proc and /sys are found
int usable_cores(const std::filesystem::path& root = "/");

/// Bytes that the process can still take: the least of the machine's memory, of what its control groups (versions 1
/// and 2, all ancestors) leave beside what is in use, and of the address space that a limit leaves.
std::size_t usable_memory(const std::filesystem::path& root = "/");

/// The limit of the address space (ulimit -v) and what of it is left, or no_limit.
std::size_t address_space_limit();
std::size_t address_space_left();

}  // namespace geolip::backend::cpu
