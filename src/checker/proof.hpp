/// \file
/// What a certificate claims, and the multipliers by which it does (docs/certificate.md).
#pragma once

#include "checker/network.hpp"
#include "checker/real.hpp"

#include <vector>

namespace geolip::checker {

enum class Norm { linf, l2, l1 };

/// The slope intervals of one activation layer as the claim assumes them, in place of the activation's own.
struct SlopeIntervals {
  std::vector<double> lower;
  std::vector<double> upper;
};

/// The claim: FGL of `rows` times the network's outputs is at most `bound`.
struct Claim {
  Norm norm = Norm::l2;
  /// Objective rows, each with one coefficient an output. One row: <row, f>. Several rows: the spectral norm
  /// of (rows * Jacobian), l_2 only.
  std::vector<std::vector<double>> rows;
  /// Empty: the activations' own. Otherwise one entry for each activation layer: the claim is about these
  /// intervals, which need not hold those of the activation (a local bound, valid where the slopes are).
  std::vector<SlopeIntervals> slopes;
  /// l_1 only: the input coordinates that the claim is about, ascending; empty: all.
  std::vector<Index> coordinates;
  double bound = 0.0;  ///< finite, >= 0
};

/// Multipliers for which the quadratic form M (docs/certificate.md) is claimed to be positive semidefinite.
struct Multipliers {
  Real zeta;                              ///< of the objective's block
  std::vector<Real> gamma;                ///< l_inf: one for each input; l_1: one for each coordinate of the
                                          ///< claim; l_2: one
  std::vector<std::vector<Real>> lambda;  ///< one for each neuron of each activation layer; not read where
                                          ///< the slope interval is a point or no path passes
};

struct Proof {
  Claim claim;
  Multipliers multipliers;
};

}  // namespace geolip::checker
