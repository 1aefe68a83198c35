/// \file
/// Files of results: one JSON object a line, one line a run of geolip sweep.
///
/// A line is what `geolip estimate --json` writes, with a key `run` besides:
///
///     {"tool": "geolip", "version": ..., "device": ..., "network": {...}, "settings": {...},
///      "results": [...],
///      "run": {"id": "16 hex digits", "network": as in the manifest, "norm": ..., "outputs": ...,
///              "settings": {...}, "exit_code": n, "error": null or a sentence,
///              "started": "2026-01-31T12:00:00Z", "seconds": x, "cpu_seconds": x, "peak_memory": bytes,
///              "host": ...}}
///
/// A run that failed has `error`, no `results`, and no more than that is known of its network.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace geolip::cli {

/// The object of one line, or an error: throws FileError, with the file and the line's number, unless it has
/// all that this file promises.
nlohmann::ordered_json parse_result_line(std::string_view line, const std::filesystem::path& path,
                                         std::size_t number);

/// What a file holds: its whole lines, and how many bytes of an unfinished one follow them.
struct ResultLines {
  std::vector<nlohmann::ordered_json> lines;
  std::size_t unfinished = 0;
};

/// All lines of a file. An unfinished last line is what a run that was killed leaves behind; it is passed
/// over. Throws FileError if the file cannot be read or holds something else.
ResultLines read_result_lines(const std::filesystem::path& path);
/// The same from text.
ResultLines parse_result_lines(std::string_view text, const std::filesystem::path& path);

}  // namespace geolip::cli
