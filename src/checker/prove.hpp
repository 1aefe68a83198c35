/// \file
/// Decides in floating point, with every rounding error covered, whether a proof holds.
#pragma once

#include "checker/proof.hpp"

#include <string>

namespace geolip::checker {

struct Verdict {
  bool verified = false;
  std::string reason;  ///< why not, in one sentence; empty if verified
  /// Where M lacked definiteness: the relative slack that its rounding errors ask for, so that whoever makes
  /// proofs can inflate by a few times as much and try again. 0 if that would not help.
  double slack = 0.0;
};

/// Whether the multipliers prove the claim. Never says so wrongly; may fail to see a proof that holds by less
/// than rounding. `threads` >= 1; the verdict does not depend on it.
Verdict prove(const Network& network, const Proof& proof, int threads = 1);

/// Floating-point operations that prove() takes, about.
double proving_cost(const Network& network, const Proof& proof);

/// The same question in exact rational arithmetic: no rounding, hence no doubt in either direction. Time
/// grows with the cube of all neurons and inputs and numbers get long: for networks of up to about a hundred.
/// Rejects, with the reason, a network whose scales are not rational.
Verdict prove_exactly(const Network& network, const Proof& proof);

}  // namespace geolip::checker
