/// \file
/// From a query to its problems.
#pragma once

#include <solve/session.hpp>

#include <vector>

namespace geolip::solve {

/// Throws QueryError if a setting makes no sense.
void check_settings(const Settings& settings);

/// The problems of a session's query, with the slopes that they need in session.slopes. Those that no path
/// joins to the input are not among them: their FGL is exactly zero, and proved. Throws QueryError if the
/// query does not fit the network.
std::vector<Task> make_tasks(Session& session);

}  // namespace geolip::solve
