/// \file
/// The commands' places on the command line.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include <cli/estimate.hpp>
#include <cli/export.hpp>
#include <cli/info.hpp>
#include <cli/results/report_results.hpp>
#include <cli/sweep/sweep.hpp>
#include <cli/verify.hpp>

namespace geolip::cli {

/// Adds `geolip estimate`; parsing fills the arguments.
CLI::App* add_estimate(CLI::App& app, EstimateArguments& arguments);
/// Checks what no option can check alone. Throws UsageError.
void complete(const CLI::App& command, EstimateArguments& arguments);

/// What stands behind `geolip estimate` in the words given. Throws UsageError.
EstimateArguments read_estimate(std::vector<std::string> words);

/// Add the other commands; parsing fills the arguments.
CLI::App* add_info(CLI::App& app, InfoArguments& arguments);
CLI::App* add_export(CLI::App& app, ExportArguments& arguments);
CLI::App* add_verify(CLI::App& app, VerifyArguments& arguments);  // verify.cpp
CLI::App* add_sweep(CLI::App& app, SweepArguments& arguments);    // sweep_commands.cpp
CLI::App* add_report(CLI::App& app, ReportArguments& arguments);

/// "auto", "cpu", "cuda" or "cuda:N".
bool is_device(const std::string& text);

}  // namespace geolip::cli
