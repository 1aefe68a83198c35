/// \file
/// Canonical files of networks (docs/network-file.md), read: what canonical_bytes() writes, or another
/// program by the same rules.
#pragma once

#include <formats/archive.hpp>

namespace geolip::formats {

/// Whether the archive holds a canonical file's description.
bool is_canonical(const Archive& archive);

/// The network and its source. Throws NetworkError, in one sentence, for all that the format does not know.
Parsed read_canonical(Archive& archive);

}  // namespace geolip::formats
