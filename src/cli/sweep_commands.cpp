// The places on the command line of `geolip sweep` and `geolip report`.
#include <algorithm>
#include <optional>

#include <cli/commands.hpp>
#include <cli/options.hpp>

namespace geolip::cli {
namespace {

constexpr const char* sweep_footer =
    R"(A manifest is a TOML or JSON file; all its lists are combined:
  networks = ["mnist/*.onnx", "acas.nnet"]   # relative to the manifest
  norms    = ["linf", "l2"]                  # default l2
  outputs  = ["all", "vector"]               # as --outputs of geolip estimate; default all
  [settings]                                 # options of geolip estimate
  gap = [1e-3, 1e-4]
  time_limit = 60
Blocks [[sweep]] with the same keys inherit those above them, and each is combined by itself.

Results are appended to the file of --out, one JSON line a run, as the runs end. The same command goes on where
it was ended, by Ctrl-C or in any other way: runs whose line is there, for the same file of the network, are not
run again; runs that failed are.

Examples:
  geolip sweep sweep.toml --out results.jsonl --jobs 2
  geolip sweep sweep.toml --out results-3.jsonl --shard 3/8
  geolip sweep sweep.toml --out results.jsonl --devices cuda:0,cuda:1
  geolip report results*.jsonl --csv results.csv

Exit codes: 0 every result is certified, 1 internal error, 2 wrong usage, 3 a file cannot be used or a run
failed, 4 a limit or Ctrl-C ended a run before the gap was met.)";

constexpr const char* report_footer =
    R"(Examples:
  geolip report results.jsonl
  geolip report results-*.jsonl --csv results.csv --markdown results.md)";

/// "3/8"
std::optional<Shard> read_shard(std::string_view text) {
  const std::size_t slash = text.find('/');
  Shard shard;
  if (slash == std::string_view::npos || !read_number(text.substr(0, slash), shard.part) ||
      !read_number(text.substr(slash + 1), shard.parts) || shard.part < 1 || shard.part > shard.parts) {
    return std::nullopt;
  }
  return shard;
}

std::vector<std::string> read_devices(const std::string& text) {
  std::vector<std::string> devices;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    devices.push_back(text.substr(begin, end - begin));
    if (!is_device(devices.back())) refuse("--devices", devices.back(), "one of auto, cpu, cuda, cuda:N");
    begin = end + 1;
  }
  return devices;
}

}  // namespace

CLI::App* add_sweep(CLI::App& app, SweepArguments& arguments) {
  CLI::App* command = app.add_subcommand("sweep", "Bound many networks, and go on where that was ended");
  add_word(*command, "MANIFEST", "", arguments.manifest, "What to run: a .toml or .json file");
  add_word(*command, "--out", "FILE", arguments.out,
           "File of results, to which a line is added for each run");
  add_text(
      *command, "--shard", "I/N",
      [&arguments](const std::string& text) {
        const std::optional<Shard> shard = read_shard(text);
        if (!shard) refuse("--shard", text, "a part and a number of parts, as 3/8");
        arguments.shard = *shard;
      },
      "Run only part I of N (1/N to N/N), as on a cluster;\neach part needs a file of results of its own");
  add_whole_number<std::size_t>(*command, "--jobs", arguments.jobs, 1,
                                "Runs at a time, which share the cores (default 1, or one a device)");
  add_text(
      *command, "--devices", "LIST",
      [&arguments](const std::string& text) { arguments.devices = read_devices(text); },
      "Devices for the runs in turn, separated by commas: cuda:0,cuda:1\n(runs for which the manifest names "
      "none)");
  add_word(
      *command, "--certificates", "DIR", arguments.certificates,
      "Write the certificates of each run into a folder of its own in DIR,\nnamed by the id of its results");
  command->add_flag("--list", arguments.list, "Print the runs, with their ids, and run nothing");
  command->add_flag("--quiet", arguments.quiet, "Print nothing but errors");
  command->footer(sweep_footer);
  return command;
}

CLI::App* add_report(CLI::App& app, ReportArguments& arguments) {
  CLI::App* command = app.add_subcommand("report", "Show what sweeps found");
  command
      ->add_option_function<std::vector<std::string>>(
          "RESULTS",
          [&arguments](const std::vector<std::string>& files) {
            arguments.files.assign(files.begin(), files.end());
          },
          "Files of results, as geolip sweep writes them")
      ->type_name("");
  add_word(*command, "--csv", "FILE", arguments.csv,
           "Write everything, in full precision, as CSV; '-' prints it in place of the table");
  add_word(*command, "--markdown", "FILE", arguments.markdown,
           "Write the table as Markdown; '-' prints it in place of the table");
  command->footer(report_footer);
  return command;
}

}  // namespace geolip::cli
