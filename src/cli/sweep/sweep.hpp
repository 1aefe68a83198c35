/// \file
/// geolip sweep: many estimates, one line of results each.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cli/console.hpp>

namespace geolip::cli {

/// Part `part` of `parts`, from 1: runs part - 1, part - 1 + parts, ... of the manifest.
struct Shard {
  std::size_t part = 1;
  std::size_t parts = 1;
};

struct SweepArguments {
  std::filesystem::path manifest;
  std::optional<std::filesystem::path> out;  ///< file of results (result_lines.hpp)
  Shard shard;
  std::size_t jobs = 0;                               ///< runs at a time; 0: one a device
  std::vector<std::string> devices;                   ///< for the runs in turn; empty: as the manifest says
  std::optional<std::filesystem::path> certificates;  ///< folder that gets a folder of certificates a run
  bool list = false;                                  ///< say what would run, and run nothing
  bool quiet = false;
  /// What is started for each run, with `estimate` and its arguments.
  std::filesystem::path program = "/proc/self/exe";
};

/// Runs the command and returns its exit code. Errors are thrown.
int sweep(const SweepArguments& arguments, const Console& console);

}  // namespace geolip::cli
