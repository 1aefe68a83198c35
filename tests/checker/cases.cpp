#include <checker/cases.hpp>
#include <checker/exact.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace geolip::checker::test {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

Dense random_dense(Random& random, Index rows, Index cols, bool zeros) {
  Dense dense{rows, cols, {}};
  for (Index i = 0; i < rows * cols; ++i) dense.weight.push_back(random.normal());
  if (!zeros) return dense;
  if (random.chance(0.3)) {
    for (double& w : dense.weight) w = random.chance(0.4) ? 0.0 : w;
  }
  if (random.chance(0.2)) {
    for (double& w : dense.weight) w = std::round(2.0 * w) / 2.0;
  }
  const Index i = random.integer(0, rows - 1);
  const Index other = random.integer(0, rows - 1);
  if (random.chance(0.2)) {  // equal or nearly equal rows
    const double factor = random.chance(0.5) ? 1.0 : 1.0 + 0x1p-40;
    for (Index j = 0; j < cols; ++j)
      dense.weight[at(i * cols + j)] = factor * dense.weight[at(other * cols + j)];
  }
  if (random.chance(0.1)) {
    for (Index j = 0; j < cols; ++j) dense.weight[at(i * cols + j)] = 0.0;
  }
  return dense;
}

Scale random_scale(Random& random, Index n) {
  Scale scale;
  for (Index i = 0; i < n; ++i) {
    const double numerator = random.chance(0.5) ? 1.0 : std::round(16.0 * random.normal()) / 4.0;
    const double denominator = random.chance(0.3) ? 2.0 : 0.3081 + random.uniform();
    const double s = numerator / denominator;
    const bool exact = Rational(s) == Rational(numerator) / Rational(denominator);
    scale.lower.push_back(exact ? s : std::nextafter(s, -10.0 - std::abs(s)));
    scale.upper.push_back(exact ? s : std::nextafter(s, 10.0 + std::abs(s)));
    scale.value.push_back(s);
  }
  return scale;
}

Permutation random_permutation(Random& random, Index n) {
  Permutation permutation;
  permutation.source.resize(at(n));
  std::iota(permutation.source.begin(), permutation.source.end(), Index{0});
  for (Index i = n - 1; i > 0; --i)
    std::swap(permutation.source[at(i)], permutation.source[at(random.integer(0, i))]);
  return permutation;
}

Slopes random_slopes(Random& random, Index n, Kind kind) {
  Slopes slopes;
  const bool whole_layer = kind == Kind::folded && random.chance(0.3);
  for (Index i = 0; i < n; ++i) {
    double lower = 0.0;
    double upper = 1.0;
    if (kind == Kind::leaky) lower = 0.1;
    if (kind == Kind::gelu) {
      lower = -0.128904145;
      upper = 1.128904146;
    }
    if (kind == Kind::mixed || kind == Kind::folded) {
      static const std::vector<std::pair<double, double>> kinds{
          {0.0, 1.0},  {0.1, 1.0},           {0.5, 2.0}, {-0.25, 1.0}, {-1.0, -0.25},
          {-1.0, 1.0}, {0.3, 0.30000000001}, {1.0, 1.0}, {0.7, 0.7},   {0.0, 0.0}};
      const bool fold = whole_layer || (kind == Kind::folded && random.chance(0.5));
      const auto& chosen = kinds[at(fold ? random.integer(7, 8) : random.integer(0, 9))];
      lower = chosen.first;
      upper = chosen.second;
    }
    slopes.lower.push_back(lower);
    slopes.upper.push_back(upper);
  }
  return slopes;
}

Real real(long double x) {
  int e = 0;
  const long double fraction = std::frexp(x, &e);
  return {static_cast<double>(fraction), e};
}

}  // namespace

Case random_case(Random& random, const Options& options) {
  Case result;
  Network& network = result.network;
  const Index layers = random.integer(0, options.most_layers);
  Index left = options.most_neurons;
  network.inputs = random.integer(1, 4);
  Index width = network.inputs;
  Index neurons = random.integer(1, 3);
  const auto add = [&](auto op) {
    network.layers.push_back({"layer" + std::to_string(network.layers.size()), op});
  };
  for (Index k = 0; k <= layers; ++k) {
    const bool last = k == layers;
    neurons =
        last ? random.integer(1, 3) : random.integer(1, std::clamp<Index>(left - (layers - 1 - k), 1, 4));
    const bool extras = options.linear_extras && random.chance(0.5);
    if (extras && random.chance(0.4)) add(random_scale(random, width));
    if (extras && random.chance(0.3)) add(random_permutation(random, width));
    if (extras && random.chance(0.3)) {
      const Index middle = random.integer(1, 4);
      add(random_dense(random, middle, width, options.zeros));
      width = middle;
      if (random.chance(0.3)) add(random_scale(random, width));
    }
    if (!extras || random.chance(0.9)) {
      add(random_dense(random, neurons, width, options.zeros));
      width = neurons;
    }
    if (extras && random.chance(0.3)) add(random_scale(random, width));
    if (extras && random.chance(0.3)) add(random_permutation(random, width));
    if (last) break;
    add(random_slopes(random, width, options.kind));
    left -= width;
  }
  network.outputs = width;

  Claim& claim = result.proof.claim;
  claim.norm = random.chance(0.4) ? InputNorm::linf : random.chance(0.5) ? InputNorm::l2 : InputNorm::l1;
  const auto output = at(random.integer(0, width - 1));
  std::vector<double> row(at(width), 0.0);
  row[output] = 1.0;
  if (width > 1 && random.chance(0.3)) row[(output + 1) % at(width)] = -1.0;
  if (random.chance(0.2)) {
    for (double& x : row) x = random.normal();
  }
  claim.rows.push_back(row);
  if (claim.norm == InputNorm::l2 && random.chance(0.4)) {
    claim.rows.clear();
    for (std::size_t i = 0; i < at(width); ++i) {
      claim.rows.emplace_back(at(width), 0.0);
      claim.rows.back()[i] = 1.0;
    }
  }
  if (claim.norm == InputNorm::l1 && random.chance(0.4)) {
    for (Index j = 0; j < network.inputs; ++j) {
      if (random.chance(0.6)) claim.coordinates.push_back(j);
    }
  }
  if (random.chance(0.15)) {  // a claim about slopes of its own
    for (const Layer& layer : network.layers) {
      const auto* slopes = std::get_if<Slopes>(&layer.op);
      if (slopes == nullptr) continue;
      const Slopes own = random_slopes(random, static_cast<Index>(slopes->lower.size()), options.kind);
      claim.slopes.push_back({own.lower, own.upper});
    }
  }
  return result;
}

/// lambda (v^2 - (lo + hi) v w + lo hi w^2) >= lambda (v^2 / 2 - ((lo + hi)^2 / 2 + |lo hi|) w^2), and |w|^2
/// is at most |W|_F^2 |v_below|^2. So what a layer owes to the one above is paid by half of its lambda, from
/// the output down.
Multipliers valid_multipliers(Random& random, const Network& network, const Claim& claim, double spread) {
  std::vector<SlopeIntervals> slopes;
  for (const Layer& layer : network.layers) {
    if (const auto* s = std::get_if<Slopes>(&layer.op)) slopes.push_back({s->lower, s->upper});
  }
  if (!claim.slopes.empty()) slopes = claim.slopes;
  const auto squares = [&](std::size_t k) {
    long double sum = 0.0L;
    for (const auto& row : stage_matrix(network, k)) {
      for (const Rational& x : row)
        sum += static_cast<long double>(x.get_d()) * static_cast<long double>(x.get_d());
    }
    return sum;
  };
  long double rows = 0.0L;
  for (const auto& row : claim.rows) {
    for (const double x : row) rows += static_cast<long double>(x) * static_cast<long double>(x);
  }
  constexpr long double floor = 1e-6L;
  Multipliers result;
  const long double zeta = std::exp(random.normal());
  result.zeta = real(zeta);
  long double owed = 1.01L * rows * squares(slopes.size()) / (4.0L * zeta) + floor;
  result.lambda.resize(slopes.size());
  for (std::size_t k = slopes.size(); k-- > 0;) {
    long double cost = 0.0L;
    for (std::size_t i = 0; i < slopes[k].lower.size(); ++i) {
      const long double lower = slopes[k].lower[i];
      const long double upper = slopes[k].upper[i];
      const long double lambda = 2.02L * owed * (1.0L + (spread - 1.0L) * random.uniform());
      result.lambda[k].push_back(real(lambda));
      cost =
          std::max(cost, lower == upper
                             ? owed * lower * lower
                             : lambda * ((lower + upper) * (lower + upper) / 2.0L + std::abs(lower * upper)));
    }
    owed = 1.01L * cost * squares(k) + floor;
  }
  std::size_t gammas = claim.norm == InputNorm::l2 ? 1 : static_cast<std::size_t>(network.inputs);
  if (!claim.coordinates.empty()) gammas = claim.coordinates.size();
  for (std::size_t j = 0; j < gammas; ++j)
    result.gamma.push_back(real(owed * (1.0L + (spread - 1.0L) * random.uniform())));
  return result;
}

Case proved_case(Random& random, const Options& options) {
  Case result = random_case(random, options);
  result.proof.multipliers = valid_multipliers(random, result.network, result.proof.claim, 3.0);
  result.proof.claim.bound = least_bound(result.proof.claim.norm, result.proof.multipliers);
  return result;
}

Case in_other_units(Random& random, Case old, int most) {
  std::vector<int> below(at(old.network.inputs), 0);
  std::size_t k = 0;
  std::size_t activations = old.proof.multipliers.lambda.size();
  for (Layer& layer : old.network.layers) {
    auto* dense = std::get_if<Dense>(&layer.op);
    if (dense == nullptr) {
      ++k;
      continue;
    }
    std::vector<int> above(at(dense->rows), 0);
    for (Index i = 0; i < dense->rows; ++i) {
      // v_i is multiplied by 2^a, and lambda by 2^-2a
      if (k < activations) above[at(i)] = static_cast<int>(random.integer(-most, most));
      for (Index j = 0; j < dense->cols; ++j) {
        dense->weight[at(i * dense->cols + j)] =
            std::ldexp(dense->weight[at(i * dense->cols + j)], above[at(i)] - below[at(j)]);
      }
      if (k < activations) old.proof.multipliers.lambda[k][at(i)].exponent -= 2 * above[at(i)];
    }
    below = above;
  }
  return old;
}

void widen_enclosures(Random& random, Network& network) {
  for (Layer& layer : network.layers) {
    auto* scale = std::get_if<Scale>(&layer.op);
    if (scale == nullptr) continue;
    for (std::size_t i = 0; i < scale->lower.size(); ++i) {
      const double width = std::ldexp(std::abs(scale->upper[i]), -static_cast<int>(random.integer(6, 30)));
      if (random.chance(0.5)) {
        scale->lower[i] -= width;
      } else {
        scale->upper[i] += width;
      }
    }
  }
}

std::vector<Real*> all_multipliers(Multipliers& multipliers) {
  std::vector<Real*> result{&multipliers.zeta};
  for (Real& gamma : multipliers.gamma) result.push_back(&gamma);
  for (auto& layer : multipliers.lambda) {
    for (Real& lambda : layer) result.push_back(&lambda);
  }
  return result;
}

}  // namespace geolip::checker::test
