/// \file
/// How the columns of a state are shared out among the problems of a batch.
#pragma once

#include <geolip/network.hpp>

#include <cstdint>

namespace geolip::backend {

/// Problem b owns columns offset[b] .. offset[b + 1] - 1 of every matrix of a state. The arrays lie in the
/// backend's memory.
struct Columns {
  Index problems = 0;                    ///< number of problems
  Index total = 0;                       ///< number of columns of all problems
  const std::int32_t* offset = nullptr;  ///< problems + 1 entries
  const std::int32_t* slope = nullptr;   ///< problems entries: which column of Slopes belongs to the problem
};

/// Centres c and half widths h of the slope intervals of one layer: entry (i, s) at index i * sets + s, for
/// neuron i and slope set s. Backend memory.
template <class T>
struct Slopes {
  const T* c = nullptr;
  const T* h = nullptr;
  Index sets = 1;
};

}  // namespace geolip::backend
