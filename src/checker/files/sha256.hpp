/// \file
/// SHA-256 (FIPS 180-4), which ties a certificate to the bytes of a network's file.
#pragma once

#include "checker/files/bytes.hpp"

namespace geolip::checker {

/// The digest in lower-case hex.
std::string sha256(Bytes bytes);

}  // namespace geolip::checker
