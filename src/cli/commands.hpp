/// \file
/// The commands' places on the command line.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/estimate.hpp"
#include "cli/info.hpp"
#include "cli/verify.hpp"

namespace geolip::cli {

/// Adds `geolip estimate`; parsing fills the arguments.
CLI::App* add_estimate(CLI::App& app, EstimateArguments& arguments);
/// Checks what no option can check alone. Throws UsageError.
void complete(const CLI::App& command, EstimateArguments& arguments);

/// Adds `geolip info`; parsing fills the arguments.
CLI::App* add_info(CLI::App& app, InfoArguments& arguments);

/// Adds `geolip verify`; parsing fills the arguments.
CLI::App* add_verify(CLI::App& app, VerifyArguments& arguments);

}  // namespace geolip::cli
