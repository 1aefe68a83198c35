/// \file
/// Canonical network files (docs/network-file.md), strictly: what differs from the page is refused.
#pragma once

#include <checker/json.hpp>

#include <optional>
#include <utility>

namespace geolip::checker {

/// The file that a canonical file was made from.
struct Source {
  std::string file;
  std::string sha256;
  std::vector<std::pair<std::string, std::string>> external;  ///< location and SHA-256
  std::optional<std::string> activation;                      ///< choices it was read with
  bool logits = false;
  bool physical_units = false;
  bool rounded = false;  ///< whether reading took arithmetic that rounds

  bool operator==(const Source&) const = default;
};

/// The object of that name in canonical files and certificates.
Source read_source(const nlohmann::json& value);

struct CanonicalNetwork {
  Network network;
  Source source;
  std::string sha256;  ///< of the canonical file
};

/// Throws ReadError in one sentence, too for tensors of more coordinates than `largest_tensor`.
CanonicalNetwork read_canonical(Bytes file, Index largest_tensor = Index{1} << 30U);

}  // namespace geolip::checker
