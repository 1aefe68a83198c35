/// \file
/// Decides in floating point, with every rounding error covered, whether a proof holds.
#pragma once

#include <checker/network.hpp>

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

/// Whether bound^2 >= 4 zeta sum gamma, exactly. Multipliers are above 0, `bound` is finite and at least 0.
bool bound_covers_sum(double bound, const Real& zeta, const std::vector<Real>& gamma);

}  // namespace geolip::checker
