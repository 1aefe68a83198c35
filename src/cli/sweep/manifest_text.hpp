/// \file
/// A manifest's text as a JSON value, whichever language it is written in.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace geolip::cli {

/// The table in a TOML text. Throws FileError, with the line, if it is none; dates are refused.
nlohmann::ordered_json from_toml(std::string_view text, const std::string& name);
/// The object in a JSON text. Throws FileError.
nlohmann::ordered_json from_json(std::string_view text, const std::string& name);

}  // namespace geolip::cli
