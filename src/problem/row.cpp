#include <network/at.hpp>
#include <problem/row.hpp>

#include <geolip/error.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::problem {
namespace {

void check_index(Index k, Index outputs) {
  if (k < 0 || k >= outputs) {
    throw QueryError("objective: output " + std::to_string(k) +
                     " does not exist, the network's outputs are 0 to " + std::to_string(outputs - 1));
  }
}

}  // namespace

Row::Row(const std::vector<double>& coefficients) : outputs(static_cast<Index>(coefficients.size())) {
  for (Index i = 0; i < outputs; ++i) {
    const double u = at(coefficients, i);
    if (u == 0.0) continue;
    index.push_back(i);
    value.push_back(u);
  }
}

Row Row::unit(Index k, Index outputs) {
  Row row;
  row.outputs = outputs;
  row.index = {k};
  row.value = {1.0};
  return row;
}

std::vector<double> Row::dense() const {
  std::vector<double> all(static_cast<std::size_t>(outputs), 0.0);
  for (std::size_t i = 0; i < index.size(); ++i) at(all, index[i]) = value[i];
  return all;
}

bool Row::has_units() const {
  return std::all_of(value.begin(), value.end(), [](double u) { return std::abs(u) == 1.0; });
}

double Row::largest() const {
  double most = 0.0;
  for (const double u : value) most = std::max(most, std::abs(u));
  return most;
}

void Row::scale(int exponent) {
  for (double& u : value) u = std::ldexp(u, exponent);
}

void check_objective(const Objective& objective, Norm norm, Index outputs) {
  switch (objective.kind) {
    case Objective::Kind::output:
      check_index(objective.k, outputs);
      return;
    case Objective::Kind::margin:
      check_index(objective.k, outputs);
      check_index(objective.j, outputs);
      if (objective.k == objective.j) throw QueryError("objective: a margin needs two different outputs");
      return;
    case Objective::Kind::row:
      if (static_cast<Index>(objective.row.size()) != outputs) {
        throw QueryError("objective: the row has " + std::to_string(objective.row.size()) +
                         " entries but the network has " + std::to_string(outputs) + " outputs");
      }
      if (!std::all_of(objective.row.begin(), objective.row.end(), [](double u) { return std::isfinite(u); }))
        throw QueryError("objective: the row has an entry that is not finite");
      return;
    case Objective::Kind::vector:
      if (norm == Norm::l1) {
        throw QueryError("objective: 'vector' is defined for l2 and linf, not for " +
                         std::string(to_string(norm)));
      }
      return;
  }
}

Row objective_row(const Objective& objective, Index outputs) {
  Row row;
  switch (objective.kind) {
    case Objective::Kind::output:
      return Row::unit(objective.k, outputs);
    case Objective::Kind::margin:
      row.outputs = outputs;
      row.index = {std::min(objective.k, objective.j), std::max(objective.k, objective.j)};
      row.value = {row.index.front() == objective.k ? 1.0 : -1.0,
                   row.index.back() == objective.k ? 1.0 : -1.0};
      return row;
    case Objective::Kind::row:
      return Row(objective.row);
    case Objective::Kind::vector:
      break;
  }
  return row;
}

}  // namespace geolip::problem
