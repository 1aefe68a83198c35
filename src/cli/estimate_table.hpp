/// \file
/// The table that `geolip estimate` prints.
#pragma once

#include <geolip/io.hpp>
#include <geolip/result.hpp>

#include <iosfwd>
#include <string>

#include <cli/estimate.hpp>

namespace geolip::cli {

/// Why a bound that met its gap is not proved; empty if all such are, or no proofs were asked for.
std::string not_verified(const Result& result);

/// "784-256-10": the widths between the linear layers; long networks are shortened in the middle.
std::string network_size(const Network& network);

/// What is known before the run: network, norm, device, and what a large run will take.
void print_header(std::ostream& out, const EstimateArguments& arguments, const Network& network,
                  const std::string& device, const Prediction& prediction);

/// The table and the summary below it. `baselines` may be null; `seconds` is the wall-clock time of the run.
void print_estimate(std::ostream& out, const EstimateArguments& arguments, const Result& result,
                    const Baselines* baselines, double seconds);

}  // namespace geolip::cli
