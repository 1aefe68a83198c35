/// \file
/// The l_1 norm, coordinate by coordinate.
#pragma once

#include <solve/session.hpp>

#include <span>

namespace geolip::solve {

/// Bounds the objectives of the tasks in l_1. The network has at least one activation.
///
/// There is one problem for each input coordinate, but few are solved: a certificate of one coordinate bounds
/// all others too (docs/method.md, section 4), and coordinates whose bound lies below the largest certified
/// value cannot matter.
void solve_coordinates(Session& session, std::span<const Task> tasks);

}  // namespace geolip::solve
