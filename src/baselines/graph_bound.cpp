#include <baselines/graph_bound.hpp>

#include <geolip/error.hpp>
#include <network/at.hpp>
#include <network/entries.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <baselines/scaled.hpp>

namespace geolip::baselines {
namespace {

using Vector = std::vector<double>;

double add_up(double a, double b) { return a == 0.0 ? b : (b == 0.0 ? a : up(a + b)); }

void add_to(double& sum, double a, double b) { sum = add_up(sum, multiply_up(a, b)); }

/// The largest slope of every neuron, activation by activation.
std::vector<Vector> largest_slopes(const Network& network, const SlopeOverride* slopes) {
  std::vector<Vector> all;
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    const auto* activation = std::get_if<Activation>(&network.layers()[l].op);
    if (activation == nullptr) continue;
    const Index neurons = network.size(static_cast<Index>(l + 1));
    const std::size_t k = all.size();
    if (slopes != nullptr &&
        (k >= slopes->layers.size() || static_cast<Index>(slopes->layers[k].size()) != neurons)) {
      throw QueryError("slopes: they do not fit activation layer " + std::to_string(k) + ", which has " +
                       std::to_string(neurons) + " neurons");
    }
    Vector& largest = all.emplace_back();
    for (Index i = 0; i < neurons; ++i) {
      const SlopeInterval s = slopes != nullptr ? at(slopes->layers[k], i) : slope_interval(*activation, i);
      if (!(std::isfinite(s.lower) && std::isfinite(s.upper) && s.lower <= s.upper)) {
        throw QueryError("slopes: activation layer " + std::to_string(k) +
                         " has an interval that is empty or not finite");
      }
      largest.push_back(std::max(std::abs(s.lower), std::abs(s.upper)));
    }
  }
  if (slopes != nullptr && slopes->layers.size() != all.size()) {
    throw QueryError("slopes: they are given for " + std::to_string(slopes->layers.size()) +
                     " activation layers but the network has " + std::to_string(all.size()));
  }
  return all;
}

/// Calls visit(i, j, |w|) for the entries of a layer that reads one tensor and is no activation.
template <class Visit>
struct VisitEntries {
  const Visit& visit;

  void operator()(const Dense& dense) const {
    for (Index i = 0; i < dense.weight.rows; ++i) {
      for (Index j = 0; j < dense.weight.cols; ++j) visit(i, j, std::abs(dense.weight(i, j)));
    }
  }
  void operator()(const Affine& affine) const {
    for (std::size_t i = 0; i < affine.scale.size(); ++i)
      visit(static_cast<Index>(i), static_cast<Index>(i), std::abs(affine.scale[i]));
  }
  void operator()(const Permutation& permutation) const {
    for (std::size_t i = 0; i < permutation.source.size(); ++i)
      visit(static_cast<Index>(i), permutation.source[i], 1.0);
  }
  void operator()(const Activation&) const {}
  void operator()(const Add&) const {}
  void operator()(const Concat&) const {}
  template <class Op>
  void operator()(const Op& op) const {
    network::for_each_entry(op, [&](Index i, Index j, double w) { visit(i, j, std::abs(w)); });
  }
};

template <class Visit>
void for_each_size(const Layer& layer, const Visit& visit) {
  std::visit(VisitEntries<Visit>{visit}, layer.op);
}

double norm_of(const Layer& layer, Index rows, Index cols, Norm norm) {
  Vector row(static_cast<std::size_t>(rows), 0.0);
  Vector column(static_cast<std::size_t>(cols), 0.0);
  for_each_size(layer, [&](Index i, Index j, double w) {
    at(row, i) = add_up(at(row, i), w);
    at(column, j) = add_up(at(column, j), w);
  });
  const double by_rows = *std::max_element(row.begin(), row.end());
  const double by_columns = *std::max_element(column.begin(), column.end());
  switch (norm) {
    case Norm::linf:
      return by_rows;
    case Norm::l1:
      return by_columns;
    case Norm::l2:
      return multiply_up(up(std::sqrt(by_rows)), up(std::sqrt(by_columns)));
  }
  return std::numeric_limits<double>::infinity();
}

double coefficient(const Add& add, std::size_t k) {
  return add.coefficients.empty() ? 1.0 : std::abs(add.coefficients[k]);
}

/// How the bounds of the parts of a Concat go together.
double joined(const Vector& parts, Norm norm) {
  double result = 0.0;
  for (const double part : parts) {
    if (norm == Norm::linf) result = std::max(result, part);
    if (norm == Norm::l1) result = add_up(result, part);
    if (norm == Norm::l2) add_to(result, part, part);
  }
  return norm == Norm::l2 ? up(std::sqrt(result)) : result;
}

double dual_norm_up(const Vector& g, Norm norm) {
  switch (norm) {
    case Norm::linf:
      return joined(g, Norm::l1);
    case Norm::l1:
      return joined(g, Norm::linf);
    case Norm::l2:
      return joined(g, Norm::l2);
  }
  return std::numeric_limits<double>::infinity();
}

/// |u| times the absolute values of all layers.
Vector absolute_gradient(const Network& network, const std::vector<Vector>& slopes, const Vector& u) {
  std::vector<Vector> g;
  for (std::size_t t = 0; t <= network.layers().size(); ++t)
    g.emplace_back(static_cast<std::size_t>(network.size(static_cast<Index>(t))), 0.0);
  std::transform(u.begin(), u.end(), g.back().begin(), [](double x) { return std::abs(x); });
  std::size_t activation = slopes.size();
  for (std::size_t l = network.layers().size(); l-- > 0;) {
    const std::vector<Index>& reads = network.read_by(static_cast<Index>(l));
    const Layer& layer = network.layers()[l];
    const Vector& from = g[l + 1];
    Vector& to = at(g, reads.front());
    if (std::holds_alternative<Activation>(layer.op)) {
      --activation;
      for (std::size_t i = 0; i < from.size(); ++i) add_to(to[i], from[i], slopes[activation][i]);
    } else if (const auto* add = std::get_if<Add>(&layer.op)) {
      for (std::size_t k = 0; k < reads.size(); ++k) {
        Vector& part = at(g, reads[k]);
        for (std::size_t i = 0; i < from.size(); ++i) add_to(part[i], from[i], coefficient(*add, k));
      }
    } else if (std::holds_alternative<Concat>(layer.op)) {
      std::size_t first = 0;
      for (const Index t : reads) {
        Vector& part = at(g, t);
        for (std::size_t i = 0; i < part.size(); ++i) part[i] = add_up(part[i], from[first + i]);
        first += part.size();
      }
    } else {
      for_each_size(layer, [&](Index i, Index j, double w) { add_to(at(to, j), at(from, i), w); });
    }
  }
  return g.front();
}

double finite_or_infinity(double x) { return std::isnan(x) ? std::numeric_limits<double>::infinity() : x; }

}  // namespace

bool is_plain(const Network& network) {
  return network.is_chain() &&
         std::all_of(network.layers().begin(), network.layers().end(), [](const Layer& l) {
           return std::holds_alternative<Dense>(l.op) || std::holds_alternative<Affine>(l.op) ||
                  std::holds_alternative<Permutation>(l.op) || std::holds_alternative<Activation>(l.op);
         });
}

double operator_bound(const Network& network, Norm norm, const SlopeOverride* slopes) {
  const std::vector<Vector> largest = largest_slopes(network, slopes);
  Vector bound{1.0};
  std::size_t activation = 0;
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    const std::vector<Index>& reads = network.read_by(static_cast<Index>(l));
    const Layer& layer = network.layers()[l];
    Vector parts;
    for (const Index t : reads) parts.push_back(at(bound, t));
    if (std::holds_alternative<Activation>(layer.op)) {
      const Vector& s = largest[activation++];
      bound.push_back(multiply_up(parts.front(), *std::max_element(s.begin(), s.end())));
    } else if (const auto* add = std::get_if<Add>(&layer.op)) {
      double sum = 0.0;
      for (std::size_t k = 0; k < parts.size(); ++k) add_to(sum, parts[k], coefficient(*add, k));
      bound.push_back(sum);
    } else if (std::holds_alternative<Concat>(layer.op)) {
      bound.push_back(joined(parts, norm));
    } else {
      bound.push_back(multiply_up(parts.front(), norm_of(layer, network.size(static_cast<Index>(l + 1)),
                                                         network.size(reads.front()), norm)));
    }
  }
  return finite_or_infinity(bound.back());
}

std::vector<double> scalar_graph_bounds(const Network& network, Norm norm, const SlopeOverride* slopes,
                                        std::span<const problem::Row> objectives) {
  const std::vector<Vector> largest = largest_slopes(network, slopes);
  const double whole = operator_bound(network, norm, slopes);
  std::vector<double> bounds;
  for (const problem::Row& row : objectives) {
    Vector u = row.dense();
    for (double& entry : u) entry = std::abs(entry);
    const double by_norms = multiply_up(dual_norm_up(u, norm), whole);
    const double by_sizes = dual_norm_up(absolute_gradient(network, largest, u), norm);
    bounds.push_back(std::min(finite_or_infinity(by_norms), finite_or_infinity(by_sizes)));
  }
  return bounds;
}

}  // namespace geolip::baselines
