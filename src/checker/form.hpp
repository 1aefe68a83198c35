/// \file
/// The quadratic form M of a proof, scaled, less what all rounding errors together can be.
#pragma once

#include <checker/elimination.hpp>
#include <checker/reduced.hpp>

namespace geolip::checker {

Blocks blocks_of(const Reduced& reduced, const ClaimedNetwork& claimed, const Claim& claim);

struct Form {
  BlockMatrix matrix;
  double slack = 0.0;  ///< the largest share of a diagonal entry that was subtracted from it
};

/// A matrix A of doubles such that M, scaled by powers of two, is at least A plus the backward error of
/// Cholesky's method on A: if the method runs to completion on A then M >= 0 (M26). Throws Refusal if a
/// multiplier that is read is not above 0.
Form make_form(const Reduced& reduced, const ClaimedNetwork& claimed, const Proof& proof,
               const Pattern& pattern, int threads);

}  // namespace geolip::checker
