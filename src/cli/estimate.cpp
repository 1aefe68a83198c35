#include <cli/estimate.hpp>

#include <geolip/baselines.hpp>

#include <chrono>
#include <optional>

#include <cli/certificate_folder.hpp>
#include <cli/estimate_table.hpp>
#include <cli/exit_code.hpp>
#include <cli/json_report.hpp>
#include <cli/npy_inputs.hpp>
#include <cli/progress.hpp>
#include <cli/stop_on_signal.hpp>
#include <cli/text.hpp>
#include <cli/text_target.hpp>

namespace geolip::cli {
namespace {

/// The library's estimate, with Ctrl-C and the progress line tied to it. The header is printed before the
/// work begins, or after it where there was none.
Result run_estimate(const EstimateArguments& arguments, const Library& library, const Console& console,
                    const Network& network, const Query& query, bool header) {
  ProgressLine line(console.err, arguments.quiet ? 0 : console.progress_columns);
  const StopOnSignal signals;
  Settings settings = arguments.settings;
  settings.stop = signals.token();
  settings.observer = [&line](const Progress& progress) { line.show(progress_text(progress)); };
  std::string shown;
  const auto print = [&](const std::string& device, const Prediction& prediction) {
    if (!header || device == shown) return;
    line.clear();
    if (shown.empty()) {
      print_header(console.out, arguments, network, device, prediction);
    } else {
      console.out << "device   " << printable(device) << ": the memory of " << printable(shown)
                  << " ran out\n";
    }
    console.out << std::flush;
    shown = device;
  };
  settings.begin = print;
  Result result = library.estimate(network, query, settings);
  line.clear();
  print(result.device, result.prediction);
  return result;
}

Baselines compute_baselines(const Network& network, const Query& query,
                            const std::optional<std::filesystem::path>& inputs, std::uint64_t seed) {
  constexpr Index random_count = 1000;
  const Matrix at = inputs ? read_npy_inputs(*inputs) : random_inputs(random_count, network.inputs(), seed);
  return {gradient_bounds(network, query.norm, query.objectives, at),
          product_bounds(network, query.norm, query.objectives), inputs, at.rows};
}

/// What is said of a result: where reading rounded the file's constants, no bound of the file is proved by
/// this run.
Result as_shown(Result result, const NetworkFile& file) {
  if (!file.source.rounded) return result;
  for (Bound& bound : result.bounds) {
    if (!bound.proved()) continue;
    bound.proofs.clear();
    if (bound.status != Status::verified) continue;
    bound.status = Status::certified;
    bound.reason =
        "weights of this file are computed with rounding when it is read, which a proof in the run does not "
        "cover";
  }
  return result;
}

}  // namespace

int estimate(const EstimateArguments& arguments, const Library& library, const Console& console) {
  const TextTarget json(arguments.json);
  const NetworkFile file = library.read_network(arguments.network.path, arguments.network.options);
  const Query query{arguments.norm, parse_objectives(arguments.outputs, file.network.outputs())};
  std::optional<CertificateFolder> certificates;
  if (arguments.certificates) certificates.emplace(*arguments.certificates, query);
  std::vector<std::filesystem::path> inputs = files_of(arguments.network, file);
  if (arguments.inputs) inputs.push_back(*arguments.inputs);
  json.require_apart(inputs);
  if (certificates) certificates->require_apart(inputs, json.file());
  std::optional<Baselines> baselines;
  if (arguments.baselines) {
    baselines = compute_baselines(file.network, query, arguments.inputs, arguments.settings.seed);
  }
  const Baselines* shown = baselines ? &*baselines : nullptr;

  const auto start = std::chrono::steady_clock::now();
  const Result result = run_estimate(arguments, library, console, file.network, query, !json.owns_output());
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;

  const Result stated = as_shown(result, file);
  // The file comes first: a reader of the table that goes away (head, a pager) ends the process.
  if (json.wanted()) json.write(console, estimate_json(arguments, file, stated, shown));
  if (!json.owns_output()) {
    print_estimate(console.out, arguments, stated, shown, elapsed.count());
  }
  bool complete = result.certified();
  if (certificates) {
    const std::vector<const Bound*> missing = certificates->write(file, result);
    for (const Bound* bound : missing) {
      print_error(console.err, "output " + to_string(bound->objective) + " has no certificate: " +
                                   (bound->reason.empty() ? "its bound could not be proved" : bound->reason));
    }
    complete = complete && missing.empty();
  }
  finish_output(console);
  if (result.failed()) return exit_file;
  return complete ? exit_certified : exit_limit;
}

}  // namespace geolip::cli
