/// \file
/// The table that `geolip estimate` prints.
#pragma once

#include <geolip/io.hpp>
#include <geolip/result.hpp>

#include <iosfwd>

#include "cli/baselines.hpp"
#include "cli/estimate.hpp"

namespace geolip::cli {

/// "784-256-10": the widths between the linear layers; long networks are shortened in the middle.
std::string network_size(const Network& network);

/// Prints header, table and summary. `baselines` may be null; `seconds` is the wall-clock time of the run.
void print_estimate(std::ostream& out, const EstimateArguments& arguments, const Network& network,
                    const Result& result, const Baselines* baselines, double seconds);

}  // namespace geolip::cli
