/// \file
/// Proofs of the upper bounds with every rounding error covered (docs/method.md, section 7).
#pragma once

#include <solve/session.hpp>

namespace geolip::solve {

/// Tries to prove the upper bounds of the session's result by the independent checker, with multipliers
/// inflated as far as its rounding errors ask for, and raises the bounds to what is proved. A bound that
/// cannot be proved within its gap stays as it is; the result's note says why.
void prove_bounds(Session& session);

}  // namespace geolip::solve
