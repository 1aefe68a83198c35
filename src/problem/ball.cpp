#include <network/at.hpp>
#include <problem/ball.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::problem {
namespace {

/// The larger one; a NaN if there is one.
double larger(double a, double b) { return b <= a || std::isnan(a) ? a : b; }

}  // namespace

double dual_norm(const Ball& ball, const std::vector<double>& g) {
  double largest = 0.0;
  if (ball.coordinates.empty()) {
    for (const double x : g) largest = larger(largest, std::abs(x));
  } else {
    for (const Index j : ball.coordinates) largest = larger(largest, std::abs(at(g, j)));
  }
  if (ball.norm == Norm::l1 || !(largest > 0.0) || !std::isfinite(largest)) return largest;
  double sum = 0.0;
  for (const double x : g) {
    const double share = std::abs(x) / largest;
    sum += ball.norm == Norm::linf ? share : share * share;
  }
  return largest * (ball.norm == Norm::linf ? sum : std::sqrt(sum));
}

}  // namespace geolip::problem
