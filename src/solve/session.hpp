/// \file
/// What the parts of one estimate() call share.
#pragma once

#include <backend/backend.hpp>
#include <problem/slopes.hpp>
#include <solve/deadline.hpp>
#include <solve/solver.hpp>

#include <geolip/estimate.hpp>

namespace geolip::solve {

/// One problem of the batch and the objective that it belongs to.
struct Task {
  ascent::Problem problem;
  std::size_t objective = 0;  ///< position in the query
  Index row = -1;             ///< the output, where the objective is a maximum over outputs; else -1
};

/// What a run will take, and how its problems are shared out.
struct Plan {
  Prediction prediction;
  Index batch = 1;       ///< problems solved together
  Index first_rank = 1;  ///< rank that their states begin with
  Index columns = 1;     ///< that a state may have in all
  operators::DenseWeights::Place weights = operators::DenseWeights::Place::device;

  Room room() const { return {first_rank, columns, prediction.multiplications, prediction.seconds}; }
};

/// Everything that is set up once for a query.
struct Session {
  const Network& network;
  const Query& query;
  const Settings& settings;
  problem::Chain chain;
  std::vector<problem::LayerSlopes> slopes;
  backend::Backend& backend;
  Result result;
  Plan plan;
  Common common;  ///< made after the plan
  Deadline deadline;
};

/// Makes what the plan's solvers share.
void set_up_common(Session& session);

/// Folds what is known of one problem into the bound of its objective: several problems of one objective
/// stand for the maximum over them. `exponent` takes scaled values back to the network's units.
void merge(const Outcome& outcome, int exponent, Bound& bound);

/// Multiplies each problem's row by its power of two.
void scale_rows(std::vector<ascent::Problem>& problems, const std::vector<int>& exponents);

void add_times(const Solver& solver, Seconds& seconds);

}  // namespace geolip::solve
