#include <cli/commands.hpp>

#include <algorithm>
#include <cmath>

#include <cli/options.hpp>

namespace geolip::cli {
namespace {

// Headings of the help.
constexpr const char* question_group = "What to bound";
constexpr const char* effort_group = "How hard to try";
constexpr const char* machine_group = "Where to run";
constexpr const char* file_group = "What the file leaves open";
constexpr const char* display_group = "What to show";

void add_network(CLI::App& app, NetworkArguments& network) {
  add_word(app, "NETWORK", "", network.path, "The network: a .onnx, .mat, .npz or .nnet file");
}

void add_read_options(CLI::App& app, NetworkArguments& network) {
  add_text(
      app, "--activation", "NAME",
      [&network](const std::string& text) { network.options.activation = activation_from_name(text); },
      "Activation between the layers of a .mat or .npz file (default relu)")
      ->group(file_group);
  app.add_flag("--logits", network.options.logits,
               "Drop a final softmax of a .onnx file and bound the logits")
      ->group(file_group);
  app.add_flag("--physical-units", network.options.physical_units,
               "Bounds in the units of a .nnet file's header, not in normalised ones")
      ->group(file_group);
}

void add_json(CLI::App& app, std::optional<std::string>& json, const std::string& help) {
  add_word(app, "--json", "FILE", json, help)->group(display_group);
}

void add_question(CLI::App& app, EstimateArguments& arguments) {
  add_choice(app, "--norm", arguments.norm, norms, "Norm in which the input moves (default l2)")
      ->group(question_group);
  add_word(app, "--outputs", "LIST", arguments.outputs,
           "A list, separated by commas, of: all (every output), K (an output),\n"
           "K-J (a difference of two), pairs (all differences with K < J),\n"
           "vector (all outputs as one vector; l2 and linf only). Default all")
      ->group(question_group);
}

void add_effort(CLI::App& app, Settings& settings) {
  const auto whole = [&app](const char* name, Index& target, const char* help, Index least = 1) {
    add_whole_number<Index>(app, name, target, least, help)->group(effort_group);
  };
  add_number(
      app, "--gap", settings.gap, [](double x) { return x > 0.0 && x < 1.0; },
      "a number between 0 and 1, both excluded", "G",
      "Relative gap between upper bound and relaxation to certify (default 1e-4)")
      ->group(effort_group);
  add_number(
      app, "--time-limit", settings.time_limit, [](double x) { return x > 0.0; },
      "a number of seconds above 0", "S", "End after S seconds with the bounds found so far (default none)")
      ->group(effort_group);
  whole("--max-iterations", settings.max_iterations, "End a problem after N sweeps (default 20000)");
  whole("--rank", settings.rank, "First rank of the factorisation; 0: by the widest layer (default 0)", 0);
  whole("--max-rank", settings.max_rank, "Largest rank that it may grow to (default 128)");
  whole("--starts", settings.starts, "Random starts for each lower bound (default 64)");
  add_whole_number<std::uint64_t>(
      app, "--seed", settings.seed, 0,
      "Seed of every random choice; the same seed gives the same bounds (default 0)")
      ->group(effort_group);
}

void add_machine(CLI::App& app, Settings& settings) {
  add_text(
      app, "--device", "auto|cpu|cuda",
      [&settings](const std::string& text) {
        if (!is_device(text)) refuse("--device", text, "one of auto, cpu, cuda, cuda:N");
        settings.device = text;
      },
      "Where to run; cuda:N: one of several; auto: a GPU if it pays (default auto)")
      ->group(machine_group);
  add_choice(app, "--precision", settings.precision, precisions,
             "Arithmetic of the sweeps; certificates are always float64 (default auto)")
      ->group(machine_group);
  add_whole_number<int>(app, "--threads", settings.threads, 0, "CPU threads, 0 for all cores (default 0)")
      ->group(machine_group);
}

void add_proof(CLI::App& app, EstimateArguments& arguments) {
  add_choice(app, "--verify", arguments.settings.verify, verifications,
             "Prove the upper bounds with every rounding error covered\n"
             "(default auto: where that costs little against the solve)")
      ->group(effort_group);
  add_word(app, "--certificate", "DIR", arguments.certificates,
           "Write one certificate a result into this folder, for geolip verify;\nimplies --verify on")
      ->group(display_group);
}

void add_display(CLI::App& app, EstimateArguments& arguments) {
  app.add_flag("--baselines", arguments.baselines,
               "Show two cheap bounds as well: the largest gradient at some inputs\n"
               "(a lower one) and the product of the layers' norms (an upper one)")
      ->group(display_group);
  add_text(
      app, "--inputs", "FILE.npy",
      [&arguments](const std::string& text) {
        arguments.inputs = text;
        arguments.baselines = true;
      },
      "Take the gradients at the rows of this array, not at 1000 random inputs;\nimplies --baselines")
      ->group(display_group);
  add_json(app, arguments.json,
           "Write a report to FILE, replaced as a whole at the end;\n'-' prints it in place of the table");
  app.add_flag("--quiet", arguments.quiet, "Show no progress line")->group(display_group);
}

constexpr const char* estimate_footer =
    R"(Examples:
  geolip estimate mnist.onnx
  geolip estimate mnist.onnx --norm linf --outputs 3,3-5 --gap 1e-6
  geolip estimate weights.mat --activation tanh --outputs vector --json report.json
  geolip estimate acas.nnet --physical-units --baselines --time-limit 60

Ctrl-C ends the run with the bounds reached so far, which are valid; a second one ends it at once.

Exit codes: 0 every result is certified, 1 internal error, 2 wrong usage, 3 unusable network or file,
4 a limit or Ctrl-C ended the run before the gap was met, or a certificate could not be made.)";

}  // namespace

bool is_device(const std::string& text) {
  if (text == "auto" || text == "cpu" || text == "cuda") return true;
  constexpr std::string_view prefix = "cuda:";
  unsigned number = 0;
  return text.starts_with(prefix) && read_number(std::string_view(text).substr(prefix.size()), number);
}

CLI::App* add_estimate(CLI::App& app, EstimateArguments& arguments) {
  CLI::App* command = app.add_subcommand("estimate", "Bound the Lipschitz constant of a network");
  add_network(*command, arguments.network);
  add_question(*command, arguments);
  add_effort(*command, arguments.settings);
  add_proof(*command, arguments);
  add_machine(*command, arguments.settings);
  add_read_options(*command, arguments.network);
  add_display(*command, arguments);
  command->footer(estimate_footer);
  return command;
}

void complete(const CLI::App& command, EstimateArguments& arguments) {
  Settings& settings = arguments.settings;
  if (arguments.certificates) {
    if (settings.verify == Verify::off)
      throw UsageError("--certificate: it needs proofs, but --verify is off");
    settings.verify = Verify::on;
  }
  if (settings.rank <= settings.max_rank) return;
  if (command.count("--max-rank") > 0) {
    throw UsageError("--rank: " + std::to_string(settings.rank) + " is larger than --max-rank " +
                     std::to_string(settings.max_rank));
  }
  // Who asks for a larger first rank alone wants the largest to follow.
  settings.max_rank = settings.rank;
}

EstimateArguments read_estimate(std::vector<std::string> words) {
  CLI::App app;
  EstimateArguments arguments;
  CLI::App* command = add_estimate(app, arguments);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the end
  words.emplace_back("estimate");
  app.parse(words);
  complete(*command, arguments);
  return arguments;
}

CLI::App* add_info(CLI::App& app, InfoArguments& arguments) {
  CLI::App* command = app.add_subcommand("info", "Show what is in a network");
  add_network(*command, arguments.network);
  add_read_options(*command, arguments.network);
  add_json(*command, arguments.json, "Write the same to FILE as JSON; '-' prints it in place of the table");
  command->footer("Example:\n  geolip info mnist.onnx");
  return command;
}

CLI::App* add_export(CLI::App& app, ExportArguments& arguments) {
  CLI::App* command = app.add_subcommand("export", "Write a network as a canonical file");
  add_network(*command, arguments.network);
  add_word(*command, "FILE.npz", "", arguments.target,
           "The file to write: layers and exact numbers, which numpy.load reads\n(docs/network-file.md)");
  add_read_options(*command, arguments.network);
  command->footer("Example:\n  geolip export mnist.onnx mnist.npz");
  return command;
}

}  // namespace geolip::cli
