// What sweeps read: manifests in both languages, and files of results. The first byte chooses.
#include <cli/exit_code.hpp>
#include <cli/results/result_lines.hpp>
#include <cli/sweep/manifest.hpp>
#include <cli/text.hpp>
#include <fuzz/contract.hpp>

#include <set>

namespace {

using geolip::fuzz::require;

void read_manifest(std::string_view text, const char* name) {
  std::set<std::string> ids;
  for (const geolip::cli::SweepRun& run : geolip::cli::parse_manifest(text, name, "/none")) {
    require(ids.insert(run.id).second, "two runs with one id");
    require(run.arguments.size() >= 3 && !run.arguments.front().starts_with('-'),
            "the network's name is an option");
  }
}

void read_results(std::string_view text) {
  const geolip::cli::ResultLines lines = geolip::cli::parse_result_lines(text, "r.jsonl");
  require(lines.unfinished <= text.size(), "more of a line than there is text");
  for (const auto& line : lines.lines) {
    require(line["run"]["id"].is_string() && (line["run"]["error"].is_string() || line["results"].is_array()),
            "a line without what it promises");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  // Patterns would walk through this machine's files.
  if (data[0] % 3 != 2 && text.find_first_of("*?") != std::string_view::npos) return 0;
  try {
    switch (data[0] % 3) {
      case 0:
        read_manifest(text, "s.toml");
        break;
      case 1:
        read_manifest(text, "s.json");
        break;
      default:
        read_results(text);
    }
  } catch (const geolip::cli::FileError& error) {
    const std::string_view what = error.what();
    require(!what.empty() && geolip::cli::printable(what) == what && geolip::cli::display_width(what) <= 400,
            "a message that is no short line");
  }
  return 0;
}
