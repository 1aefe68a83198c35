/// \file
/// Whether a file is still the one that it was.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace geolip::cli {

/// SHA-256 of files, each read once.
class FileHashes {
 public:
  /// Lower-case hex; empty if the file cannot be read.
  const std::string& of(const std::filesystem::path& path);

 private:
  std::map<std::filesystem::path, std::string> known_;
};

}  // namespace geolip::cli
