#include <cli/run.hpp>

#include <geolip/version.hpp>

#include <functional>
#include <memory>
#include <ostream>
#include <utility>

#include <cli/commands.hpp>
#include <cli/exit_code.hpp>
#include <cli/grammar.hpp>

namespace geolip::cli {
namespace {

constexpr const char* commands = "estimate, info, export, verify, sweep and report";

/// What stands behind a command in the first line of its help.
std::string arguments_of(const CLI::App& app) {
  if (app.get_parent() == nullptr) return "COMMAND";
  if (app.get_name() == "verify") return "CERTIFICATE... NETWORK";
  if (app.get_name() == "export") return "NETWORK FILE.npz";
  if (app.get_name() == "sweep") return "MANIFEST --out FILE";
  if (app.get_name() == "report") return "RESULTS...";
  return "NETWORK";
}

/// Where a complaint about a command sends its reader.
std::string see_help(const CLI::App& command) { return " (see geolip " + command.get_name() + " --help)"; }

/// Throws UsageError for an argument that the command needs and does not have.
void require(const CLI::App& command, bool there, const char* what) {
  if (!there) throw UsageError(command.get_name() + " needs " + what + see_help(command));
}

[[noreturn]] void refuse_command(const CLI::App& app) {
  const std::vector<std::string> extras = app.remaining();
  if (extras.empty())
    throw UsageError(std::string("a command is missing, one of ") + commands + " (see geolip --help)");
  throw UsageError("'" + extras.front() + "' is not a command: there are " + commands +
                   " (see geolip --help)");
}

/// The command line's grammar, what it has read, and what is done then.
class CommandLine {
 public:
  CommandLine(const Library& library, const Console& console) {
    app_.formatter(std::make_shared<HelpFormatter>(arguments_of));
    app_.set_version_flag("--version", std::string("geolip ") + version, "Print the version");
    app_.set_help_flag("-h,--help", "Print this help");
    app_.footer("Example:\n  geolip estimate mnist.onnx --norm linf\n\nEach command has its own --help.");
    app_.allow_extras();  // they are refused below, in our own words
    add(add_estimate(app_, estimate_), [&](const CLI::App& command) {
      require(command, command.count("NETWORK") > 0, "a NETWORK");
      complete(command, estimate_);
      return estimate(estimate_, library, console);
    });
    add(add_info(app_, info_), [&](const CLI::App& command) {
      require(command, command.count("NETWORK") > 0, "a NETWORK");
      return info(info_, library, console);
    });
    add(add_export(app_, export_), [&](const CLI::App& command) {
      require(command, command.count("NETWORK") > 0, "a NETWORK");
      require(command, command.count("FILE.npz") > 0, "a FILE.npz");
      return export_network(export_, library, console);
    });
    add(add_verify(app_, verify_), [&](const CLI::App& command) {
      require(command, verify_.files.size() > 1, "a CERTIFICATE and a NETWORK");
      return verify_certificates(verify_, library, console);
    });
    add(add_sweep(app_, sweep_), [&](const CLI::App& command) {
      require(command, !sweep_.manifest.empty(), "a MANIFEST");
      require(command, sweep_.out || sweep_.list, "--out FILE for its results");
      return sweep(sweep_, console);
    });
    add(add_report(app_, report_), [&](const CLI::App& command) {
      require(command, !report_.files.empty(), "a file of RESULTS");
      return report_results(report_, console);
    });
  }

  CLI::App& app() { return app_; }

  /// Runs the command that was parsed.
  int run() const {
    // A word before the command that nothing understands is not passed over either.
    if (!app_.remaining().empty()) refuse_command(app_);
    for (const auto& [command, run] : runs_) {
      if (!command->parsed()) continue;
      refuse_extras(*command, see_help(*command));
      return run(*command);
    }
    refuse_command(app_);
  }

 private:
  using Run = std::function<int(const CLI::App& command)>;

  void add(CLI::App* command, Run run) {
    command->group("Commands");
    command->allow_extras();
    // Understood everywhere, shown once.
    command->set_version_flag("--version", std::string("geolip ") + version)->group("");
    runs_.emplace_back(command, std::move(run));
  }

  CLI::App app_{"Certified bounds on the Lipschitz constant of neural networks", "geolip"};
  std::vector<std::pair<CLI::App*, Run>> runs_;
  EstimateArguments estimate_;
  InfoArguments info_;
  ExportArguments export_;
  VerifyArguments verify_;
  SweepArguments sweep_;
  ReportArguments report_;
};

}  // namespace

int run(int argc, const char* const* argv, const Library& library, const Console& console) {
  try {
    CommandLine line(library, console);
    return parse(line.app(), argc, argv, console) ? line.run() : exit_certified;
  } catch (...) {
    return report(console.err, std::current_exception());
  }
}

}  // namespace geolip::cli
