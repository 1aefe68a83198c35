/// \file
/// How the problems of a query are shared out, so that they fit into the device's memory.
#pragma once

#include <certificate/sparse_certifier.hpp>
#include <geolip/error.hpp>
#include <geolip/settings.hpp>
#include <operators/linear_operator.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace geolip::solve {

/// The device's memory has no room for the network.
class DoesNotFit : public NetworkError {
 public:
  using NetworkError::NetworkError;
};

struct Session;
struct Task;

/// What a run will take, and how its problems are shared out.
struct Plan {
  Prediction prediction;
  Index batch = 1;       ///< problems solved together
  Index first_rank = 1;  ///< rank that their states begin with
  Index columns = 1;     ///< that a state may have in all
  /// Rank-one starts that take the memory of one column of a state in float32, and in float64; at most 1.
  double start_share32 = 1.0;
  double start_share64 = 1.0;
  operators::DenseWeights::Place weights = operators::DenseWeights::Place::device;
  /// What certificates are made with where a sparse factorisation takes less than one by layers; else null.
  std::shared_ptr<certificate::SparseAnalyses> sparse;
};

/// What a run will take, found from the network's sizes alone before any of it is allocated; large
/// certificates are timed by a small factorisation. Throws DoesNotFit, with the bytes that it needs and those
/// that the device has, if a single problem does not fit.
Plan make_plan(const Session& session, const std::vector<Task>& tasks);

/// Calls solve(first, count) for consecutive parts of `problems` problems, of nearly equal size, that fit.
void by_batches(const Plan& plan, std::size_t problems,
                const std::function<void(std::size_t first, std::size_t count)>& solve);

}  // namespace geolip::solve
