/// \file
/// geolip report: what sweeps found.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cli/console.hpp>

namespace geolip::cli {

struct ReportArguments {
  std::vector<std::filesystem::path> files;  ///< results of geolip sweep
  std::optional<std::string> csv;            ///< a file, or "-" for the standard output in place of the table
  std::optional<std::string> markdown;       ///< the same
};

/// Runs the command and returns its exit code. Errors are thrown.
int report_results(const ReportArguments& arguments, const Console& console);

}  // namespace geolip::cli
