#include <geolip/baselines.hpp>
#include <network/at.hpp>
#include <problem/dual_norm.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include <baselines/graph_bound.hpp>
#include <baselines/last_rows.hpp>
#include <baselines/linear_maps.hpp>
#include <baselines/scaled.hpp>
#include <baselines/spectral_norm.hpp>

namespace geolip {
namespace {

using baselines::map_roundings;
using baselines::Scaled;
using baselines::ScaledMatrix;
using problem::Row;

// Rows that are taken back through the network together, and the entries that they may have.
constexpr Index most_rows = 256;
constexpr Index most_entries = Index{1} << 22;

/// Operator norm of a map from l_p to l_p, rounded up.
Scaled operator_norm(ScaledMatrix map, Norm norm) {
  const std::int64_t exponent = baselines::to_one_exponent(map);
  const Eigen::MatrixXd& m = map.values;
  switch (norm) {
    case Norm::linf:
      return {baselines::inflate(m.cwiseAbs().rowwise().sum().maxCoeff(),
                                 2.0 * static_cast<double>(m.cols()) + map_roundings),
              exponent};
    case Norm::l1:
      return {baselines::inflate(m.cwiseAbs().colwise().sum().maxCoeff(),
                                 2.0 * static_cast<double>(m.rows()) + map_roundings),
              exponent};
    case Norm::l2:
      return {baselines::spectral_norm_up(m, map_roundings), exponent};
  }
  return {std::numeric_limits<double>::infinity(), 0};
}

/// The product of the operator norms of all maps.
Scaled norm_product(const std::vector<ScaledMatrix>& maps, Norm norm) {
  Scaled product;
  for (const ScaledMatrix& map : maps) {
    product = baselines::multiply_up(product, operator_norm(map, norm));
  }
  return product;
}

/// rows <- rows |map|, rounded up.
void multiply_absolute(ScaledMatrix& rows, const ScaledMatrix& map) {
  baselines::meet(rows, map);
  rows.values = rows.values * map.values.cwiseAbs();
  rows.values *=
      1.0 + 2.0 * (static_cast<double>(map.values.rows()) + map_roundings + 2.0) * baselines::unit_roundoff;
}

/// The dual norms of the rows, rounded up.
std::vector<Scaled> dual_norms_up(ScaledMatrix rows, Norm norm) {
  baselines::absorb_columns(rows);
  const auto n = static_cast<double>(rows.values.cols());
  std::vector<Scaled> norms;
  for (Eigen::Index i = 0; i < rows.values.rows(); ++i) {
    const double norm_of_row = problem::dual_norm(rows.values.row(i), norm);
    norms.push_back({baselines::inflate(norm_of_row, 4.0 * n + 16.0), at(rows.rows, i)});
  }
  return norms;
}

/// The smaller of two bounds, as a double.
double smaller(const Scaled& a, const Scaled& b) {
  return std::min(baselines::to_double_up(a), baselines::to_double_up(b));
}

/// The bounds of scalar objectives that share their slopes.
std::vector<double> scalar_bounds(const Network& network, Norm norm, const SlopeOverride* slopes,
                                  std::span<const Row> objectives) {
  if (!baselines::is_plain(network)) {
    return baselines::scalar_graph_bounds(network, norm, slopes, objectives);
  }
  const std::size_t linear_from = baselines::layers_to_last_activation(network);
  const std::vector<ScaledMatrix> maps = baselines::linear_maps(network, linear_from, slopes);
  const Scaled product = norm_product(maps, norm);

  const Index width = network.size(static_cast<Index>(linear_from));
  const auto at_once = static_cast<std::size_t>(std::clamp<Index>(most_entries / width, 1, most_rows));
  std::vector<double> bounds;
  for (std::size_t first = 0; first < objectives.size(); first += at_once) {
    const auto some = objectives.subspan(first, std::min(at_once, objectives.size() - first));
    ScaledMatrix rows = baselines::last_rows(network, linear_from, some);
    const std::vector<Scaled> last = dual_norms_up(rows, norm);
    for (auto map = maps.rbegin(); map != maps.rend(); ++map) multiply_absolute(rows, *map);
    const std::vector<Scaled> by_sizes = dual_norms_up(std::move(rows), norm);
    for (std::size_t i = 0; i < last.size(); ++i)
      bounds.push_back(smaller(baselines::multiply_up(last[i], product), by_sizes[i]));
  }
  return bounds;
}

/// The bound of the spectral norm of the whole Jacobian.
double vector_l2_bound(const Network& network, const SlopeOverride* slopes) {
  if (!baselines::is_plain(network)) return baselines::operator_bound(network, Norm::l2, slopes);
  const std::vector<ScaledMatrix> maps = baselines::linear_maps(network, network.layers().size(), slopes);
  if (maps.empty()) return 1.0;
  ScaledMatrix rows = maps.back();
  rows.values = (1.0 + 2.0 * map_roundings * baselines::unit_roundoff) * rows.values.cwiseAbs();
  for (auto map = std::next(maps.rbegin()); map != maps.rend(); ++map) multiply_absolute(rows, *map);
  return smaller(norm_product(maps, Norm::l2), operator_norm(std::move(rows), Norm::l2));
}

/// The bound of the whole Jacobian from l_inf to l_inf: the largest of all outputs'.
double vector_linf_bound(const Network& network, const SlopeOverride* slopes) {
  std::vector<Row> rows;
  for (Index k = 0; k < network.outputs(); ++k) rows.push_back(Row::unit(k, network.outputs()));
  const std::vector<double> bounds = scalar_bounds(network, Norm::linf, slopes, rows);
  return *std::max_element(bounds.begin(), bounds.end());
}

double vector_bound(const Network& network, Norm norm, const SlopeOverride* slopes) {
  return norm == Norm::l2 ? vector_l2_bound(network, slopes) : vector_linf_bound(network, slopes);
}

}  // namespace

std::vector<double> product_bounds(const Network& network, Norm norm,
                                   const std::vector<Objective>& objectives) {
  for (const Objective& objective : objectives) {
    problem::check_objective(objective, norm, network.outputs());
  }
  std::vector<double> bounds(objectives.size());
  std::vector<std::size_t> shared;  // scalar objectives with the network's own slopes
  for (std::size_t b = 0; b < objectives.size(); ++b) {
    const Objective& objective = objectives[b];
    const SlopeOverride* slopes = objective.slopes ? &*objective.slopes : nullptr;
    if (objective.kind == Objective::Kind::vector) {
      bounds[b] = vector_bound(network, norm, slopes);
    } else if (slopes != nullptr) {
      const Row row = problem::objective_row(objective, network.outputs());
      bounds[b] = scalar_bounds(network, norm, slopes, {&row, 1}).front();
    } else {
      shared.push_back(b);
    }
  }
  if (shared.empty()) return bounds;

  std::vector<Row> rows;
  for (const std::size_t b : shared) rows.push_back(problem::objective_row(objectives[b], network.outputs()));
  const std::vector<double> found = scalar_bounds(network, norm, nullptr, rows);
  for (std::size_t i = 0; i < shared.size(); ++i) bounds[shared[i]] = found[i];
  return bounds;
}

double product_bound(const Network& network, Norm norm, const Objective& objective) {
  return product_bounds(network, norm, {objective}).front();
}

}  // namespace geolip
