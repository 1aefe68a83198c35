#include <cli/results/result_lines.hpp>

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <iterator>

#include <cli/exit_code.hpp>

namespace geolip::cli {
namespace {

using Json = nlohmann::ordered_json;

// How every line begins: by this an unfinished one is told from a stranger's text.
constexpr std::string_view beginning = R"({"tool":"geolip",)";

/// Whether the values at these places are of a kind.
bool all(const Json& object, bool (*is)(const Json&), std::initializer_list<const char*> places) {
  return std::all_of(places.begin(), places.end(), [&](const char* place) {
    const Json::json_pointer pointer(place);
    return object.contains(pointer) && is(object[pointer]);
  });
}

bool is_text(const Json& value) { return value.is_string(); }
bool is_whole(const Json& value) { return value.is_number_integer(); }
bool is_object(const Json& value) { return value.is_object(); }
/// JSON has no infinity: what is not finite was written as null.
bool is_number(const Json& value) { return value.is_number() || value.is_null(); }

bool is_result(const Json& result) {
  return result.contains("output") && all(result, is_text, {"/status", "/norm"}) &&
         all(result, [](const Json& value) { return value.is_boolean(); }, {"/verified"}) &&
         all(result, is_number,
             {"/lower", "/relaxation", "/upper", "/verification_loss", "/iterations", "/rank",
              "/seconds/total"});
}

bool is_line(const Json& line) {
  if (!line.is_object() || line.value("tool", Json()) != "geolip" ||
      !all(line, is_object, {"/run", "/run/settings"}) ||
      !all(line, is_text,
           {"/version", "/run/id", "/run/network", "/run/norm", "/run/outputs", "/run/started",
            "/run/host"}) ||
      !all(line, is_whole, {"/run/exit_code", "/run/peak_memory"}) ||
      !all(line, is_number, {"/run/seconds", "/run/cpu_seconds"})) {
    return false;
  }
  if (all(line, is_text, {"/run/error"})) return true;
  const auto results = line.find("results");
  return all(line, [](const Json& error) { return error.is_null(); }, {"/run/error"}) &&
         all(line, is_text, {"/network/sha256", "/device"}) && results != line.end() && results->is_array() &&
         std::all_of(results->begin(), results->end(), is_result);
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
