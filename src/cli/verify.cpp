#include "cli/verify.hpp"

#include <geolip/version.hpp>

#include <algorithm>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "checker/files/check_file.hpp"
#include "cli/decimal.hpp"
#include "cli/exit_code.hpp"
#include "cli/grammar.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"
#include "cli/text_target.hpp"

namespace geolip::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int bound_digits = 10;

constexpr const char* verify_footer =
    R"(Examples:
  geolip verify mnist-3.json mnist.onnx
  geolip verify certificates/*.json mnist.onnx --json report.json

A certificate is checked by code of its own: nothing of what computed it is used.

Exit codes: 0 every certificate is verified, 1 internal error, 2 wrong usage, 3 a file cannot be read,
5 a certificate is rejected.)";

/// A verdict on one file.
struct Result {
  fs::path path;
  checker::Verification verification;
};

/// What a bound depends on besides the network's file: choices of how to read it, slopes that are given.
std::string conditions(const checker::Certificate& certificate) {
  std::string text;
  const auto add = [&text](const std::string& condition) { text += (text.empty() ? "" : ", ") + condition; };
  if (!certificate.slopes.empty()) add("only where all slopes lie in the certificate's own intervals");
  if (certificate.reading.activation) add("activation " + *certificate.reading.activation);
  if (certificate.reading.logits) add("logits");
  if (certificate.reading.physical_units) add("physical units");
  return text;
}

void print_result(std::ostream& out, const Result& result) {
  const checker::Verification& v = result.verification;
  const std::string name = printable(result.path.filename().string());
  if (!v.verified) {
    out << "REJECTED  " << name << "  " << printable(v.reason) << '\n' << std::flush;
    return;
  }
  const checker::Certificate& certificate = *v.certificate;
  out << "VERIFIED  " << name << "  " << checker::to_string(certificate.norm) << "  "
      << checker::to_string(certificate.objective) << "  bound "
      << decimal(certificate.bound, bound_digits, Round::up);
  if (const std::string text = conditions(certificate); !text.empty()) out << "  (" << printable(text) << ")";
  out << '\n' << std::flush;
}

Json objective_json(const checker::Objective& objective) {
  switch (objective.kind) {
    case checker::Objective::Kind::output:
      return objective.k;
    case checker::Objective::Kind::margin:
      return Json::array({objective.k, objective.j});
    case checker::Objective::Kind::row:
      return {{"row", objective.row}};
    case checker::Objective::Kind::vector:
      return "vector";
  }
  return nullptr;
}

Json reading_json(const checker::Reading& reading) {
  Json json = Json::object();
  if (reading.activation) json["activation"] = *reading.activation;
  if (reading.logits) json["logits"] = true;
  if (reading.physical_units) json["physical_units"] = true;
  return json;
}

Json result_json(const Result& result) {
  const checker::Verification& v = result.verification;
  Json json{{"certificate", result.path.string()}, {"status", v.verified ? "verified" : "rejected"}};
  if (!v.verified) {
    json["reason"] = v.reason;
    return json;
  }
  const checker::Certificate& certificate = *v.certificate;
  json["norm"] = checker::to_string(certificate.norm);
  json["objective"] = objective_json(certificate.objective);
  json["bound"] = certificate.bound;
  json["slopes"] = certificate.slopes.empty() ? "network" : "certificate";
  json["reading"] = reading_json(certificate.reading);
  return json;
}

std::string report(const VerifyArguments& arguments, const checker::NetworkSource& source,
                   const std::vector<Result>& results) {
  Json json{{"tool", "geolip"},
            {"version", version},
            {"network", {{"path", arguments.files.back()}, {"sha256", source.sha256()}}},
            {"arithmetic", arguments.exact ? "exact" : "floating point"}};
  Json& list = json["results"] = Json::array();
  for (const Result& result : results) list.push_back(result_json(result));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// A certificate that is missing should be missed before the work on those before it.
void require_readable(const fs::path& path) {
  std::error_code error;
  const bool regular = fs::is_regular_file(path, error);
  if (!regular || !std::ifstream(path)) {
    throw FileError(
        path.string() + ": " +
        (fs::exists(path, error) ? "this is not a file that can be read" : "there is no such file"));
  }
}

int threads_of(const VerifyArguments& arguments) {
  if (arguments.threads > 0) return arguments.threads;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

int check_all(const VerifyArguments& arguments, const checker::Prover& prover, const Console& console) {
  const TextTarget json(arguments.json);
  json.require_apart({arguments.files.begin(), arguments.files.end()});
  const auto network = arguments.files.end() - 1;
  for (auto file = arguments.files.begin(); file != network; ++file) require_readable(*file);
  checker::NetworkSource source{fs::path(*network)};
  std::vector<Result> results;
  bool all = true;
  for (auto file = arguments.files.begin(); file != network; ++file) {
    results.push_back({*file, checker::check(checker::read_file(*file), source, prover)});
    const Result& result = results.back();
    all = all && result.verification.verified;
    if (!json.owns_output() && (!arguments.quiet || !result.verification.verified)) {
      print_result(console.out, result);
    }
  }
  if (json.wanted()) json.write(console, report(arguments, source, results));
  finish_output(console);
  return all ? exit_certified : exit_rejected;
}

std::string arguments_of_program(const CLI::App& /*app*/) { return "CERTIFICATE... NETWORK"; }

int parse_and_verify(int argc, const char* const* argv, const Provers& provers, const Console& console) {
  CLI::App app{"Checks certificates of bounds on the Lipschitz constant of neural networks", "geolip-verify"};
  VerifyArguments arguments;
  app.formatter(std::make_shared<HelpFormatter>(arguments_of_program));
  app.set_version_flag("--version", std::string("geolip-verify ") + version, "Print the version");
  app.set_help_flag("-h,--help", "Print this help");
  app.allow_extras();
  add_verify_arguments(app, arguments);
  if (!parse(app, argc, argv, console)) return exit_certified;
  const std::string help = " (see geolip-verify --help)";
  refuse_extras(app, help);
  return verify_certificates(arguments, provers, console,
                             "geolip-verify needs a CERTIFICATE and a NETWORK" + help);
}

}  // namespace

void add_verify_arguments(CLI::App& command, VerifyArguments& arguments) {
  command
      .add_option("FILES", arguments.files,
                  "One certificate or several (.json), and last the network:\n"
                  "a .onnx, .mat, .npz or .nnet file")
      ->type_name("");
  command.add_flag("--exact", arguments.exact,
                   "Decide in rational arithmetic; for up to about a hundred neurons and inputs");
  add_whole_number<int>(command, "--threads", arguments.threads, 0,
                        "CPU threads, 0 for all cores (default 0)");
  add_text(
      command, "--json", "FILE", [&arguments](const std::string& text) { arguments.json = text; },
      "Write a report to FILE; '-' prints it in place of the lines");
  command.add_flag("--quiet", arguments.quiet, "Print the certificates that are rejected alone");
  command.footer(verify_footer);
}

int verify_certificates(const VerifyArguments& arguments, const Provers& provers, const Console& console,
                        const std::string& too_few) {
  if (arguments.files.size() < 2) throw UsageError(too_few);
  const int threads = threads_of(arguments);
  const auto prover = [&](const checker::Network& network, const checker::Proof& proof) {
    return arguments.exact ? provers.prove_exactly(network, proof) : provers.prove(network, proof, threads);
  };
  try {
    return check_all(arguments, prover, console);
  } catch (const checker::UnreadableFile& error) {
    throw FileError(error.what());
  }
}

int run_verify(int argc, const char* const* argv, const Provers& provers, const Console& console) {
  try {
    return parse_and_verify(argc, argv, provers, console);
  } catch (...) {
    return report(console.err, std::current_exception());
  }
}

}  // namespace geolip::cli
