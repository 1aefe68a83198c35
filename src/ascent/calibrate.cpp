#include <ascent/calibrate.hpp>
#include <network/at.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace geolip::ascent {
namespace {

using backend::Buffer;

constexpr Index probe_columns = 4;
constexpr Index most_sweeps = 6;
constexpr Index sweep_rank = 2;
// Exponents that a channel's neurons may lie apart and still share one.
constexpr int widest_spread = 8;
// No row's exponent is further from the usual one: a row that much smaller than others hardly matters, and
// powers of two further apart would leave the range.
constexpr int most_spread = 650;

int exponent_of(double size) { return size > 0.0 && std::isfinite(size) ? std::ilogb(size) : 0; }

int middle(std::vector<int> exponents) {
  const auto at = exponents.begin() + static_cast<std::ptrdiff_t>(exponents.size() / 2);
  std::nth_element(exponents.begin(), at, exponents.end());
  return *at;
}

/// Size of each row of stage k's map, applied to unit random numbers in scaled coordinates. The exponents of
/// the result are relative to `shift`.
std::vector<double> probe_rows(backend::Backend& backend, const problem::Chain& chain,
                               problem::Scaling scaling, Index k, int shift,
                               const std::shared_ptr<operators::DenseWeights>& weights) {
  if (k < chain.depth()) {
    std::vector<int>& outputs = at(scaling.tensors, k + 1);
    outputs.assign(outputs.size(), shift);
  } else {
    scaling.output = shift;
  }
  operators::LinearMap<double> map(backend, chain, k, scaling,
                                   std::make_shared<operators::Intermediates<double>>(backend, weights));
  Buffer<double> x(backend, map.inputs(), probe_columns);
  Buffer<double> y(backend, map.outputs(), probe_columns);
  const Buffer<std::int32_t> all(backend, std::vector<std::int32_t>(probe_columns, 1));
  backend.in<double>().clear(x.view());
  backend.in<double>().add_noise(1.0, 1, static_cast<std::uint64_t>(k), all.data(), x.view());
  map.apply(x.view(), y.view());
  const std::vector<double> host = y.download();
  std::vector<double> size(static_cast<std::size_t>(map.outputs()), 0.0);
  for (std::size_t i = 0; i < host.size(); ++i) {
    double& largest = size[i / static_cast<std::size_t>(probe_columns)];
    largest = std::max(largest, std::abs(host[i]));
  }
  return size;
}

/// The neurons of a channel share an exponent, which the convolutions on both sides then have in their
/// weights; not where their sizes lie far apart, as after factors of their own. Rows of size zero take what
/// the others have.
void share_by_channels(const problem::Stage& stage, const std::vector<double>& size,
                       std::vector<int>& exponents) {
  std::size_t begin = 0;
  for (const std::size_t value : stage.targets) {
    const std::size_t end = begin + static_cast<std::size_t>(stage.size(value));
    for (const auto channel = static_cast<std::size_t>(stage.channel_size(value)); begin < end;
         begin += channel) {
      std::vector<int> seen;
      for (std::size_t i = begin; i < begin + channel; ++i) {
        if (size[i] > 0.0) seen.push_back(exponents[i]);
      }
      if (seen.empty()) continue;
      const auto [least, most] = std::minmax_element(seen.begin(), seen.end());
      if (*most - *least > widest_spread) continue;
      const auto first = exponents.begin() + static_cast<std::ptrdiff_t>(begin);
      std::fill_n(first, channel, middle(seen));
    }
  }
}

/// A tensor that passes by keeps its exponents, so that it is only copied.
void copy_exponents(const problem::Chain& chain, Index k, problem::Scaling& scaling) {
  const std::vector<int>& below = at(scaling.tensors, k);
  std::vector<int>& own = at(scaling.tensors, k + 1);
  for (const problem::Block& block : at(chain.layers, k)) {
    if (block.copy_of < 0) continue;
    Index first = 0;
    for (Index b = 0; b < block.copy_of; ++b) first += at(at(chain.stages, k).sources, b);
    std::copy_n(below.begin() + first, block.neurons, own.begin() + block.first);
  }
}

/// First estimate: unit rows.
problem::Scaling probe(backend::Backend& backend, const problem::Chain& chain,
                       const std::shared_ptr<operators::DenseWeights>& weights) {
  problem::Scaling scaling = problem::unit_scaling(chain);
  for (Index k = 0; k <= chain.depth(); ++k) {
    const int shift = middle(at(scaling.tensors, k));
    const std::vector<double> size = probe_rows(backend, chain, scaling, k, shift, weights);
    if (k == chain.depth()) {
      scaling.output = shift - exponent_of(*std::max_element(size.begin(), size.end()));
      break;
    }
    std::vector<int> seen;
    for (const double s : size) {
      if (s > 0.0) seen.push_back(shift - exponent_of(s));
    }
    const int usual = seen.empty() ? shift : middle(seen);
    std::vector<int>& exponents = at(scaling.tensors, k + 1);
    for (std::size_t i = 0; i < size.size(); ++i) {
      const int own = size[i] > 0.0 ? shift - exponent_of(size[i]) : usual;
      exponents[i] = std::clamp(own, usual - most_spread, usual + most_spread);
    }
    share_by_channels(at(chain.stages, k), size, exponents);
    copy_exponents(chain, k, scaling);
  }
  return scaling;
}

}  // namespace

Calibration calibrate(backend::Backend& backend, const problem::Chain& chain,
                      const std::vector<problem::LayerSlopes>& slopes,
                      const std::vector<problem::Problem>& problems, std::uint64_t seed,
                      const std::shared_ptr<operators::DenseWeights>& weights) {
  Calibration result;
  result.scaling = probe(backend, chain, weights);
  result.rows.assign(problems.size(), 0);
  std::vector<problem::Problem> scaled(problems);
  std::vector<Index> ids(problems.size());
  std::iota(ids.begin(), ids.end(), Index{0});
  for (std::size_t b = 0; b < problems.size(); ++b) {
    result.rows[b] = -exponent_of(problems[b].row.largest());
    scaled[b].row.scale(result.rows[b]);
  }

  Model<double> model(backend, chain, slopes, result.scaling, weights);
  Ascent<double> ascent(model, scaled, ids, sweep_rank, seed);
  std::vector<Index> neurons;
  for (Index k = 0; k < chain.depth(); ++k) neurons.push_back(chain.neurons(k));
  for (Index i = 0; i < most_sweeps; ++i) {
    ascent.sweep();
    const std::vector<double> sizes = ascent.layer_sizes(neurons);
    const bool settled =
        std::all_of(sizes.begin(), sizes.end(), [](double size) { return exponent_of(size) == 0; });
    if (settled && i > 0) break;
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      for (int& e : result.scaling.tensors[k + 1]) e -= exponent_of(sizes[k]);
      copy_exponents(chain, static_cast<Index>(k), result.scaling);
    }
    // What the layers' sizes were multiplied by, the output is divided by.
    if (!sizes.empty()) result.scaling.output -= exponent_of(sizes.back());
    // The unit vectors stay as they are: only the maps change.
    model.maps = operators::make_linear_maps<double>(backend, chain, result.scaling, weights);
    ascent.forget_sweeps();
  }
  ascent.forward();
  const std::vector<double> values = ascent.values();
  // A vector objective can be scaled through the output alone; a row takes what then remains.
  int output = 0;
  for (std::size_t b = problems.size(); b-- > 0;) {
    if (problems[b].vector) output = exponent_of(std::sqrt(values[b]));
  }
  result.scaling.output -= output;
  for (std::size_t b = 0; b < problems.size(); ++b) {
    if (!problems[b].vector) result.rows[b] -= exponent_of(values[b]) - output;
  }
  return result;
}

}  // namespace geolip::ascent
