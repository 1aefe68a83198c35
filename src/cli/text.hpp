/// \file
/// Text from files, made fit for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace geolip::cli {

/// The text on one line: what could steer a terminal, control characters and bytes that are no UTF-8, becomes
/// '?', line ends become spaces.
std::string printable(std::string_view text);

/// The number of columns of UTF-8 text, one for each code point.
std::size_t display_width(std::string_view text);

/// The first `columns` columns of UTF-8 text.
std::string_view clip(std::string_view text, std::size_t columns);

}  // namespace geolip::cli
