#include <network/at.hpp>
#include <problem/ball.hpp>
#include <problem/dual_norm.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::problem {

double dual_norm(const Ball& ball, const std::vector<double>& g) {
  if (ball.coordinates.empty()) return dual_norm(g, ball.norm);
  std::vector<double> own;
  for (const Index j : ball.coordinates) own.push_back(at(g, j));
  return dual_norm(own, ball.norm);
}

}  // namespace geolip::problem
