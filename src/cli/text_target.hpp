/// \file
/// Where --json goes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cli/console.hpp>
#include <cli/output_file.hpp>

namespace geolip::cli {

/// A file, the standard output ("-") or nothing.
class TextTarget {
 public:
  /// Throws FileError if the file could not be written.
  explicit TextTarget(const std::optional<std::string>& argument) : to_output_(argument == "-") {
    if (argument && !to_output_) file_.emplace(*argument);
  }

  bool wanted() const { return to_output_ || file_.has_value(); }
  /// True if the standard output is to hold the JSON and nothing else.
  bool owns_output() const { return to_output_; }

  /// The file; null if there is none.
  const OutputFile* file() const { return file_ ? &*file_ : nullptr; }
  /// As OutputFile.
  void require_apart(const std::vector<std::filesystem::path>& inputs) const {
    if (file_) file_->require_apart(inputs);
  }

  void write(const Console& console, std::string_view text) const;

 private:
  bool to_output_;
  std::optional<OutputFile> file_;
};

/// Brings everything printed so far out. Throws FileError if the standard output did not take it.
void finish_output(const Console& console);

}  // namespace geolip::cli
