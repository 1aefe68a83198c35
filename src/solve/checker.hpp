/// \file
/// The independent checker, fed from memory.
#pragma once

#include <checker/prove.hpp>
#include <geolip/certificate.hpp>
#include <geolip/network.hpp>
#include <geolip/query.hpp>

#include <vector>

namespace geolip::solve {

/// The smallest double that the multipliers of a proof can prove; infinity beyond the range of double.
double proved_bound(const Proof& proof, Norm norm);

/// The network in the checker's terms: to the last bit what it reads from the canonical file, so that a proof in
/// memory is one of the file.
checker::Network checker_network(const Network& network);

/// What a proof claims about an objective, in the checker's terms.
checker::Proof checker_proof(const Proof& proof, const Objective& objective, Norm norm, Index outputs);

}  // namespace geolip::solve
