/// \file
/// The l_1 norm, coordinate by coordinate.
#pragma once

#include <solve/session.hpp>

#include <vector>

namespace geolip::solve {

/// Bounds the objectives of the tasks in l_1. The network has at least one activation.
void solve_coordinates(Session& session, const std::vector<Task>& tasks);

}  // namespace geolip::solve
