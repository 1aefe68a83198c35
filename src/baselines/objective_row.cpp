#include "baselines/objective_row.hpp"

#include <geolip/error.hpp>

#include <cmath>

namespace geolip::baselines {
namespace {

void check_index(Index k, Index outputs) {
  if (k < 0 || k >= outputs) {
    throw QueryError("outputs: output " + std::to_string(k) +
                     " does not exist, the network's outputs are 0 to " + std::to_string(outputs - 1));
  }
}

}  // namespace

void check_objective(const Objective& objective, Norm norm, Index outputs) {
  switch (objective.kind) {
    case Objective::Kind::output:
      check_index(objective.k, outputs);
      return;
    case Objective::Kind::margin:
      check_index(objective.k, outputs);
      check_index(objective.j, outputs);
      return;
    case Objective::Kind::row:
      if (static_cast<Index>(objective.row.size()) != outputs) {
        throw QueryError("outputs: the row has " + std::to_string(objective.row.size()) +
                         " entries but the network has " + std::to_string(outputs) + " outputs");
      }
      for (const double x : objective.row) {
        if (!std::isfinite(x)) throw QueryError("outputs: the row has an entry that is not finite");
      }
      return;
    case Objective::Kind::vector:
      if (norm == Norm::l1) {
        throw QueryError("outputs: 'vector' can be asked in the norms l2 and linf but not in l1");
      }
      return;
  }
}

Eigen::VectorXd objective_row(const Objective& objective, Index outputs) {
  if (objective.kind == Objective::Kind::row) {
    return Eigen::Map<const Eigen::VectorXd>(objective.row.data(), outputs);
  }
  Eigen::VectorXd u = Eigen::VectorXd::Zero(outputs);
  u(objective.k) = 1.0;
  // Of a difference of an output with itself nothing is left.
  if (objective.kind == Objective::Kind::margin) u(objective.j) -= 1.0;
  return u;
}

double dual_norm(const Eigen::Ref<const Eigen::VectorXd>& g, Norm norm) {
  switch (norm) {
    case Norm::linf:
      return g.lpNorm<1>();
    case Norm::l2:
      return g.stableNorm();
    case Norm::l1:
      return g.lpNorm<Eigen::Infinity>();
  }
  return 0.0;
}

}  // namespace geolip::baselines
