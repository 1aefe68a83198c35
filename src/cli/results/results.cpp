#include <cli/results/results.hpp>

#include <algorithm>
#include <map>
#include <set>

#include <cli/decimal.hpp>
#include <cli/results/result_lines.hpp>

namespace geolip::cli {

using Json = nlohmann::ordered_json;

namespace {

std::string scalar_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return shortest(value.get<double>());
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> varying_settings(const std::vector<Json>& lines) {
  std::vector<std::string> names;
  std::map<std::string, std::set<std::string>> values;
  for (const Json& line : lines) {
    for (const auto& [name, value] : line["run"]["settings"].items()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const Json& line : lines) {
    for (const std::string& name : names) values[name].insert(setting_text(line["run"], name));
  }
  std::erase_if(names, [&values](const std::string& name) { return values[name].size() < 2; });
  return names;
}

}  // namespace

std::string output_text(const Json& output) {
  if (!output.is_array()) return scalar_text(output);
  std::string text;
  for (const Json& part : output) text += (text.empty() ? "" : "-") + scalar_text(part);
  return text;
}

std::string setting_text(const Json& run, const std::string& name) {
  const auto at = run["settings"].find(name);
  return at == run["settings"].end() ? "" : scalar_text(*at);
}

Results gather_results(const std::vector<std::filesystem::path>& files) {
  Results results;
  std::map<std::string, std::size_t> place;
  for (const std::filesystem::path& file : files) {
    for (Json& line : read_result_lines(file).lines) {
      const auto [at, is_new] = place.emplace(line["run"]["id"].get<std::string>(), results.lines.size());
      if (is_new) {
        results.lines.push_back(std::move(line));
      } else {
        results.lines[at->second] = std::move(line);
      }
    }
  }
  results.varying = varying_settings(results.lines);
  for (const Json& line : results.lines) {
    if (!line.contains("results")) continue;
    for (const Json& result : line["results"])
      results.baselines = results.baselines || result.contains("baselines");
  }
  return results;
}

}  // namespace geolip::cli
