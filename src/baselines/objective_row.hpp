/// \file
/// Objectives as rows over the outputs.
#pragma once

#include <geolip/query.hpp>

#include <Eigen/Core>

namespace geolip::baselines {

/// Throws QueryError unless the objective can be asked of a network with `outputs` outputs in this norm.
void check_objective(const Objective& objective, Norm norm, Index outputs);

/// The row u of a scalar objective <u, f>, one entry an output.
Eigen::VectorXd objective_row(const Objective& objective, Index outputs);

/// The dual norm of g: 1-norm for linf, 2-norm for l2, largest entry for l1. Plain arithmetic, not directed.
double dual_norm(const Eigen::Ref<const Eigen::VectorXd>& g, Norm norm);

}  // namespace geolip::baselines
