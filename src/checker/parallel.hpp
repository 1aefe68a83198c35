/// \file
/// One loop shared out among threads.
#pragma once

#include "checker/network.hpp"

#include <functional>

namespace geolip::checker {

/// Calls body(i) for i in 0 .. count - 1, each once, in any order. Throws what a body throws. A thread that
/// the system does not give is done without.
void parallel_for(Index count, int threads, const std::function<void(Index)>& body);

}  // namespace geolip::checker
