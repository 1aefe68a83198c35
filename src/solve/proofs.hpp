/// \file
/// From certificates of the scaled network to proofs in the network's own units.
#pragma once

#include <solve/batch.hpp>

#include <geolip/certificate.hpp>

#include <vector>

namespace geolip::solve {

/// The proof that a certificate gives. `exponent` is that of the objective: scaled values are 2^exponent
/// times the network's own. Exact: only exponents change (M20).
Proof make_proof(const certificate::Certificate& certificate, const problem::Chain& chain,
                 const problem::Scaling& scaling, int exponent, Norm norm);

/// l_1: proofs that together cover every input coordinate, each by a certificate that bounds it by at most
/// `bound` (in scaled units). Few certificates are wanted, so each takes all coordinates that it can.
/// Empty if some coordinate has no such certificate.
std::vector<Proof> make_coordinate_proofs(const std::vector<certificate::Certificate>& certificates,
                                          const problem::Chain& chain, const problem::Scaling& scaling,
                                          int exponent, double bound);

/// Without a hidden layer, where the bound is the dual norm of the one gradient.
Proof make_linear_proof(double bound, const std::vector<double>& gradient, const problem::Chain& chain,
                        Norm norm);

/// 0 .. inputs - 1
std::vector<Index> all_coordinates(Index inputs);

/// Inflates a proof's multipliers geometrically (M17), gamma included, and sets its bound anew.
Proof inflate(Proof proof, double d, Norm norm);

}  // namespace geolip::solve
