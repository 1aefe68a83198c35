/// \file
/// The solve loop: sweep, ask the policy, certify, settle, resize.
#pragma once

#include <solve/batch.hpp>

namespace geolip::solve {

/// Solves the problems of a batch until every gap is met or a limit ends it; what is known of problem b is
/// then in batch.tracks[b].outcome.
void solve(Batch& batch);

}  // namespace geolip::solve
