/// \file
/// Certificate files (docs/certificate.md), as they are written: nothing in them is believed yet.
#pragma once

#include "checker/files/read_network.hpp"
#include "checker/proof.hpp"

namespace geolip::checker {

/// Linear layers between two activations (or the input or output), merged.
struct CanonicalStage {
  Index inputs = 0;
  Index outputs = 0;
  std::string activation;  ///< the one that follows; empty behind the last stage
  std::vector<Index>
      from{};  ///< the blocks that it reads, ascending: 0 the inputs, k what follows stage k - 1
  bool operator==(const CanonicalStage&) const = default;
};

struct ExternalHash {
  std::string location;
  std::string sha256;
};

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
  std::string sha256;  ///< of the network's file
  std::vector<ExternalHash> external;
  Reading reading;
  Index inputs = 0;
  Index outputs = 0;
  std::vector<CanonicalStage> stages;
  Norm norm = Norm::l2;
  Objective objective;
  std::vector<SlopeIntervals> slopes;  ///< empty: the activations' own
  double bound = 0.0;
  std::vector<ProofEntry> proofs;
};

/// Reads a certificate and checks all that can be checked without its network: its lists have the lengths
/// that its own sizes ask for. Throws ReadError in one sentence that names what is wrong.
Certificate read_certificate(Bytes file);

/// "linf", "l2", "l1".
std::string to_string(Norm norm);
/// "output 3", "margin 3-5", "row", "vector".
std::string to_string(const Objective& objective);

}  // namespace geolip::checker
