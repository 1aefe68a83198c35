/// \file
/// The l_1 norm, coordinate by coordinate.
#pragma once

#include <estimate/session.hpp>

#include <vector>

namespace geolip::estimate_detail {

/// Bounds the objectives of the tasks in l_1. The network has at least one activation.
void solve_coordinates(Session& session, const std::vector<Task>& tasks);

}  // namespace geolip::estimate_detail
