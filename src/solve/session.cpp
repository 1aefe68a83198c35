#include <solve/session.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

namespace geolip::solve {
namespace {

/// Bounds in the network's own units. Powers of two are exact but at the ends of the double range, where the
/// upper bound is pushed up and the lower bounds down.
double unscale(double value, int exponent, bool up) {
  const double result = std::ldexp(value, -exponent);
  if (std::ldexp(result, exponent) == value) return result;
  return up ? std::nextafter(result, std::numeric_limits<double>::infinity()) : std::nextafter(result, 0.0);
}

}  // namespace

void set_up_common(Session& session) {
  session.common.weights = std::make_shared<operators::DenseWeights>(session.plan.weights);
  try {
    for (Index i = 1; i < session.plan.prediction.certificates; ++i)
      session.common.queues.push_back(session.backend.fork());
  } catch (const std::bad_alloc&) {
    return;  // others use the device as well: the queues that there are will do
  }
}

void merge(const Outcome& outcome, int exponent, Bound& bound) {
  const double allowance = unscale(outcome.allowance, exponent, true);
  const auto down = [&](double value) { return std::max(0.0, unscale(value, exponent, false) - allowance); };
  const auto up = [&](double value) {
    const double result = unscale(value, exponent, true);
    return allowance > 0.0 ? std::nextafter(result + allowance, std::numeric_limits<double>::infinity())
                           : result;
  };
  bound.lower = std::max(bound.lower, down(outcome.lower));
  bound.relaxation = std::max(bound.relaxation, down(outcome.relaxation));
  bound.upper = std::max(bound.upper, up(outcome.upper));
  bound.iterations = std::max(bound.iterations, outcome.iterations);
  bound.rank = std::max(bound.rank, outcome.rank);
  if (outcome.precision == Precision::float64) bound.precision = Precision::float64;
}

void scale_rows(std::vector<ascent::Problem>& problems, const std::vector<int>& exponents) {
  for (std::size_t b = 0; b < problems.size(); ++b) problems[b].row.scale(exponents[b]);
}

void add_times(const Solver& solver, Seconds& seconds) {
  seconds.ascent += solver.times().ascent;
  seconds.certificate += solver.times().certificate;
  seconds.rounding += solver.times().rounding;
}

}  // namespace geolip::solve
