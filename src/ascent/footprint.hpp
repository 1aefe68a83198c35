/// \file
/// What an ascent's state takes in a backend's memory, found from sizes alone.
#pragma once

#include <problem/chain.hpp>

#include <geolip/query.hpp>

namespace geolip::ascent {

/// Bytes of a state in float64, with all that sweeps and evaluations take beside it. A state in float32 with
/// evaluations in float64 takes no more.
struct StateBytes {
  double fixed = 0.0;    ///< whatever the problems are
  double problem = 0.0;  ///< of each problem
  double column = 0.0;   ///< of each column; a problem has as many as its rank

  double of(double problems, double columns) const { return fixed + problems * problem + columns * column; }
};

/// `on_host`: whether the backend works on host memory.
StateBytes state_bytes(const problem::Chain& chain, Norm norm, bool on_host);

}  // namespace geolip::ascent
