#include "cli/results/write_results.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "cli/decimal.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"

namespace geolip::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int bound_digits = 6;
constexpr int gap_digits = 2;
constexpr const char* failed = "failed";

double number(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_number() ? at->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

/// (upper - relaxation) / upper, as Bound::gap()
double gap(const Json& result) {
  const double upper = number(result, "upper");
  return upper == 0.0 ? 0.0 : (upper - number(result, "relaxation")) / upper;
}

std::string seconds_text(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", seconds);
  return text.data();
}

std::string bound_text(double x, Round round) {
  return std::isfinite(x) ? decimal(x, bound_digits, round) : "-";
}

bool has_failed(const Json& line) { return line["run"]["error"].is_string(); }

/// The cells that say what was asked.
std::vector<std::string> question_cells(const Results& results, const Json& run, const std::string& output) {
  std::vector<std::string> cells{printable(run["network"].get<std::string>()),
                                 printable(run["norm"].get<std::string>()), printable(output)};
  for (const std::string& name : results.varying) cells.push_back(printable(setting_text(run, name)));
  return cells;
}

/// "--max-rank": so that a setting's column is not taken for a result's.
std::string option_name(std::string setting) {
  std::replace(setting.begin(), setting.end(), '_', '-');
  return "--" + printable(setting);
}

/// Text that a spreadsheet would take for a formula, marked as text by an apostrophe. Numbers are none.
std::string no_formula(const std::string& text) {
  double number = 0.0;
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string::npos;
  return formula && !read_number(text, number) ? '\'' + text : text;
}

/// Text as a field of CSV.
std::string quoted(std::string text) {
  text = no_formula(text);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + '"';
}

std::string exact(double x) { return std::isfinite(x) ? shortest(x) : ""; }

std::string exact(const Json& object, const char* key) {
  const auto at = object.find(key);
  if (at != object.end() && at->is_number_integer()) return at->dump();
  return exact(number(object, key));
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) line += (i == 0 ? "" : ",") + quoted(fields[i]);
  return line + "\r\n";
}

/// The fields behind question and settings, those of the result empty where there is none.
void add_result_fields(std::vector<std::string>& fields, const Json* result) {
  const Json none = Json::object();
  const Json& known = result == nullptr ? none : *result;
  for (const char* key : {"lower", "relaxation", "upper"}) fields.push_back(exact(known, key));
  fields.push_back(exact(gap(known)));
  fields.push_back(result == nullptr ? failed : known["status"].get<std::string>());
  fields.emplace_back(result == nullptr ? "" : known["verified"].get<bool>() ? "true" : "false");
  for (const char* key : {"verification_loss", "iterations", "rank"}) fields.push_back(exact(known, key));
  const Json& baselines = known.contains("baselines") ? known["baselines"] : none;
  for (const char* key : {"gradient", "product"}) fields.push_back(exact(baselines, key));
  const Json& seconds = known.contains("seconds") ? known["seconds"] : none;
  for (const char* key : {"ascent", "certificate", "rounding", "verification", "total"}) {
    fields.push_back(exact(seconds, key));
  }
}

std::vector<std::string> csv_fields(const Results& results, const Json& line, const Json* result) {
  const Json& run = line["run"];
  std::vector<std::string> fields{
      run["id"].get<std::string>(), run["network"].get<std::string>(),
      has_failed(line) ? "" : line["network"]["sha256"].get<std::string>(), run["norm"].get<std::string>(),
      result == nullptr ? run["outputs"].get<std::string>() : output_text((*result)["output"])};
  for (const std::string& name : results.varying) fields.push_back(setting_text(run, name));
  add_result_fields(fields, result);
  for (const char* key : {"seconds", "cpu_seconds", "peak_memory"}) fields.push_back(exact(run, key));
  fields.push_back(has_failed(line) ? "" : line["device"].get<std::string>());
  fields.push_back(run["host"].get<std::string>());
  fields.push_back(run["started"].get<std::string>());
  fields.push_back(line["version"].get<std::string>());
  fields.push_back(has_failed(line) ? run["error"].get<std::string>() : "");
  return fields;
}

}  // namespace

Table result_table(const Results& results) {
  Table table;
  table.add_column("network", Align::left);
  table.add_column("norm", Align::left);
  table.add_column("output", Align::right);
  for (const std::string& name : results.varying) table.add_column(option_name(name), Align::right);
  if (results.baselines) table.add_column("gradient", Align::point);
  table.add_column("lower", Align::point);
  table.add_column("upper", Align::point);
  if (results.baselines) table.add_column("product", Align::point);
  table.add_column("gap", Align::right);
  table.add_column("status", Align::left);
  table.add_column("seconds", Align::right);
  for (const Json& line : results.lines) {
    const Json& run = line["run"];
    const std::string seconds = seconds_text(number(run, "seconds"));
    if (has_failed(line)) {
      std::vector<std::string> cells = question_cells(results, run, run["outputs"].get<std::string>());
      cells.insert(cells.end(), results.baselines ? 5 : 3, "-");
      cells.emplace_back(failed);
      cells.push_back(seconds);
      table.add_row(std::move(cells));
      continue;
    }
    for (const Json& result : line["results"]) {
      std::vector<std::string> cells = question_cells(results, run, output_text(result["output"]));
      const Json baselines = result.value("baselines", Json::object());
      if (results.baselines) cells.push_back(bound_text(number(baselines, "gradient"), Round::down));
      cells.push_back(bound_text(number(result, "lower"), Round::down));
      cells.push_back(bound_text(number(result, "upper"), Round::up));
      if (results.baselines) cells.push_back(bound_text(number(baselines, "product"), Round::up));
      const double relative = gap(result);
      cells.push_back(std::isfinite(relative) ? decimal_exponent(relative, gap_digits, Round::up) : "-");
      cells.push_back(printable(result["status"].get<std::string>()));
      cells.push_back(seconds);
      table.add_row(std::move(cells));
    }
  }
  return table;
}

std::string results_csv(const Results& results) {
  std::vector<std::string> header{"id", "network", "sha256", "norm", "output"};
  for (const std::string& name : results.varying) header.push_back("setting_" + name);
  for (const char* name : {"lower",
                           "relaxation",
                           "upper",
                           "gap",
                           "status",
                           "verified",
                           "verification_loss",
                           "iterations",
                           "rank",
                           "gradient",
                           "product",
                           "ascent_seconds",
                           "certificate_seconds",
                           "rounding_seconds",
                           "verification_seconds",
                           "batch_seconds",
                           "run_seconds",
                           "cpu_seconds",
                           "peak_memory",
                           "device",
                           "host",
                           "started",
                           "version",
                           "error"}) {
    header.emplace_back(name);
  }
  std::string csv = csv_line(header);
  for (const Json& line : results.lines) {
    if (has_failed(line)) {
      csv += csv_line(csv_fields(results, line, nullptr));
      continue;
    }
    for (const Json& result : line["results"]) csv += csv_line(csv_fields(results, line, &result));
  }
  return csv;
}

std::string results_summary(const Results& results) {
  std::size_t count = 0;
  std::size_t verified = 0;
  std::size_t certified = 0;
  std::size_t limit = 0;
  std::size_t lost = 0;
  std::string failures;
  for (const Json& line : results.lines) {
    const Json& run = line["run"];
    if (has_failed(line)) {
      ++lost;
      failures += "failed: " + printable(run["network"].get<std::string>()) + ' ' +
                  printable(run["norm"].get<std::string>()) + ' ' +
                  printable(run["outputs"].get<std::string>()) + ": " +
                  printable(run["error"].get<std::string>()) + '\n';
      continue;
    }
    for (const Json& result : line["results"]) {
      ++count;
      const std::string status = result["status"];
      ++(status == "verified" ? verified : status == "certified" ? certified : limit);
    }
  }
  std::string text = std::to_string(count) + " results of " + std::to_string(results.lines.size()) +
                     " runs: " + std::to_string(verified) + " verified, " + std::to_string(certified) +
                     " certified, " + std::to_string(limit) + " at a limit";
  if (lost > 0) text += "; " + std::to_string(lost) + (lost == 1 ? " run failed" : " runs failed");
  return text + '\n' + failures;
}

}  // namespace geolip::cli
