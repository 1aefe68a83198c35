/// \file
/// Certificate files (docs/certificate.md), as they are written: nothing in them is believed yet.
#pragma once

#include <checker/canonical.hpp>
#include <checker/prove.hpp>

#include <filesystem>
#include <functional>

namespace geolip::checker {

/// What a bound is for.
struct Objective {
  enum class Kind { output, margin, row, vector };

  Kind kind = Kind::output;
  Index k = 0;
  Index j = 0;              ///< margin: output k minus output j
  std::vector<double> row;  ///< one coefficient an output
};

/// One entry of the list of proofs.
struct ProofEntry {
  std::optional<Index> objective_row;             ///< l_inf, vector: the output that the proof is about
  std::optional<std::vector<Index>> coordinates;  ///< l_1: the inputs that it is about; nothing: all
  double bound = 0.0;
  Multipliers multipliers;  ///< empty for a bound of zero that needs none
};

struct Certificate {
  std::string sha256;  ///< of the canonical file of the network
  Source source;       ///< the file that that was made from
  InputNorm norm = InputNorm::l2;
  Objective objective;
  std::vector<SlopeIntervals> slopes;  ///< empty: the activations' own
  double bound = 0.0;
  std::vector<ProofEntry> proofs;
};

/// Reads a certificate and checks all that can be checked without its network. Throws ReadError in one sentence
/// that names what is wrong.
Certificate read_certificate(Bytes file);

/// "linf", "l2", "l1".
std::string to_string(InputNorm norm);
/// "output 3", "margin 3-5", "row", "vector".
std::string to_string(const Objective& objective);

/// A file cannot be read at all.
class UnreadableFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The bytes of a regular file. Throws UnreadableFile, naming it.
std::vector<unsigned char> read_file(const std::filesystem::path& path);

/// The network that a certificate is about. May throw ReadError, which rejects the certificate.
using NetworkOf = std::function<const CanonicalNetwork&(const Certificate& certificate)>;
/// Decides on one proof.
using Prover = std::function<Verdict(const Network& network, const Proof& proof)>;

/// What came of a certificate.
struct Verification {
  bool verified = false;
  std::string reason;  ///< why not, in one sentence; empty if verified
  std::optional<Certificate>
      certificate;  ///< what it claims, its proofs taken out; nothing if it cannot be read
};

/// Checks everything: that the certificate is about this network, that its proofs cover its query, and that
/// each of them holds. Throws nothing but what `prover` throws; memory that runs out is a rejection.
Verification check(Bytes certificate, const NetworkOf& network, const Prover& prover);

/// The line that says so, with the bound in decimal, rounded up, and what it depends on.
std::string line_of(const std::string& name, const Verification& verification);

}  // namespace geolip::checker
