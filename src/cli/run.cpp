#include <cli/run.hpp>

#include <geolip/version.hpp>

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

/// The command line's grammar and what it has read.
struct CommandLine {
  CLI::App app{"Certified bounds on the Lipschitz constant of neural networks", "geolip"};
  EstimateArguments estimate_arguments;
  InfoArguments info_arguments;
  ExportArguments export_arguments;
  VerifyArguments verify_arguments;
  SweepArguments sweep_arguments;
  ReportArguments report_arguments;
  CLI::App* estimate_command = nullptr;
  CLI::App* info_command = nullptr;
  CLI::App* export_command = nullptr;
  CLI::App* verify_command = nullptr;
  CLI::App* sweep_command = nullptr;
  CLI::App* report_command = nullptr;

  CommandLine() {
    app.formatter(std::make_shared<HelpFormatter>(arguments_of));
    app.set_version_flag("--version", std::string("geolip ") + version, "Print the version");
    app.set_help_flag("-h,--help", "Print this help");
    app.footer("Example:\n  geolip estimate mnist.onnx --norm linf\n\nEach command has its own --help.");
    app.allow_extras();  // they are refused below, in our own words
    estimate_command = add_estimate(app, estimate_arguments);
    info_command = add_info(app, info_arguments);
    export_command = add_export(app, export_arguments);
    verify_command = add_verify(app, verify_arguments);
    sweep_command = add_sweep(app, sweep_arguments);
    report_command = add_report(app, report_arguments);
    for (CLI::App* command :
         {estimate_command, info_command, export_command, verify_command, sweep_command, report_command}) {
      command->group("Commands");
      command->allow_extras();
      // Understood everywhere, shown once.
      command->set_version_flag("--version", std::string("geolip ") + version)->group("");
    }
  }
};

/// Where a complaint about a command sends its reader.
std::string see_help(const CLI::App& command) { return " (see geolip " + command.get_name() + " --help)"; }

/// Throws UsageError for what the command did not understand and for a network that is not named.
void check_arguments(const CLI::App& command) {
  refuse_extras(command, see_help(command));
  if (command.count("NETWORK") == 0) {
    throw UsageError(command.get_name() + " needs a NETWORK" + see_help(command));
  }
}

[[noreturn]] void refuse_command(const CLI::App& app) {
  const std::vector<std::string> extras = app.remaining();
  if (extras.empty())
    throw UsageError(std::string("a command is missing, one of ") + commands + " (see geolip --help)");
  throw UsageError("'" + extras.front() + "' is not a command: there are " + commands +
                   " (see geolip --help)");
}

int dispatch(CommandLine& line, const Library& library, const Console& console) {
  // A word before the command that nothing understands is not passed over either.
  if (!line.app.remaining().empty()) refuse_command(line.app);
  if (line.estimate_command->parsed()) {
    check_arguments(*line.estimate_command);
    complete(*line.estimate_command, line.estimate_arguments);
    return estimate(line.estimate_arguments, library, console);
  }
  if (line.info_command->parsed()) {
    check_arguments(*line.info_command);
    return info(line.info_arguments, library, console);
  }
  if (line.export_command->parsed()) {
    check_arguments(*line.export_command);
    if (line.export_command->count("FILE.npz") == 0)
      throw UsageError("export needs a FILE.npz" + see_help(*line.export_command));
    return export_network(line.export_arguments, library, console);
  }
  if (line.verify_command->parsed()) {
    const std::string help = see_help(*line.verify_command);
    refuse_extras(*line.verify_command, help);
    return verify_certificates(line.verify_arguments, library, console,
                               "verify needs a CERTIFICATE and a NETWORK" + help);
  }
  if (line.sweep_command->parsed()) {
    refuse_extras(*line.sweep_command, see_help(*line.sweep_command));
    complete(line.sweep_arguments);
    return sweep(line.sweep_arguments, console);
  }
  if (line.report_command->parsed()) {
    refuse_extras(*line.report_command, see_help(*line.report_command));
    complete(line.report_arguments);
    return report_results(line.report_arguments, console);
  }
  refuse_command(line.app);
}

}  // namespace

int run(int argc, const char* const* argv, const Library& library, const Console& console) {
  try {
    CommandLine line;
    return parse(line.app, argc, argv, console) ? dispatch(line, library, console) : exit_certified;
  } catch (...) {
    return report(console.err, std::current_exception());
  }
}

}  // namespace geolip::cli
