/// \file
/// Whether a certificate proves its bound for a network's file.
#pragma once

#include "checker/files/certificate.hpp"
#include "checker/prove.hpp"

#include <filesystem>

namespace geolip::checker {

/// A file cannot be read at all.
class UnreadableFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The bytes of a regular file. Throws UnreadableFile, naming it.
std::vector<unsigned char> read_file(const std::filesystem::path& path);

/// A network's file, read anew only where certificates differ on how to read it.
class NetworkSource {
 public:
  /// Reads the file; external data lie below its folder. Throws UnreadableFile.
  explicit NetworkSource(const std::filesystem::path& path);
  /// The same for bytes in memory: `extension` as in "x.onnx".
  NetworkSource(std::vector<unsigned char> bytes, std::string extension, ExternalData external);

  const std::string& sha256() const { return sha256_; }
  /// The network as `reading` says, with the external files that are listed and have these hashes. Throws
  /// ReadError.
  const Network& network(const Reading& reading, const std::vector<ExternalHash>& external);

 private:
  std::vector<unsigned char> bytes_;
  std::string extension_;
  ExternalData external_;
  std::string sha256_;
  std::optional<Reading> reading_;  ///< that of network_, if it has no external files
  Network network_;
};

/// The canonical form: linear layers merged.
std::vector<CanonicalStage> canonical_stages(const Network& network);

/// Decides on one proof.
using Prover = std::function<Verdict(const Network& network, const Proof& proof)>;

/// What came of a certificate.
struct Verification {
  bool verified = false;
  std::string reason;  ///< why not, in one sentence; empty if verified
  std::optional<Certificate>
      certificate;  ///< what it claims, its proofs taken out; nothing if it cannot be read
};

/// Checks everything: that the certificate is about this file, that its proofs cover its query, and that each
/// of them holds. Throws nothing but what `prover` throws; memory that runs out is a rejection.
Verification check(Bytes certificate, NetworkSource& source, const Prover& prover);

}  // namespace geolip::checker
