#include <ascent/patterns.hpp>
#include <network/at.hpp>

#include <algorithm>
#include <numeric>

namespace geolip::ascent {
namespace {

using ascent::Ascent;
using ascent::Model;
using ascent::Release;

// Sweeps of a whole wave, then of the few starts of each problem that lead it.
constexpr Index first_sweeps = 4;
constexpr Index last_sweeps = 24;
constexpr Index finalists = 2;
// So few neurons have few patterns, and a relaxation whose point is one pattern for all directions: one start in so
// many is taken from it, and the others are random.
constexpr Index few_neurons = 32;
constexpr Index source_share = 4;
// A slope that is changed for less than this is changed for rounding.
constexpr double least_improvement = 1e-10;

/// A neuron whose slopes are no point.
struct Neuron {
  std::size_t layer;
  Index row;
};

/// The best pattern known of a problem.
struct Best {
  Pattern pattern;
  double value = 0.0;
};

std::vector<Neuron> free_neurons(const std::vector<problem::LayerSlopes>& slopes, Index set) {
  std::vector<Neuron> neurons;
  for (std::size_t k = 0; k < slopes.size(); ++k) {
    for (Index i = 0; i < slopes[k].neurons; ++i) {
      if (slopes[k].half_width(i, set) > 0.0) neurons.push_back({k, i});
    }
  }
  return neurons;
}

/// For each problem the positions of its `count` best starts, best first. Starts of one problem stand
/// together.
std::vector<std::vector<Index>> leaders(const std::vector<double>& values, Index starts, Index count) {
  std::vector<std::vector<Index>> best;
  for (Index first = 0; first < static_cast<Index>(values.size()); first += starts) {
    std::vector<Index> order(static_cast<std::size_t>(starts));
    std::iota(order.begin(), order.end(), first);
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return at(values, a) > at(values, b); });
    order.resize(static_cast<std::size_t>(std::min(count, starts)));
    best.push_back(std::move(order));
  }
  return best;
}

std::vector<Index> flatten(const std::vector<std::vector<Index>>& lists) {
  std::vector<Index> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

/// Random starts of rank one, as many for each problem.
template <class T>
Ascent<T> random_starts(Model<T>& model, const Ascent<T>& source, const std::vector<Index>& which,
                        Index starts, std::uint64_t seed) {
  std::vector<problem::Problem> problems;
  std::vector<Index> ids;
  for (const Index b : which) {
    for (Index k = 0; k < starts; ++k) {
      problems.push_back(source.problem(b));
      ids.push_back(source.id(b) * starts + k);
    }
  }
  return Ascent<T>(model, problems, ids, 1, seed);
}

/// One wave of starts, as many for each problem. Plain sweeps of rank one change signs until none improves.
template <class T>
std::vector<Best> wave(Model<T>& model, Model<double>& exact, const std::vector<problem::LayerSlopes>& slopes,
                       Ascent<T> all, Index starts, std::uint64_t seed) {
  const Index finals = std::min(finalists, starts);
  for (Index i = 0; i < first_sweeps; ++i) all.sweep();
  const std::vector<Index> keep = flatten(leaders(all.values(), starts, finals));
  Ascent<T> chosen(model, all, keep, std::vector<Index>(keep.size(), 1), seed, Release::yes);
  std::vector<double> before(keep.size(), 0.0);
  for (Index i = 0; i < last_sweeps; ++i) {
    chosen.sweep();
    const std::vector<double> now = chosen.values();
    const bool still = std::equal(now.begin(), now.end(), before.begin(),
                                  [](double a, double b) { return a <= b * (1.0 + 1e-7); });
    if (still && i > 0) break;
    before = now;
  }
  chosen.forward();
  const std::vector<Index> winners = flatten(leaders(chosen.values(), finals, 1));
  std::vector<problem::Problem> problems;
  for (const Index b : winners) problems.push_back(chosen.problem(b));
  std::vector<Pattern> patterns = chosen.patterns(winners, slopes);
  const std::vector<double> values = pattern_values(exact, problems, patterns);
  std::vector<Best> best;
  for (std::size_t b = 0; b < values.size(); ++b) best.push_back({std::move(patterns[b]), values[b]});
  return best;
}

/// Changes single slopes of a pattern for as long as that makes it better. Where sweeps end, no layer has better signs
/// for the input that there is; but another input may suit a neighbour of the pattern.
void improve(Model<double>& exact, const std::vector<problem::LayerSlopes>& slopes,
             const problem::Problem& problem, const Search& search, Best& best) {
  const Index set = problem.slope_set;
  const std::vector<Neuron> neurons = free_neurons(slopes, set);
  const auto count = static_cast<Index>(neurons.size());
  const double each = pattern_passes(problem);
  double left = search.passes;
  Index next = 0;
  Index since = 0;  // neurons in a row whose other slope is no better
  while (since < count && left >= each * static_cast<double>(count) && !(search.stop && search.stop())) {
    const Index some = std::min(search.wave, count - since);
    std::vector<Pattern> patterns(static_cast<std::size_t>(some), best.pattern);
    for (Index j = 0; j < some; ++j) {
      const Neuron& neuron = at(neurons, (next + j) % count);
      double& slope = at(at(patterns, j)[neuron.layer], neuron.row);
      const double c = slopes[neuron.layer].centre(neuron.row, set);
      const double h = slopes[neuron.layer].half_width(neuron.row, set);
      slope = slope == c + h ? c - h : c + h;
    }
    const std::vector<problem::Problem> problems(patterns.size(), problem);
    const std::vector<double> values = pattern_values(exact, problems, patterns);
    left -= each * static_cast<double>(some);
    next = (next + some) % count;
    since += some;
    const auto largest = std::max_element(values.begin(), values.end());
    if (!(*largest > best.value * (1.0 + least_improvement))) continue;
    best = {std::move(patterns[static_cast<std::size_t>(largest - values.begin())]), *largest};
    since = 0;
  }
}

}  // namespace

template <class T>
std::vector<double> lower_bounds(Model<T>& model, Model<double>& exact,
                                 const std::vector<problem::LayerSlopes>& slopes, Ascent<T>& source,
                                 const std::vector<Index>& which, const Search& search) {
  Index neurons = 0;
  for (const problem::LayerSlopes& layer : slopes) neurons += layer.neurons;
  const bool few = neurons <= few_neurons;
  const Index from_source = few ? std::max<Index>(1, search.starts / source_share) : search.starts;
  std::vector<Best> best(which.size());
  Index starts = 0;
  for (Index done = 0; done < search.starts; done += starts) {
    if (done > 0 && search.stop && search.stop()) break;
    const bool random = done >= from_source;
    starts = std::min(search.wave, (random ? search.starts : from_source) - done);
    const auto seed = search.seed + static_cast<std::uint64_t>(done);
    std::vector<Best> found = wave(model, exact, slopes,
                                   random ? random_starts(model, source, which, starts, seed)
                                          : Ascent<T>::rounded(source, which, starts, seed),
                                   starts, seed);
    for (std::size_t b = 0; b < best.size(); ++b) {
      if (found[b].value > best[b].value) best[b] = std::move(found[b]);
    }
  }
  std::vector<double> values;
  for (std::size_t b = 0; b < best.size(); ++b) {
    if (best[b].value > 0.0) improve(exact, slopes, source.problem(which[b]), search, best[b]);
    values.push_back(best[b].value);
  }
  return values;
}

template std::vector<double> lower_bounds(Model<float>&, Model<double>&,
                                          const std::vector<problem::LayerSlopes>&, Ascent<float>&,
                                          const std::vector<Index>&, const Search&);
template std::vector<double> lower_bounds(Model<double>&, Model<double>&,
                                          const std::vector<problem::LayerSlopes>&, Ascent<double>&,
                                          const std::vector<Index>&, const Search&);

}  // namespace geolip::ascent
