#include <cli/results/write_results.hpp>

#include <algorithm>
#include <initializer_list>
#include <map>

#include <cli/decimal.hpp>
#include <cli/options.hpp>
#include <cli/text.hpp>

namespace geolip::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int bound_digits = 6;
constexpr int gap_digits = 2;

/// A row of the table: a line of results with one of its results, to which the gap is added, as "result". The row
/// of a run that failed has a result with its status alone.
std::vector<Json> rows_of(const Results& results) {
  std::vector<Json> rows;
  for (const Json& line : results.lines) {
    Json row = line;
    row.erase("results");
    if (line["run"]["error"].is_string()) {
      row["result"] = {{"output", line["run"]["outputs"]}, {"status", "failed"}};
      rows.push_back(row);
      continue;
    }
    for (const Json& result : line["results"]) {
      row["result"] = result;
      const Json& upper = result["upper"];
      if (upper.is_number() && result["relaxation"].is_number()) {  // as Bound::gap()
        const double u = upper.get<double>();
        row["result"]["gap"] = u == 0.0 ? 0.0 : (u - result["relaxation"].get<double>()) / u;
      }
      rows.push_back(row);
    }
  }
  return rows;
}

/// What stands at a place of a row; null if there is nothing.
Json at(const Json& row, const char* place) { return row.value(Json::json_pointer(place), Json()); }

std::string text_at(const Json& row, const char* place) {
  return printable(at(row, place).get<std::string>());
}

/// A bound with few digits; "-" where there is none.
std::string bound_at(const Json& row, const char* place, Round round) {
  const Json value = at(row, place);
  return value.is_number() ? decimal(value.get<double>(), bound_digits, round) : "-";
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

/// A column of CSV, and where its values stand in a row.
using Column = std::pair<std::string, Json::json_pointer>;

std::vector<Column> csv_columns(const Results& results) {
  std::vector<Column> columns;
  const auto add = [&columns](const std::string& folder, std::initializer_list<const char*> names,
                              const std::string& ending = "") {
    for (const std::string name : names)
      columns.emplace_back(name + ending, Json::json_pointer(folder + name));
  };
  add("/run/", {"id", "network"});
  add("/network/", {"sha256"});
  add("/run/", {"norm"});
  add("/result/", {"output"});
  for (const std::string& name : results.varying) {
    columns.emplace_back("setting_" + name, Json::json_pointer("/run/settings") / name);
  }
  add("/result/", {"lower", "relaxation", "upper", "gap", "status", "verified", "verification_loss",
                   "iterations", "rank"});
  add("/result/baselines/", {"gradient", "product"});
  add("/result/seconds/", {"ascent", "certificate", "rounding", "verification"}, "_seconds");
  columns.emplace_back("batch_seconds", "/result/seconds/total");
  columns.emplace_back("run_seconds", "/run/seconds");
  add("/run/", {"cpu_seconds", "peak_memory"});
  add("/", {"device"});
  add("/run/", {"host", "started"});
  add("/", {"version"});
  add("/run/", {"error"});
  return columns;
}

}  // namespace

Table result_table(const Results& results) {
  const std::vector<Json> rows = rows_of(results);
  Table table;
  const auto texts = [&](const char* title, const char* place) {
    table.add_column(title, Align::left, rows, [&](const Json& row) { return text_at(row, place); });
  };
  const auto bounds = [&](const char* title, const char* place, Round round) {
    table.add_column(title, Align::point, rows, [&](const Json& row) { return bound_at(row, place, round); });
  };
  texts("network", "/run/network");
  texts("norm", "/run/norm");
  table.add_column("output", Align::right, rows,
                   [](const Json& row) { return printable(output_text(row["result"]["output"])); });
  for (const std::string& name : results.varying) {
    table.add_column(option_name(name), Align::right, rows,
                     [&](const Json& row) { return printable(setting_text(row["run"], name)); });
  }
  if (results.baselines) bounds("gradient", "/result/baselines/gradient", Round::down);
  bounds("lower", "/result/lower", Round::down);
  bounds("upper", "/result/upper", Round::up);
  if (results.baselines) bounds("product", "/result/baselines/product", Round::up);
  table.add_column("gap", Align::right, rows, [](const Json& row) {
    const Json gap = at(row, "/result/gap");
    return gap.is_number() ? decimal_exponent(gap.get<double>(), gap_digits, Round::up) : "-";
  });
  texts("status", "/result/status");
  table.add_column("seconds", Align::right, rows, [](const Json& row) {
    const Json seconds = at(row, "/run/seconds");
    return seconds.is_number() ? fixed(seconds.get<double>(), 2) : "-";
  });
  return table;
}

std::string results_csv(const Results& results) {
  std::string csv;
  const auto add = [&csv](const std::string& text) {
    csv += (csv.empty() || csv.ends_with('\n') ? "" : ",") + quoted(text);
  };
  const std::vector<Column> columns = csv_columns(results);
  for (const auto& [name, place] : columns) add(name);
  csv += "\r\n";
  for (const Json& row : rows_of(results)) {
    for (const auto& [name, place] : columns) add(output_text(row.value(place, Json())));
    csv += "\r\n";
  }
  return csv;
}

std::string results_summary(const Results& results) {
  std::size_t count = 0;
  std::size_t lost = 0;
  std::map<std::string, std::size_t> statuses;
  std::string failures;
  for (const Json& line : results.lines) {
    if (line["run"]["error"].is_string()) {
      ++lost;
      failures += "failed: " + text_at(line, "/run/network") + ' ' + text_at(line, "/run/norm") + ' ' +
                  text_at(line, "/run/outputs") + ": " + text_at(line, "/run/error") + '\n';
      continue;
    }
    count += line["results"].size();
    for (const Json& result : line["results"]) ++statuses[text_at(result, "/status")];
  }
  std::string text = std::to_string(count) + " results of " + std::to_string(results.lines.size()) +
                     " runs: " + std::to_string(statuses["verified"]) + " verified, " +
                     std::to_string(statuses["certified"]) + " certified, " +
                     std::to_string(statuses["limit"]) + " at a limit";
  if (statuses["failed"] > 0) text += ", " + std::to_string(statuses["failed"]) + " failed";
  if (lost > 0) text += "; " + std::to_string(lost) + (lost == 1 ? " run failed" : " runs failed");
  return text + '\n' + failures;
}

}  // namespace geolip::cli
