/// \file
/// Results of sweeps as a table for people, in Markdown, and as CSV for programs.
#pragma once

#include <string>

#include <cli/results/results.hpp>
#include <cli/table.hpp>

namespace geolip::cli {

/// One row a result: network, norm, output, the settings that vary, bounds (six digits, rounded outwards),
/// gap, status and the seconds of its run. Runs that failed have a row each, with the status "failed".
Table result_table(const Results& results);

/// The same rows with everything that the lines say, in full precision; RFC 4180, a header first. What is not
/// finite or not known is empty; text that a spreadsheet would run as a formula (=, +, -, @, a tab or a line end
/// in front) gets an apostrophe before it.
std::string results_csv(const Results& results);

/// "240 results of 24 runs: 230 verified, 8 certified, 2 at a limit; 1 run failed", and a line for each that
/// did.
std::string results_summary(const Results& results);

}  // namespace geolip::cli
