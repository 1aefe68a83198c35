/// \file
/// Certificates of several bounds of one network.
#pragma once

#include <geolip/io.hpp>

namespace geolip::formats {

/// certificate_text() for the network whose canonical file has that SHA-256, which is computed once.
std::string certificate_text(const Source& source, const std::string& canonical, const Bound& bound);

}  // namespace geolip::formats
