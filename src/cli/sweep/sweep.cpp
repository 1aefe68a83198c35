#include <cli/sweep/sweep.hpp>

#include <backend/cpu/host.hpp>
#include <geolip/version.hpp>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <ostream>

#include <cli/exit_code.hpp>
#include <cli/progress.hpp>
#include <cli/stop_on_signal.hpp>
#include <cli/sweep/child.hpp>
#include <cli/sweep/journal.hpp>
#include <cli/sweep/manifest.hpp>
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

/// Where one run at a time has its process.
struct Place {
  std::unique_ptr<Child> child;
  const SweepRun* run = nullptr;
  std::string started;
};

/// Waits until a child has something to read or has ended, or it is time to look at the clock.
void wait(const std::vector<Place>& places) {
  constexpr int poll_milliseconds = 200;
  std::vector<pollfd> open;
  for (const Place& place : places) {
    if (!place.child) continue;
    for (const int fd : {place.child->out(), place.child->err()}) {
      if (fd >= 0) open.push_back({fd, POLLIN, 0});
    }
  }
  poll(open.data(), open.size(), poll_milliseconds);
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
    run_left(journal, signals.token());
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
    for (const SweepRun& run : runs_) {
      const auto line = journal.known().find(run.id);
      if (line != journal.known().end() && answers(line->second, run)) {
        tally_.count(line->second);
      } else {
        left_.push_back(&run);
      }
    }
    done_ = runs_.size() - left_.size();
    if (done_ > 0 && !arguments_.quiet) {
      console_.out << done_ << " of " << runs_.size() << " runs are in "
                   << printable(arguments_.out->string()) << " already\n"
                   << std::flush;
    }
  }

  /// Runs what is left, in order and as many at a time as there are places. Asked to stop it starts no process any
  /// more and kills those that run. What is thrown ends them too.
  void run_left(Journal& journal, const std::stop_token& stop) {
    std::vector<Place> places(arguments_.jobs > 0 ? arguments_.jobs
                                                  : std::max<std::size_t>(1, arguments_.devices.size()));
    const auto start = std::chrono::steady_clock::now();
    auto next = left_.begin();
    std::size_t running = 0;
    while ((next != left_.end() || running > 0) && !stop.stop_requested()) {
      for (std::size_t k = 0; k < places.size() && next != left_.end(); ++k) {
        if (places[k].child) continue;
        places[k] = {nullptr, *next++, utc_now()};
        places[k].child =
            std::make_unique<Child>(arguments_.program, estimate_arguments(*places[k].run, k, places.size()));
        ++running;
      }
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      if (!arguments_.quiet) line_.show(progress_text(running, seconds.count()));
      wait(places);
      for (Place& place : places) {
        if (!place.child) continue;
        place.child->read();
        if (!place.child->ended()) continue;
        const Json line = result_line(*place.run, place.child->finish(), place.started);
        place.child.reset();
        --running;
        ++done_;
        journal.append(line);
        tally_.count(line);
        report(*place.run, line);
      }
    }
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

  std::string progress_text(std::size_t running, double seconds) const {
    std::string text = std::to_string(done_) + " of " + std::to_string(runs_.size()) + " runs, ";
    if (tally_.failed > 0) text += std::to_string(tally_.failed) + " failed, ";
    text += std::to_string(running) + " running, " + duration(seconds);
    const std::size_t open = runs_.size() - done_;
    if (const std::size_t ended = left_.size() - open; ended > 0) {
      text +=
          ", about " + duration(seconds / static_cast<double>(ended) * static_cast<double>(open)) + " left";
    }
    return text;
  }

  void report(const SweepRun& run, const Json& line) {
    if (arguments_.quiet) return;
    line_.clear();
    console_.out << '[' << done_ << '/' << runs_.size() << "] " << question(run) << "  ";
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
  std::vector<const SweepRun*> left_;  ///< those that no line answers
  std::size_t done_ = 0;               ///< those that a line answers, of this sweep or an earlier one
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
