#include <cli/verify.hpp>

#include <geolip/error.hpp>
#include <geolip/version.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include <checker/bytes.hpp>
#include <checker/certificate.hpp>
#include <cli/commands.hpp>
#include <cli/exit_code.hpp>
#include <cli/options.hpp>
#include <cli/text_target.hpp>
#include <formats/reader.hpp>

namespace geolip::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* verify_footer =
    R"(Examples:
  geolip verify mnist-3.json mnist.onnx
  geolip verify certificates/*.json mnist.onnx --json report.json

A certificate is checked by code of its own: nothing of what computed it is used but the reading of the file.
The program geolip-verify does without that: it reads the canonical file that lies beside the certificates.

Exit codes: 0 every certificate is verified, 1 internal error, 2 wrong usage, 3 a file cannot be read,
5 a certificate is rejected.)";

/// A verdict on one file.
struct Result {
  fs::path path;
  checker::Verification verification;
};

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

Json reading_json(const checker::Source& reading) {
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
  json["reading"] = reading_json(certificate.source);
  return json;
}

std::string report(const VerifyArguments& arguments, const std::string& sha256,
                   const std::vector<Result>& results) {
  Json json{{"tool", "geolip"},
            {"version", version},
            {"network", {{"path", arguments.files.back()}, {"sha256", sha256}}},
            {"arithmetic", arguments.exact ? "exact" : "floating point"}};
  Json& list = json["results"] = Json::array();
  for (const Result& result : results) list.push_back(result_json(result));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// The network's file in the form that the checker knows, read anew only where certificates differ on how.
class NetworkSource {
 public:
  NetworkSource(const Library& library, fs::path path) : library_(library), path_(std::move(path)) {}

  /// Throws ReadError: a file that cannot be read as the certificate says is no reason to believe it.
  const checker::CanonicalNetwork& operator()(const checker::Certificate& certificate) {
    if (asked_ == certificate.source) return network_;
    asked_.reset();
    try {
      NetworkFile file = read(certificate.source);
      if (file.format != "canonical") {
        if (file.sha256 != certificate.source.sha256) {
          throw checker::ReadError(
              "the certificate is about another file: the SHA-256 of the network differs");
        }
        file.source.file = certificate.source.file;  // it may have been renamed since
      }
      network_ = checker::read_canonical(formats::bytes_of(canonical_bytes(file)));
    } catch (const Error& error) {
      throw checker::ReadError(error.what());
    }
    asked_ = certificate.source;
    return network_;
  }

 private:
  NetworkFile read(const checker::Source& source) const {
    if (path_.extension() == ".npz") {  // canonical files leave nothing open
      NetworkFile file = library_.read_network(path_, {});
      if (file.format == "canonical") return file;
    }
    ReadOptions options;
    if (source.activation) options.activation = activation_from_name(*source.activation);
    options.logits = source.logits;
    options.physical_units = source.physical_units;
    return library_.read_network(path_, options);
  }

  const Library& library_;
  fs::path path_;
  std::optional<checker::Source> asked_;  ///< for which network_ was read
  checker::CanonicalNetwork network_;
};

/// A file that is missing should be missed before the work on those before it.
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

int check_all(const VerifyArguments& arguments, const Library& library, const checker::Prover& prover,
              const Console& console) {
  const TextTarget json(arguments.json);
  json.require_apart({arguments.files.begin(), arguments.files.end()});
  for (const std::string& file : arguments.files) require_readable(file);
  const auto network = arguments.files.end() - 1;
  NetworkSource source(library, *network);
  std::vector<Result> results;
  bool all = true;
  for (auto file = arguments.files.begin(); file != network; ++file) {
    results.push_back({*file, checker::check(checker::read_file(*file), std::ref(source), prover)});
    const Result& result = results.back();
    all = all && result.verification.verified;
    if (!json.owns_output() && (!arguments.quiet || !result.verification.verified)) {
      console.out << checker::line_of(result.path.filename().string(), result.verification) << '\n'
                  << std::flush;
    }
  }
  if (json.wanted())
    json.write(console, report(arguments, checker::sha256(checker::read_file(*network)), results));
  finish_output(console);
  return all ? exit_certified : exit_rejected;
}

}  // namespace

CLI::App* add_verify(CLI::App& app, VerifyArguments& arguments) {
  CLI::App* command = app.add_subcommand("verify", "Check certificates of bounds");
  command
      ->add_option("FILES", arguments.files,
                   "One certificate or several (.json), and last the network:\n"
                   "a .onnx, .mat, .npz or .nnet file, canonical or not")
      ->type_name("");
  command->add_flag("--exact", arguments.exact,
                    "Decide in rational arithmetic; for up to about a hundred neurons and inputs");
  add_whole_number<int>(*command, "--threads", arguments.threads, 0,
                        "CPU threads, 0 for all cores (default 0)");
  add_word(*command, "--json", "FILE", arguments.json,
           "Write a report to FILE; '-' prints it in place of the lines");
  command->add_flag("--quiet", arguments.quiet, "Print the certificates that are rejected alone");
  command->footer(verify_footer);
  return command;
}

int verify_certificates(const VerifyArguments& arguments, const Library& library, const Console& console) {
  const int threads = threads_of(arguments);
  const Provers& provers = library.provers;
  const auto prover = [&](const checker::Network& network, const checker::Proof& proof) {
    return arguments.exact ? provers.prove_exactly(network, proof) : provers.prove(network, proof, threads);
  };
  try {
    return check_all(arguments, library, prover, console);
  } catch (const checker::UnreadableFile& error) {
    throw FileError(error.what());
  }
}

}  // namespace geolip::cli
