/// \file
/// Where a network comes from, as JSON: one text in canonical files and certificates.
#pragma once

#include <geolip/io.hpp>

#include <nlohmann/json.hpp>

namespace geolip::formats {

nlohmann::ordered_json source_json(const Source& source);

}  // namespace geolip::formats
