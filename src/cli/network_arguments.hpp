/// \file
/// The arguments by which every command names a network.
#pragma once

#include <geolip/io.hpp>

#include <filesystem>
#include <vector>

namespace geolip::cli {

struct NetworkArguments {
  std::filesystem::path path;
  ReadOptions options;
};

/// All files that a network was read from.
inline std::vector<std::filesystem::path> files_of(const NetworkArguments& network, const NetworkFile& file) {
  std::vector<std::filesystem::path> files{network.path};
  for (const ExternalFile& external : file.source.external)
    files.push_back(network.path.parent_path() / external.location);
  return files;
}

}  // namespace geolip::cli
