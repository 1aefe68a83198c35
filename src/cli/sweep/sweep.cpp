#include <cli/sweep/sweep.hpp>

#include <backend/cpu/host.hpp>
#include <geolip/version.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <map>
#include <ostream>

#include <cli/exit_code.hpp>
#include <cli/progress.hpp>
#include <cli/stop_on_signal.hpp>
#include <cli/sweep/journal.hpp>
#include <cli/sweep/manifest.hpp>
#include <cli/sweep/schedule.hpp>
#include <cli/text.hpp>
#include <cli/text_target.hpp>
#include <formats/reader.hpp>

namespace geolip::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? printable(name.data()) : "unknown";
}

/// "0.3 s", "12 s", "3:07", "1:02:45"
std::string duration(double seconds) {
  constexpr double shown_with_tenths = 9.95;
  const auto s = static_cast<long>(std::llround(std::max(seconds, 0.0)));
  std::array<char, 32> text{};
  if (seconds < shown_with_tenths) {
    std::snprintf(text.data(), text.size(), "%.1f s", std::max(seconds, 0.0));
  } else if (s < 60) {
    std::snprintf(text.data(), text.size(), "%ld s", s);
  } else if (s < 3600) {
    std::snprintf(text.data(), text.size(), "%ld:%02ld", s / 60, s % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  }
  return text.data();
}

/// The sentence that the process ended with.
std::string reason(const ProcessEnd& outcome) {
  if (outcome.signal == SIGKILL) return "it was killed, probably because memory ran out";
  if (outcome.signal != 0) return "it was ended by signal " + std::to_string(outcome.signal);
  std::string text = outcome.err;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t line = text.rfind('\n');
  if (line != std::string::npos) text.erase(0, line + 1);
  constexpr std::string_view prefix = "geolip: ";
  if (text.starts_with(prefix)) text.erase(0, prefix.size());
  return text.empty() ? "it ended with code " + std::to_string(outcome.exit_code) + " and said nothing"
                      : printable(text);
}

/// What a run of the sweep did, as a line of results.
Json result_line(const SweepRun& run, const ProcessEnd& outcome, const std::string& started) {
  Json line;
  // exit_file with a report: an objective failed, the others have their bounds
  const bool ran = outcome.exit_code == exit_certified || outcome.exit_code == exit_limit ||
                   outcome.exit_code == exit_file;
  if (ran) line = Json::parse(outcome.out, nullptr, false);
  const bool good = ran && line.is_object();
  if (!good) line = {{"tool", "geolip"}, {"version", version}};
  line["run"] = {{"id", run.id},
                 {"network", run.network},
                 {"norm", run.norm},
                 {"outputs", run.outputs},
                 {"settings", run.settings},
                 {"exit_code", outcome.exit_code},
                 {"error", good ? Json(nullptr) : Json(reason(outcome))},
                 {"started", started},
                 {"seconds", outcome.seconds},
                 {"cpu_seconds", outcome.cpu_seconds},
                 {"peak_memory", outcome.peak_memory},
                 {"host", host_name()}};
  return line;
}

/// How runs ended.
struct Tally {
  std::size_t certified = 0;
  std::size_t limit = 0;
  std::size_t failed = 0;

  void count(const Json& line) {
    if (line["run"]["error"].is_string()) {
      ++failed;
    } else if (line["run"]["exit_code"] == exit_certified) {
      ++certified;
    } else {
      ++limit;
    }
  }
  int exit_code() const { return failed > 0 ? exit_file : limit > 0 ? exit_limit : exit_certified; }
};

std::string question(const SweepRun& run) {
  std::string text = run.network + "  " + run.norm + "  " + run.outputs;
  for (const auto& [name, value] : run.settings.items()) {
    text += "  " + name + '=' + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return printable(text);
}

class Sweep {
 public:
  Sweep(const SweepArguments& arguments, const Console& console)
      : arguments_(arguments), console_(console), runs_(own_shard(read_manifest(arguments.manifest))) {}

  int list() const {
    for (const SweepRun& run : runs_) console_.out << run.id << "  " << question(run) << '\n';
    finish_output(console_);
    return exit_certified;
  }

  int execute() {
    Journal journal(*arguments_.out);
    if (journal.repaired()) {
      print_error(console_.err,
                  arguments_.out->string() + ": a last line that was never finished is left out");
    }
    find_left(journal);
    const StopOnSignal signals;
    Schedule schedule = plan(journal);
    schedule.stop = signals.token();
    run(schedule);
    line_.clear();
    summarise(signals.token().stop_requested());
    return signals.token().stop_requested() ? exit_limit : tally_.exit_code();
  }

 private:
  std::vector<SweepRun> own_shard(std::vector<SweepRun> all) const {
    std::vector<SweepRun> own;
    for (std::size_t i = arguments_.shard.part - 1; i < all.size(); i += arguments_.shard.parts) {
      own.push_back(std::move(all[i]));
    }
    return own;
  }

  /// SHA-256 of a file, which is read once; empty if it cannot be read.
  const std::string& hash_of(const fs::path& path) {
    const auto [known, is_new] = hashes_.try_emplace(path);
    try {
      if (is_new) known->second = formats::sha256(formats::read_bytes(path));
    } catch (const NetworkError&) {
      known->second.clear();
    }
    return known->second;
  }

  /// Whether the files that a line's bounds are of, the network's own and those beside it, are what they
  /// were.
  bool same_files(const SweepRun& run, const Json& line) {
    if (hash_of(run.path) != line["network"]["sha256"].get<std::string>()) return false;
    const auto external = line["network"].find("external");
    if (external == line["network"].end() || !external->is_array()) return true;
    return std::all_of(external->begin(), external->end(), [this, &run](const Json& file) {
      return file.is_object() &&
             hash_of(run.path.parent_path() / file.value("location", "")) == file.value("sha256", "-");
    });
  }

  /// Whether a line from an earlier sweep answers the run. One that failed is tried again.
  bool answers(const Json& line, const SweepRun& run) {
    return line["run"]["error"].is_null() && same_files(run, line);
  }

  void find_left(const Journal& journal) {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const auto line = journal.known().find(runs_[i].id);
      if (line != journal.known().end() && answers(line->second, runs_[i])) {
        tally_.count(line->second);
      } else {
        left_.push_back(i);
      }
    }
    done_before_ = runs_.size() - left_.size();
    if (done_before_ > 0 && !arguments_.quiet) {
      console_.out << done_before_ << " of " << runs_.size() << " runs are in "
                   << printable(arguments_.out->string()) << " already\n"
                   << std::flush;
    }
  }

  Schedule plan(Journal& journal) {
    Schedule schedule;
    schedule.program = arguments_.program;
    schedule.count = left_.size();
    schedule.places =
        arguments_.jobs > 0 ? arguments_.jobs : std::max<std::size_t>(1, arguments_.devices.size());
    started_.resize(left_.size());
    schedule.arguments = [this, places = schedule.places](std::size_t i, std::size_t place) {
      started_[i] = utc_now();
      return estimate_arguments(runs_[left_[i]], place, places);
    };
    schedule.finished = [this, &journal](std::size_t i, const ProcessEnd& outcome) {
      const SweepRun& run = runs_[left_[i]];
      const Json line = result_line(run, outcome, started_[i]);
      journal.append(line);
      tally_.count(line);
      report(run, line, done_before_ + ++ended_);
    };
    schedule.progress = [this](const ScheduleProgress& progress) {
      if (!arguments_.quiet) line_.show(progress_text(progress));
    };
    return schedule;
  }

  std::vector<std::string> estimate_arguments(const SweepRun& run, std::size_t place,
                                              std::size_t places) const {
    std::vector<std::string> words{"estimate", "--json=-", "--quiet"};
    // what the manifest says of device and threads is part of the question
    if (!arguments_.devices.empty() && !run.settings.contains("device")) {
      words.push_back("--device=" + arguments_.devices[place % arguments_.devices.size()]);
    }
    if (!run.settings.contains("threads") && places > 1) {
      // the machine's cores are shared out
      const auto cores = static_cast<std::size_t>(backend::cpu::usable_cores());
      words.push_back("--threads=" + std::to_string(std::max<std::size_t>(1, cores / places)));
    }
    if (arguments_.certificates)
      words.push_back("--certificate=" + (*arguments_.certificates / run.id).string());
    words.insert(words.end(), run.arguments.begin(), run.arguments.end());
    return words;
  }

  std::string progress_text(const ScheduleProgress& progress) const {
    std::string text =
        std::to_string(done_before_ + progress.ended) + " of " + std::to_string(runs_.size()) + " runs, ";
    if (tally_.failed > 0) text += std::to_string(tally_.failed) + " failed, ";
    text += std::to_string(progress.running) + " running, " + duration(progress.seconds);
    if (progress.ended > 0) {
      const double each = progress.seconds / static_cast<double>(progress.ended);
      text += ", about " + duration(each * static_cast<double>(left_.size() - progress.ended)) + " left";
    }
    return text;
  }

  void report(const SweepRun& run, const Json& line, std::size_t number) {
    if (arguments_.quiet) return;
    line_.clear();
    console_.out << '[' << number << '/' << runs_.size() << "] " << question(run) << "  ";
    if (line["run"]["error"].is_string()) {
      console_.out << "FAILED: " << printable(line["run"]["error"].get<std::string>());
    } else {
      const Json& results = line["results"];
      const auto met = std::count_if(results.begin(), results.end(),
                                     [](const Json& result) { return result["status"] != "limit"; });
      console_.out << met << " of " << results.size() << " certified";
    }
    console_.out << "  " << duration(line["run"]["seconds"].get<double>()) << '\n' << std::flush;
  }

  void summarise(bool stopped) const {
    if (!arguments_.quiet) {
      const std::size_t ended = tally_.certified + tally_.limit + tally_.failed;
      console_.out << ended << " of " << runs_.size() << " runs ended: " << tally_.certified << " certified, "
                   << tally_.limit << " at a limit, " << tally_.failed << " failed"
                   << (stopped ? "; interrupted, the same command goes on from here" : "") << '\n'
                   << "geolip report " << printable(arguments_.out->string()) << " prints them\n";
    }
    finish_output(console_);
  }

  const SweepArguments& arguments_;
  const Console& console_;
  std::vector<SweepRun> runs_;
  std::vector<std::size_t> left_;     ///< runs that no line answers
  std::vector<std::string> started_;  ///< for each of them
  std::size_t done_before_ = 0;
  std::size_t ended_ = 0;
  Tally tally_;
  std::map<fs::path, std::string> hashes_;
  ProgressLine line_{console_.err, console_.progress_columns};
};

}  // namespace

int sweep(const SweepArguments& arguments, const Console& console) {
  Sweep sweep(arguments, console);
  return arguments.list ? sweep.list() : sweep.execute();
}

}  // namespace geolip::cli
