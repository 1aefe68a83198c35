/// \file
/// A library that answers at once, and a folder that goes away: what tests of the command need.
#pragma once

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <cli/console.hpp>

namespace geolip::cli::testing {

/// A 2-3-2 network for every path, except that "missing.onnx" is refused.
NetworkFile fake_read_network(const std::filesystem::path& path, const ReadOptions& options);

/// Certified bounds: for objective b, lower 1 + b, relaxation 1.5 + b, upper 1.5001 + b. Shows its
/// progress to the observer once.
Result fake_estimate(const Network& network, const Query& query, const Settings& settings);

inline Library fake_library() { return {fake_read_network, fake_estimate}; }

/// What a run of the command left behind.
struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

/// Runs `geolip arguments...`. \param columns width of the terminal, 0 for none.
Outcome run_command(const std::vector<std::string>& arguments, const Library& library = fake_library(),
                    int columns = 0);

/// A folder of its own, removed with everything in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder(TemporaryFolder&&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// Names of all files in it.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& bytes);

}  // namespace geolip::cli::testing
