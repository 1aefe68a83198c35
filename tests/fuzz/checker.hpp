/// \file
/// The checker's own readers beside the product's, on the same bytes.
#pragma once

#include <geolip/network.hpp>

#include <optional>
#include <string>

#include "checker/files/read_network.hpp"

namespace geolip::fuzz {

/// Reads the bytes as the checker does. Fails unless it refuses them in one sentence, or reads the network
/// that the product reads, where that reads one too.
void require_checker_agrees(checker::Bytes bytes, const std::string& extension,
                            const checker::Reading& reading, const checker::ExternalData& external,
                            const std::optional<Network>& product);

/// For formats without external files.
std::vector<unsigned char> no_external(const std::string& location);

}  // namespace geolip::fuzz
