#include <ascent/footprint.hpp>
#include <ascent/patterns.hpp>

#include <algorithm>
#include <numeric>
#include <type_traits>

namespace geolip::ascent {
namespace {

// States with more columns are as many times larger than one of so many: their memory is taken column by column, and
// by then nothing else in it counts.
constexpr Index most_columns = Index{1} << 14;

/// Entries of the dense layers' weights.
double dense_entries(const problem::Chain& chain) {
  double entries = 0.0;
  for (const problem::Stage& stage : chain.stages) {
    for (const problem::Step& step : stage.steps) {
      if (const auto* dense = std::get_if<Dense>(&step.layer->op))
        entries += static_cast<double>(dense->weight.data.size());
    }
  }
  return entries;
}

}  // namespace

problem::Scaling some_scaling(const problem::Chain& chain) {
  problem::Scaling scaling = problem::unit_scaling(chain);
  int exponent = 0;
  for (std::vector<int>& tensor : scaling.tensors) {
    std::fill(tensor.begin(), tensor.end(), exponent + 1);
    exponent = (exponent + 1) % 3;
  }
  scaling.output = 5;
  return scaling;
}

Footprint::Footprint(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes, Norm norm,
                     bool on_host)
    : chain_(chain),
      slopes_(slopes),
      scaling_(some_scaling(chain)),
      norm_(norm),
      on_host_(on_host),
      backend_(backend::make_counting_backend(on_host, counts_)),
      weights_(std::make_shared<operators::DenseWeights>(Place::device)),
      exact_(*backend_, chain, slopes, scaling_, weights_),
      exact_bytes_(counts_.bytes),
      fast_(*backend_, chain, slopes, scaling_, weights_),
      fast_bytes_(counts_.bytes - exact_bytes_),
      of_a_problem_() {
  const Peaks two = peaks(2, 1);
  const Peaks one = peaks(1, 2);
  of_a_problem_ = {two.sweeps - one.sweeps, two.patterns - one.patterns};
}

std::size_t Footprint::settled() {
  exact_.maps.front().release_memory();
  fast_.maps.front().release_memory();
  return counts_.bytes;
}

template <class Make>
std::size_t Footprint::held(const Make& make) {
  const std::size_t before = settled();
  const auto made = make();
  return settled() - before;
}

template <class T>
Model<T>& Footprint::model() {
  if constexpr (std::is_same_v<T, double>) {
    return exact_;
  } else {
    return fast_;
  }
}

problem::Problem Footprint::problem() const {
  problem::Problem problem;
  problem.ball = {norm_, norm_ == Norm::l1 ? std::vector<Index>{0} : std::vector<Index>{}};
  problem.row = problem::Row::unit(0, chain_.stages.back().outputs);
  return problem;
}

double Footprint::models(Place place) {
  auto exact = static_cast<double>(exact_bytes_);
  auto fast = static_cast<double>(fast_bytes_);
  if (on_host_) exact += static_cast<double>(sizeof(double)) * dense_entries(chain_);
  if (place == Place::host) {
    const auto passing = static_cast<double>(held([&] {
      return Model<double>(*backend_, chain_, slopes_, scaling_,
                           std::make_shared<operators::DenseWeights>(place));
    }));
    // Numbers of half the size save half as much. They are not counted themselves: that would round all weights.
    fast -= (exact - passing) * sizeof(float) / sizeof(double);
    exact = passing;
  }
  return exact + fast;
}

double Footprint::maps_of_a_queue(Place place) {
  return static_cast<double>(held([&] {
    return operators::make_linear_maps<double>(
        *backend_, chain_, scaling_,
        place == Place::device ? weights_ : std::make_shared<operators::DenseWeights>(place));
  }));
}

Footprint::Peaks Footprint::peaks(Index problems, Index rank) {
  const std::size_t before = settled();
  const auto restart = [&] { counts_.peak_bytes = settled(); };
  const auto peak = [&] { return static_cast<double>(counts_.peak_bytes - before); };
  std::vector<Index> ids(static_cast<std::size_t>(problems));
  std::iota(ids.begin(), ids.end(), Index{0});
  const std::vector<problem::Problem> all(ids.size(), problem());
  restart();
  Ascent<double> ascent(exact_, all, ids, rank, 0);
  ascent.sweep();
  ascent.values64(exact_, ids);
  const double sweeps = peak();
  restart();
  Pattern pattern;
  for (const problem::LayerSlopes& layer : slopes_)
    pattern.emplace_back(static_cast<std::size_t>(layer.neurons), 0.0);
  pattern_values(exact_, all, std::vector<Pattern>(all.size(), pattern));
  return {sweeps, peak()};
}

double Footprint::state(Index problems, Index columns) {
  const Index counted = std::min(columns, most_columns);
  const Peaks one = peaks(1, counted);
  const double larger = static_cast<double>(columns) / static_cast<double>(counted);
  const auto others = static_cast<double>(problems - 1);
  return std::max(larger * one.sweeps + others * of_a_problem_.sweeps,
                  larger * one.patterns + others * of_a_problem_.patterns);
}

template <class T>
double Footprint::start_share() {
  const auto state = [&](Index rank) { return Ascent<T>(model<T>(), {problem()}, {0}, rank, 0); };
  Ascent<T> source = state(1);
  const auto starts = [&](Index count) { return Ascent<T>::rounded(source, {0}, count, 0); };
  const auto column = static_cast<double>(held([&] { return state(2); }) - held([&] { return state(1); }));
  const auto start = static_cast<double>(held([&] { return starts(2); }) - held([&] { return starts(1); }));
  return std::min(1.0, column / start);
}

template double Footprint::start_share<float>();
template double Footprint::start_share<double>();

}  // namespace geolip::ascent
