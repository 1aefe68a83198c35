#include <checker/exact.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

namespace geolip::checker::test {

namespace {

RationalMatrix multiplied(const RationalMatrix& a, const RationalMatrix& b) {
  RationalMatrix c(a.size(), std::vector<Rational>(b.front().size()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < b.size(); ++k) {
      if (a[i][k] == 0) continue;
      for (std::size_t j = 0; j < b[k].size(); ++j) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

RationalMatrix matrix_of(const Layer& layer, std::size_t inputs) {
  RationalMatrix w;
  if (const auto* dense = std::get_if<Dense>(&layer.op)) {
    for (Index i = 0; i < dense->rows; ++i)
      w.emplace_back(dense->weight.begin() + i * dense->cols, dense->weight.begin() + (i + 1) * dense->cols);
    return w;
  }
  w.assign(inputs, std::vector<Rational>(inputs));
  for (std::size_t i = 0; i < inputs; ++i) {
    if (const auto* scale = std::get_if<Scale>(&layer.op)) {
      w[i][i] = scale->value[i];
    } else {
      w[i][static_cast<std::size_t>(std::get<Permutation>(layer.op).source[i])] = 1;
    }
  }
  return w;
}

/// Calls see(J) with the rows' Jacobian for every pattern of end slopes.
void for_each_pattern(const Network& network, const Claim& claim,
                      const std::function<void(const RationalMatrix&)>& see) {
  std::vector<SlopeIntervals> slopes;
  for (const Layer& layer : network.layers) {
    if (const auto* s = std::get_if<Slopes>(&layer.op)) slopes.push_back({s->lower, s->upper});
  }
  if (!claim.slopes.empty()) slopes = claim.slopes;
  RationalMatrix rows;
  for (const auto& row : claim.rows) rows.emplace_back(row.begin(), row.end());
  std::vector<RationalMatrix> stages;
  for (std::size_t k = 0; k <= slopes.size(); ++k) stages.push_back(stage_matrix(network, k));
  // from the output down, so that patterns that share their upper layers share that work
  const std::function<void(std::size_t, const RationalMatrix&)> descend = [&](std::size_t k,
                                                                              const RationalMatrix& g) {
    const RationalMatrix next = multiplied(g, stages[k]);
    if (k == 0) {
      see(next);
      return;
    }
    const SlopeIntervals& s = slopes[k - 1];
    RationalMatrix chosen = next;
    const std::function<void(std::size_t)> choose = [&](std::size_t i) {
      if (i == s.lower.size()) {
        descend(k - 1, chosen);
        return;
      }
      for (const double slope : {s.lower[i], s.upper[i]}) {
        for (std::size_t r = 0; r < chosen.size(); ++r) chosen[r][i] = next[r][i] * Rational(slope);
        choose(i + 1);
        if (s.lower[i] == s.upper[i]) break;
      }
    };
    choose(0);
  };
  descend(slopes.size(), rows);
}

bool semidefinite(RationalMatrix a) {
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a[k][k] < 0) return false;
    for (std::size_t i = k + 1; i < a.size(); ++i) {
      if (a[i][k] == 0) continue;
      if (a[k][k] == 0) return false;
      const Rational factor = a[i][k] / a[k][k];
      for (std::size_t j = k + 1; j < a.size(); ++j) a[i][j] -= factor * a[k][j];
    }
  }
  return true;
}

bool covers(const Rational& bound, const Claim& claim, const RationalMatrix& jacobian) {
  if (claim.norm == InputNorm::linf) {
    Rational sum = 0;
    for (const Rational& g : jacobian.front()) sum += abs(g);
    return sum <= bound;
  }
  if (claim.norm == InputNorm::l1) {
    for (std::size_t j = 0; j < jacobian.front().size(); ++j) {
      const bool asked =
          claim.coordinates.empty() || std::find(claim.coordinates.begin(), claim.coordinates.end(),
                                                 static_cast<Index>(j)) != claim.coordinates.end();
      if (asked && abs(jacobian.front()[j]) > bound) return false;
    }
    return true;
  }
  RationalMatrix rest(jacobian.size(), std::vector<Rational>(jacobian.size()));  // bound^2 I - J J'
  for (std::size_t a = 0; a < jacobian.size(); ++a) {
    if (a < jacobian.size()) rest[a][a] = bound * bound;
    for (std::size_t b = 0; b < jacobian.size(); ++b) {
      for (std::size_t j = 0; j < jacobian[a].size(); ++j) rest[a][b] -= jacobian[a][j] * jacobian[b][j];
    }
  }
  return semidefinite(rest);
}

}  // namespace

Rational rational(const Real& x) {
  Rational result = x.significand;
  if (x.exponent >= 0) {
    result <<= static_cast<mp_bitcnt_t>(x.exponent);
  } else {
    result >>= static_cast<mp_bitcnt_t>(-x.exponent);
  }
  return result;
}

RationalMatrix stage_matrix(const Network& network, std::size_t k) {
  std::size_t stage = 0;
  std::size_t width = static_cast<std::size_t>(network.inputs);
  RationalMatrix result;
  const auto restart = [&] {
    result.assign(width, std::vector<Rational>(width));
    for (std::size_t i = 0; i < width; ++i) result[i][i] = 1;
  };
  restart();
  for (const Layer& layer : network.layers) {
    if (std::holds_alternative<Slopes>(layer.op)) {
      if (stage++ == k) return result;
      restart();
      continue;
    }
    result = multiplied(matrix_of(layer, width), result);
    width = result.size();
  }
  return result;
}

bool is_true(const Network& network, const Claim& claim) {
  bool all = true;
  const Rational bound = claim.bound;
  for_each_pattern(network, claim,
                   [&](const RationalMatrix& jacobian) { all = all && covers(bound, claim, jacobian); });
  return all;
}

double true_fgl(const Network& network, const Claim& claim) {
  double largest = 0.0;
  for_each_pattern(network, claim, [&](const RationalMatrix& jacobian) {
    double sum = 0.0;
    for (std::size_t j = 0; j < jacobian.front().size(); ++j) {
      double square = 0.0;
      for (const auto& row : jacobian) square += row[j].get_d() * row[j].get_d();
      const double size = std::sqrt(square);
      sum = claim.norm == InputNorm::linf ? sum + size
            : claim.norm == InputNorm::l1 ? std::max(sum, size)
                                          : std::hypot(sum, size);
    }
    largest = std::max(largest, sum);
  });
  return largest;
}

double least_bound(InputNorm norm, const Multipliers& multipliers) {
  Rational sum = 0;
  for (const Real& g : multipliers.gamma) {
    const Rational gamma = rational(g);
    sum = norm == InputNorm::l1 ? (gamma > sum ? gamma : sum) : Rational(sum + gamma);
  }
  const Rational square = 4 * rational(multipliers.zeta) * sum;
  const mpf_class root = sqrt(mpf_class(square, 256));
  double bound = root.get_d();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!(bound < infinity)) throw std::overflow_error("the bound is no double");
  while (Rational(bound) * Rational(bound) < square) bound = std::nextafter(bound, infinity);
  while (bound > 0.0) {
    const double below = std::nextafter(bound, 0.0);
    if (Rational(below) * Rational(below) < square) break;
    bound = below;
  }
  return bound;
}

}  // namespace geolip::checker::test
