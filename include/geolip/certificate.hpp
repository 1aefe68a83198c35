/// \file
/// The proof behind an upper bound, in a form that a stranger can check (docs/certificate.md).
#pragma once

#include <geolip/network.hpp>

#include <cstdint>
#include <vector>

namespace geolip {

/// significand * 2^exponent, exactly: multipliers of networks with extreme weights leave the range of double.
struct ScaledNumber {
  double significand = 0.0;
  std::int64_t exponent = 0;
};

/// Dual multipliers that prove an upper bound for the network in its own units. All that are read are > 0.
/// What they mean: docs/certificate.md and docs/method.md, section 4.
struct Proof {
  /// The output whose row is bounded, where a result is the maximum over several (linf, vector); else -1.
  Index objective_row = -1;
  /// l1: the input coordinates that this proof covers, ascending. Empty otherwise.
  std::vector<Index> coordinates;
  /// What the multipliers prove. 0 without multipliers: no path of nonzero weights and slopes joins the input
  /// to the objective.
  double bound = 0.0;
  /// d of the geometric inflation that the multipliers contain (docs/method.md, M17): information only.
  double inflation = 0.0;
  ScaledNumber zeta;
  std::vector<ScaledNumber> gamma;                ///< linf: one an input; l1: one a coordinate; l2: one
  std::vector<std::vector<ScaledNumber>> lambda;  ///< one for each neuron of each activation layer
};

}  // namespace geolip
