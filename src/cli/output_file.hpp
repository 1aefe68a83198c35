/// \file
/// Files that are either written whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace geolip::cli {

/// A file to be written at the end of a run. What is wrong with its path is found when it is made, before
/// the work whose result it is to hold.
class OutputFile {
 public:
  /// Throws FileError, in one sentence, if the file could not be written. Leaves an existing file alone.
  explicit OutputFile(std::filesystem::path path);

  /// Writes a temporary file beside it, brings it to the disk and moves it into place: a reader finds the
  /// old file or the new one. What is no ordinary file (/dev/null, a pipe) is written directly. Throws
  /// FileError.
  void write(std::string_view text) const;

  /// Throws FileError if the file is one of those that are read, by whatever name, or another one to be written.
  void require_apart(const std::vector<std::filesystem::path>& inputs) const;
  void require_apart(const OutputFile& other) const;

 private:
  std::filesystem::path path_;
  bool replace_ = true;  ///< by renaming; otherwise written directly
};

/// Writes all of the text to an open file; returns 0 or the error.
int write_all(int fd, std::string_view text);

}  // namespace geolip::cli
