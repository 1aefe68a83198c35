/// \file
/// Reports as JSON.
#pragma once

#include <geolip/io.hpp>
#include <geolip/result.hpp>

#include <string>

#include <cli/estimate.hpp>

namespace geolip::cli {

/// The report of one `geolip estimate`, ending in a newline. Doubles read back to the same bits; what is
/// not finite becomes null. `baselines` may be null.
std::string estimate_json(const EstimateArguments& arguments, const NetworkFile& file, const Result& result,
                          const Baselines* baselines);

/// The report of one `geolip info`, ending in a newline.
std::string info_json(const NetworkArguments& arguments, const NetworkFile& file);

}  // namespace geolip::cli
