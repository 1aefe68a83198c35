/// \file
/// How the problems of a query are shared out, so that they fit into the device's memory.
#pragma once

#include <geolip/error.hpp>
#include <solve/session.hpp>

#include <functional>
#include <vector>

namespace geolip::solve {

/// The device's memory has no room for the network.
class DoesNotFit : public NetworkError {
 public:
  using NetworkError::NetworkError;
};

/// What a run will take, found from the network's sizes alone before any of it is allocated; large
/// certificates are timed by a small factorisation. Throws DoesNotFit, with the bytes that it needs and those
/// that the device has, if a single problem does not fit.
Plan make_plan(const Session& session, const std::vector<Task>& tasks);

/// Calls solve(first, count) for consecutive parts of `problems` problems, of nearly equal size, that fit.
void by_batches(const Plan& plan, std::size_t problems,
                const std::function<void(std::size_t first, std::size_t count)>& solve);

}  // namespace geolip::solve
