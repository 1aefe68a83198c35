// geolip-verify: the checker as a program of its own, without the solver, its readers and their libraries.
#include <checker/certificate.hpp>
#include <geolip/version.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <iostream>
#include <thread>
#include <vector>

namespace {

namespace checker = geolip::checker;

constexpr const char* help =
    R"(Checks certificates of bounds on the Lipschitz constant of neural networks

Usage: geolip-verify CERTIFICATE... NETWORK.npz [OPTIONS]

  CERTIFICATE    One certificate or several (.json)
  NETWORK.npz    The network's canonical file, which lies beside them (or made by geolip export)

  --threads N    CPU threads, 0 for all cores (default 0)
  --quiet        Print the certificates that are rejected alone
  --version      Print the version
  -h, --help     Print this help

Exit codes: 0 every certificate is verified, 1 internal error, 2 wrong usage, 3 a file cannot be read,
5 a certificate is rejected.
)";

enum ExitCode {
  exit_verified = 0,
  exit_internal = 1,
  exit_usage = 2,
  exit_unreadable = 3,
  exit_rejected = 5
};

int usage(const std::string& fault) {
  std::cerr << "geolip-verify: " << fault << " (see geolip-verify --help)\n";
  return exit_usage;
}

int verify(const std::vector<std::string>& files, int threads, bool quiet) {
  const checker::CanonicalNetwork network = [&] {
    try {
      return checker::read_canonical(checker::read_file(files.back()));
    } catch (const checker::ReadError& error) {
      throw checker::UnreadableFile(checker::printable(files.back()) + ": " + error.what());
    }
  }();
  const auto prover = [&](const checker::Network& about, const checker::Proof& proof) {
    return checker::prove(about, proof, threads);
  };
  int code = exit_verified;
  for (auto file = files.begin(); file + 1 != files.end(); ++file) {
    const checker::Verification result = checker::check(
        checker::read_file(*file), [&](const checker::Certificate&) -> const auto& { return network; },
        prover);
    if (!result.verified) code = exit_rejected;
    if (!quiet || !result.verified)
      std::cout << checker::line_of(std::filesystem::path(*file).filename().string(), result) << '\n';
  }
  if (!std::cout.flush()) throw checker::UnreadableFile("the standard output cannot be written");
  return code;
}

int run(const std::vector<std::string>& words) {
  std::vector<std::string> files;
  int threads = 0;
  bool quiet = false;
  bool options = true;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!options || word.empty() || word[0] != '-') {
      files.push_back(word);
    } else if (word == "--") {
      options = false;
    } else if (word == "--help" || word == "-h" || word == "--version") {
      std::cout << (word == "--version" ? std::string("geolip-verify ") + geolip::version + "\n" : help);
      if (!std::cout.flush()) throw checker::UnreadableFile("the standard output cannot be written");
      return exit_verified;
    } else if (word == "--quiet") {
      quiet = true;
    } else if (word == "--threads") {
      const std::string number = i + 1 < words.size() ? words[++i] : "";
      constexpr int most = 1024;
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), threads);
      if (error != std::errc() || end != number.data() + number.size() || threads < 0 || threads > most)
        return usage("--threads: '" + checker::printable(number) + "' is not a whole number from 0 to 1024");
    } else {
      return usage("'" + checker::printable(word) + "' is not an option");
    }
  }
  if (files.size() < 2) return usage("it needs a CERTIFICATE and a NETWORK.npz");
  if (threads == 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return verify(files, threads, quiet);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const checker::UnreadableFile& error) {
    std::cerr << "geolip-verify: " << error.what() << '\n';
    return exit_unreadable;
  } catch (const std::exception& error) {
    std::cerr << "geolip-verify: internal error (" << error.what() << ")\n";
    return exit_internal;
  }
}
