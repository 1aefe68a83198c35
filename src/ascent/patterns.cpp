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

/// One wave of starts. Plain sweeps of rank one change signs until none improves.
template <class T>
std::vector<double> wave(Model<T>& model, Model<double>& exact,
                         const std::vector<problem::LayerSlopes>& slopes, Ascent<T>& source,
                         const std::vector<Index>& which, Index starts, std::uint64_t seed) {
  const Index finals = std::min(finalists, starts);
  auto all = Ascent<T>::rounded(source, which, starts, seed);
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
  return pattern_values(exact, problems, chosen.patterns(winners, slopes));
}

}  // namespace

template <class T>
std::vector<double> lower_bounds(Model<T>& model, Model<double>& exact,
                                 const std::vector<problem::LayerSlopes>& slopes, Ascent<T>& source,
                                 const std::vector<Index>& which, const Search& search) {
  std::vector<double> best(which.size(), 0.0);
  for (Index done = 0; done < search.starts; done += search.wave) {
    if (done > 0 && search.stop && search.stop()) break;
    const Index starts = std::min(search.wave, search.starts - done);
    const auto seed = search.seed + static_cast<std::uint64_t>(done);
    const std::vector<double> values = wave(model, exact, slopes, source, which, starts, seed);
    for (std::size_t b = 0; b < best.size(); ++b) best[b] = std::max(best[b], values[b]);
  }
  return best;
}

template std::vector<double> lower_bounds(Model<float>&, Model<double>&,
                                          const std::vector<problem::LayerSlopes>&, Ascent<float>&,
                                          const std::vector<Index>&, const Search&);
template std::vector<double> lower_bounds(Model<double>&, Model<double>&,
                                          const std::vector<problem::LayerSlopes>&, Ascent<double>&,
                                          const std::vector<Index>&, const Search&);

}  // namespace geolip::ascent
