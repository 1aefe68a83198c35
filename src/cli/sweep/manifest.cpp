#include <cli/sweep/manifest.hpp>

#include <glob.h>

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <set>
#include <span>

#include <cli/commands.hpp>
#include <cli/decimal.hpp>
#include <cli/exit_code.hpp>
#include <cli/sweep/manifest_text.hpp>
#include <cli/text.hpp>
#include <formats/reader.hpp>

namespace geolip::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t most_runs = 1'000'000;
constexpr std::uintmax_t most_bytes = std::uintmax_t{16} << 20U;
constexpr std::size_t id_digits = 16;
constexpr std::size_t longest_message = 300;

/// The options of geolip estimate that a manifest may set.
enum class Kind { value, flag, path };
struct Setting {
  const char* name;
  Kind kind;
};
constexpr Setting known_settings[] = {
    {"gap", Kind::value},       {"time_limit", Kind::value},    {"max_iterations", Kind::value},
    {"rank", Kind::value},      {"max_rank", Kind::value},      {"starts", Kind::value},
    {"seed", Kind::value},      {"verify", Kind::value},        {"device", Kind::value},
    {"precision", Kind::value}, {"threads", Kind::value},       {"activation", Kind::value},
    {"logits", Kind::flag},     {"physical_units", Kind::flag}, {"baselines", Kind::flag},
    {"inputs", Kind::path}};

/// Networks, norms, outputs and settings that are all combined.
struct Grid {
  std::vector<std::string> networks;
  std::vector<std::string> norms{"l2"};
  std::vector<std::string> outputs{"all"};
  std::vector<std::pair<const Setting*, std::vector<Json>>> settings;
};

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

class Parser {
 public:
  Parser(std::string name, fs::path folder) : name_(std::move(name)), folder_(std::move(folder)) {}

  std::vector<SweepRun> parse(const Json& manifest) {
    if (!manifest.is_object()) fail("it is no table of keys");
    const Grid common = grid(manifest, Grid(), "", true);
    if (const auto blocks = manifest.find("sweep"); blocks != manifest.end()) {
      if (!blocks->is_array() || blocks->empty()) fail("sweep is no list of tables ([[sweep]])");
      for (std::size_t i = 0; i < blocks->size(); ++i) {
        const std::string where = "sweep " + std::to_string(i + 1) + ": ";
        if (!(*blocks)[i].is_object()) fail(where + "it is no table of keys");
        add(grid((*blocks)[i], common, where, false), where);
      }
    } else {
      add(common, "");
    }
    return std::move(runs_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    // what the manifest says may be of any length
    throw FileError(name_ + ": " + std::string(clip(printable(what), longest_message)));
  }

  /// The keys of one table, over what it inherits.
  Grid grid(const Json& table, Grid inherited, const std::string& where, bool top) const {
    Grid result = std::move(inherited);
    for (const auto& [key, value] : table.items()) {
      if (key == "networks") {
        result.networks = words(value, where + key);
      } else if (key == "norms") {
        result.norms = words(value, where + key);
      } else if (key == "outputs") {
        result.outputs = words(value, where + key);
      } else if (key == "settings") {
        if (!value.is_object()) fail(where + key + " is no table of keys");
        for (const auto& [name, choices] : value.items()) set(result, name, choices, where + "settings.");
      } else if (!top || key != "sweep") {
        fail(joined(
            {where, "'", key, "' is none of networks, norms, outputs, settings", top ? ", sweep" : ""}));
      }
    }
    return result;
  }

  /// A word, a number that stands for one (an output), or a list of such.
  std::vector<std::string> words(const Json& value, const std::string& where) const {
    std::vector<std::string> result;
    for (const Json& entry : as_list(value)) {
      if (entry.is_string()) {
        result.push_back(entry.get<std::string>());
      } else if (entry.is_number_integer()) {
        result.push_back(entry.dump());
      } else {
        fail(where + ": " + excerpt(entry) + " is no text");
      }
    }
    if (result.empty()) fail(where + " is an empty list");
    return result;
  }

  void set(Grid& grid, const std::string& name, const Json& value, const std::string& where) const {
    const auto* known = std::find_if(std::begin(known_settings), std::end(known_settings),
                                     [&name](const Setting& s) { return name == s.name; });
    if (known == std::end(known_settings)) {
      std::string all;
      for (const Setting& setting : known_settings)
        all += (all.empty() ? "" : ", ") + std::string(setting.name);
      fail(where + name + " is no setting; there are " + all);
    }
    std::vector<Json> choices = as_list(value);
    if (choices.empty()) fail(where + name + " is an empty list");
    for (const Json& choice : choices) {
      const bool fits = known->kind == Kind::flag   ? choice.is_boolean()
                        : known->kind == Kind::path ? choice.is_string()
                                                    : choice.is_string() || choice.is_number();
      if (!fits) {
        const char* wanted = known->kind == Kind::flag   ? "true or false"
                             : known->kind == Kind::path ? "a path"
                                                         : "a number or a word";
        fail(where + name + ": " + excerpt(choice) + " is not " + wanted);
      }
    }
    const auto same = [known](const auto& entry) { return entry.first == known; };
    const auto old = std::find_if(grid.settings.begin(), grid.settings.end(), same);
    if (old != grid.settings.end()) {
      old->second = std::move(choices);
    } else {
      grid.settings.emplace_back(known, std::move(choices));
    }
  }

  static std::vector<Json> as_list(const Json& value) {
    if (value.is_array()) return {value.begin(), value.end()};
    return {value};
  }

  static std::string excerpt(const Json& value) {
    constexpr std::size_t most = 40;
    const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return display_width(text) > most ? std::string(clip(text, most)) + "..." : text;
  }

  /// Every combination, the settings turning fastest.
  void add(const Grid& grid, const std::string& where) {
    if (grid.networks.empty()) fail(where + "networks is missing");
    const std::vector<std::string> networks = files(grid.networks, where);
    double count = static_cast<double>(networks.size()) * static_cast<double>(grid.norms.size()) *
                   static_cast<double>(grid.outputs.size());
    for (const auto& [setting, choices] : grid.settings) count *= static_cast<double>(choices.size());
    if (static_cast<double>(runs_.size()) + count > static_cast<double>(most_runs)) {
      fail(where + "that is more than " + std::to_string(most_runs) + " runs");
    }
    for (const std::string& network : networks) {
      for (const std::string& norm : grid.norms) {
        for (const std::string& outputs : grid.outputs) {
          std::vector<std::size_t> choice(grid.settings.size(), 0);
          do {
            add_run(grid, where, {{}, network, folder_ / network, norm, outputs, Json::object(), {}}, choice);
          } while (next(grid, choice));
        }
      }
    }
  }

  static bool next(const Grid& grid, std::vector<std::size_t>& choice) {
    for (std::size_t i = choice.size(); i-- > 0;) {
      if (++choice[i] < grid.settings[i].second.size()) return true;
      choice[i] = 0;
    }
    return false;
  }

  void add_run(const Grid& grid, const std::string& where, SweepRun run,
               const std::vector<std::size_t>& choice) {
    // a name that begins with '-' is no option
    const std::string path = run.path.string();
    run.arguments = {path.starts_with('-') ? "./" + path : path, "--norm=" + run.norm,
                     "--outputs=" + run.outputs};
    std::string question = run.network + '\0' + run.norm + '\0' + run.outputs;
    for (std::size_t i = 0; i < choice.size(); ++i) {
      const auto& [setting, choices] = grid.settings[i];
      const Json& value = choices[choice[i]];
      run.settings[setting->name] = value;
      const std::string argument = option(*setting, value);
      if (!argument.empty()) run.arguments.push_back(argument);
      question += '\0' + std::string(setting->name) + '=' + text(value);
    }
    check(run, where);
    run.id = formats::sha256(formats::bytes_of(question)).substr(0, id_digits);
    if (ids_.insert(run.id).second) runs_.push_back(std::move(run));
  }

  /// "--max-rank=64"; empty for a flag that is not set.
  std::string option(const Setting& setting, const Json& value) const {
    std::string name = std::string("--") + setting.name;
    std::replace(name.begin(), name.end(), '_', '-');
    if (setting.kind == Kind::flag) return value.get<bool>() ? name : "";
    if (setting.kind == Kind::path) return name + '=' + (folder_ / value.get<std::string>()).string();
    return name + '=' + text(value);
  }

  static std::string text(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_float()) return shortest(value.get<double>());
    return value.dump();
  }

  /// What geolip estimate would say of the options, with the manifest's name for the one at fault.
  void check(const SweepRun& run, const std::string& where) const {
    try {
      read_estimate(run.arguments);
    } catch (const UsageError& error) {
      std::string what = error.what();
      if (what.starts_with("--")) {
        const std::size_t end = what.find_first_of(": ");
        std::string key = what.substr(2, end - 2);
        std::replace(key.begin(), key.end(), '-', '_');
        key = key == "norm" ? "norms" : key == "outputs" ? key : "settings." + key;
        what = key + (end == std::string::npos ? "" : what.substr(end));
      }
      fail(where + what);
    }
  }

  /// The files that patterns match, each once, relative to the manifest's folder. A name without a pattern
  /// stands for itself, whether there is such a file or not: that is for its run to say.
  std::vector<std::string> files(const std::vector<std::string>& patterns, const std::string& where) const {
    std::vector<std::string> result;
    for (const std::string& pattern : patterns) {
      std::vector<std::string> found{pattern};
      if (pattern.find_first_of("*?[") != std::string::npos && !fs::exists(folder_ / pattern)) {
        found = matches(pattern);
      }
      if (found.empty()) fail(joined({where, "networks: no file matches '", pattern, "'"}));
      for (std::string& file : found) {
        if (std::find(result.begin(), result.end(), file) == result.end()) result.push_back(std::move(file));
      }
    }
    return result;
  }

  std::vector<std::string> matches(const std::string& pattern) const {
    // The folder's own name is no pattern.
    std::string prefix;
    for (const char c : (folder_ / "").string()) {
      if (std::string_view("*?[\\").find(c) != std::string_view::npos) prefix += '\\';
      prefix += c;
    }
    const bool absolute = fs::path(pattern).is_absolute();
    glob_t list{};
    const int code = glob((absolute ? pattern : prefix + pattern).c_str(), 0, nullptr, &list);
    std::vector<std::string> result;
    for (const char* file : std::span(list.gl_pathv, code == 0 ? list.gl_pathc : 0)) {
      result.push_back(absolute ? file : fs::path(file).lexically_relative(folder_ / "").string());
    }
    globfree(&list);
    return result;
  }

  std::string name_;
  fs::path folder_;
  std::vector<SweepRun> runs_;
  std::set<std::string> ids_;
};

}  // namespace

std::vector<SweepRun> parse_manifest(std::string_view text, const std::string& name, const fs::path& folder) {
  const bool toml = name.ends_with(".toml");
  if (!toml && !name.ends_with(".json")) throw FileError(name + ": a manifest's name ends in .toml or .json");
  return Parser(name, folder).parse(toml ? from_toml(text, name) : from_json(text, name));
}

std::vector<SweepRun> read_manifest(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) throw FileError(path.string() + ": it is a directory");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path.string() + ": cannot be read");
  std::string text(most_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > most_bytes) throw FileError(path.string() + ": it is larger than 16 MiB");
  if (file.bad()) throw FileError(path.string() + ": cannot be read");
  return parse_manifest(text, path.string(), path.parent_path());
}

}  // namespace geolip::cli
