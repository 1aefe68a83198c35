/// \file
/// What becomes of a query, from its problems to its bounds.
#pragma once

#include <solve/resident.hpp>

#include <geolip/estimate.hpp>

namespace geolip::solve {

/// The bounds of a query. Settings::device and Settings::threads but for the checker's are not read.
Result answer(Resident& resident, const Query& query, const Settings& settings);

}  // namespace geolip::solve
