#include "cli/results/result_lines.hpp"

#include <fstream>
#include <iterator>

#include "cli/exit_code.hpp"

namespace geolip::cli {
namespace {

using Json = nlohmann::ordered_json;

// How every line begins: by this an unfinished one is told from a stranger's text.
constexpr std::string_view beginning = R"({"tool":"geolip",)";

bool has(const Json& object, const char* key, bool (Json::*is)() const noexcept) {
  const auto at = object.find(key);
  return at != object.end() && ((*at).*is)();
}

bool is_number_or_null(const Json& object, const char* key) {
  // JSON has no infinity: what is not finite was written as null
  const auto at = object.find(key);
  return at != object.end() && (at->is_number() || at->is_null());
}

bool is_result(const Json& result) {
  if (!result.is_object() || !result.contains("output") || !has(result, "status", &Json::is_string) ||
      !has(result, "norm", &Json::is_string) || !has(result, "verified", &Json::is_boolean) ||
      !has(result, "seconds", &Json::is_object)) {
    return false;
  }
  for (const char* key : {"lower", "relaxation", "upper", "verification_loss", "iterations", "rank"}) {
    if (!is_number_or_null(result, key)) return false;
  }
  return is_number_or_null(result["seconds"], "total");
}

bool is_run(const Json& run) {
  for (const char* key : {"id", "network", "norm", "outputs", "started", "host"}) {
    if (!has(run, key, &Json::is_string)) return false;
  }
  for (const char* key : {"exit_code", "peak_memory"}) {
    if (!has(run, key, &Json::is_number_integer)) return false;
  }
  return is_number_or_null(run, "seconds") && is_number_or_null(run, "cpu_seconds") &&
         has(run, "settings", &Json::is_object) && run.contains("error") &&
         (run["error"].is_null() || run["error"].is_string());
}

bool is_line(const Json& line) {
  if (!line.is_object() || line.value("tool", Json()) != "geolip" || !has(line, "run", &Json::is_object) ||
      !has(line, "version", &Json::is_string) || !is_run(line["run"])) {
    return false;
  }
  if (line["run"]["error"].is_string()) return true;
  if (!has(line, "network", &Json::is_object) || !has(line["network"], "sha256", &Json::is_string) ||
      !has(line, "device", &Json::is_string) || !has(line, "results", &Json::is_array)) {
    return false;
  }
  for (const Json& result : line["results"]) {
    if (!is_result(result)) return false;
  }
  return true;
}

}  // namespace

Json parse_result_line(std::string_view text, const std::filesystem::path& path, std::size_t number) {
  Json line = Json::parse(text, nullptr, false);
  if (!is_line(line)) {
    throw FileError(path.string() + ": line " + std::to_string(number) + " is no result of geolip sweep");
  }
  return line;
}

ResultLines parse_result_lines(std::string_view text, const std::filesystem::path& path) {
  ResultLines result;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      const std::size_t common = std::min(text.size(), beginning.size());
      if (text.substr(0, common) != beginning.substr(0, common)) parse_result_line("", path, number);
      result.unfinished = text.size();
      break;
    }
    result.lines.push_back(parse_result_line(text.substr(0, end), path, number));
    text.remove_prefix(end + 1);
  }
  return result;
}

ResultLines read_result_lines(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw FileError(path.string() + ": it is a directory");
  std::ifstream file(path, std::ios::binary);
  std::string text(beginning.size(), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  parse_result_lines(text, path);  // what is no such file may go on for gigabytes
  text.append(std::istreambuf_iterator<char>(file), {});
  if (!file.is_open() || file.bad()) throw FileError(path.string() + ": cannot be read");
  return parse_result_lines(text, path);
}

}  // namespace geolip::cli
