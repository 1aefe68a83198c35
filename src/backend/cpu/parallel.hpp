/// \file
/// Work shared out in pieces whose borders depend on the problem's shape alone.
#pragma once

#include <backend/cpu/thread_pool.hpp>

#include <algorithm>

namespace geolip::backend::cpu {

/// Calls body(begin, end) for consecutive pieces of 0 .. count - 1, `piece` long each (the last may be
/// shorter). Which thread runs which piece never matters to the result.
template <class Body>
void parallel_pieces(ThreadPool& pool, Index count, Index piece, const Body& body) {
  pool.run((count + piece - 1) / piece, [&](Index p) { body(p * piece, std::min(count, (p + 1) * piece)); });
}

/// Rows a piece should have so that it holds about 16384 entries, but at least one.
inline Index rows_per_piece(Index cols) { return std::max<Index>(1, 16384 / std::max<Index>(1, cols)); }

}  // namespace geolip::backend::cpu
