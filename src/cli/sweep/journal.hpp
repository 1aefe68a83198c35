/// \file
/// The file that a sweep writes its results to.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <cli/results/result_lines.hpp>

namespace geolip::cli {

/// A file of results (result_lines.hpp) to which lines are appended, each on the disk before the next run's.
/// While it is open no other sweep can open it.
class Journal {
 public:
  /// Opens the file, or makes it. Reads what is in it and cuts off a last line that was never finished.
  /// Throws FileError, in one sentence, if it cannot be written, another sweep has it, or it holds anything
  /// else than results.
  explicit Journal(std::filesystem::path path);
  Journal(const Journal&) = delete;
  Journal(Journal&&) = delete;
  Journal& operator=(const Journal&) = delete;
  Journal& operator=(Journal&&) = delete;
  ~Journal();

  /// The last line of each run that was in the file, by its id.
  const std::map<std::string, nlohmann::ordered_json>& known() const { return known_; }
  /// Whether the file ended in a line that was never finished.
  bool repaired() const { return repaired_; }

  /// Throws FileError if the system does not take the line; the file then ends where it did before.
  void append(const nlohmann::ordered_json& line);

 private:
  [[noreturn]] void fail(const std::string& why) const;

  std::filesystem::path path_;
  int fd_;
  std::map<std::string, nlohmann::ordered_json> known_;
  bool repaired_ = false;
};

}  // namespace geolip::cli
