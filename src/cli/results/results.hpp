/// \file
/// Results of sweeps, gathered from their files.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace geolip::cli {

/// What is known of a sweep's runs.
struct Results {
  /// One line a run (result_lines.hpp), in the order of the files; of lines with one id the last.
  std::vector<nlohmann::ordered_json> lines;
  /// Settings that not all lines have in common, by name.
  std::vector<std::string> varying;
  /// Whether any result has baselines.
  bool baselines = false;
};

/// Reads all files. Throws FileError if one cannot be read or holds something else.
Results gather_results(const std::vector<std::filesystem::path>& files);

/// "3", "3-5" or "vector"; any other value as it is, nothing for null
std::string output_text(const nlohmann::ordered_json& output);
/// A setting of a run, or "" if it has none of that name.
std::string setting_text(const nlohmann::ordered_json& run, const std::string& name);

}  // namespace geolip::cli
