/// \file
/// What the parts of one query share.
#pragma once

#include <solve/budget.hpp>
#include <solve/resident.hpp>

#include <geolip/estimate.hpp>

#include <vector>

namespace geolip::solve {

/// One problem of the query and the objective that it belongs to.
struct Task {
  problem::Problem problem;
  std::size_t objective = 0;  ///< position in the query
  Index row = -1;             ///< the output, where the objective is a maximum over outputs; else -1
};

/// Everything that is set up once for a query.
struct Session {
  Session(Resident& resident_, const Query& query_, const Settings& settings_);

  const problem::Chain& chain() const { return resident->chain(); }

  Resident* resident;
  backend::Backend& backend;
  const Network& network;
  const Query& query;
  const Settings& settings;
  Budget budget;
  std::vector<problem::LayerSlopes> slopes;
  std::vector<Index> slope_sets;  ///< of them, those that objectives brought
  Plan plan;
  Result result;
  // For progress, where batches follow each other.
  Index problems = 0;    ///< in all; 0 where it is not known
  Index met_before = 0;  ///< that met their gap, in the batches before
};

/// What certificates of the session are made with.
Certifiers make_certifiers(Session& session);

}  // namespace geolip::solve
