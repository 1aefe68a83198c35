/// \file
/// Upper bound on a spectral norm.
#pragma once

#include <Eigen/Core>
#include <optional>

namespace geolip::baselines {

/// Largest eigenvalue, as computed, of b b' or b' b, whichever is smaller; empty if the solver failed. No
/// bound.
std::optional<double> largest_gram_eigenvalue(const Eigen::MatrixXd& b);

/// Whether spectral_norm_up() computes an eigenvalue for a matrix of this shape. Beyond 4096 rows and columns
/// that takes minutes.
bool has_exact_norm(Eigen::Index rows, Eigen::Index cols);

/// An upper bound on the spectral norm of every matrix T with |T - b| <= entry_roundings * unit_roundoff |b|,
/// entry by entry; b is normalised (to_one_exponent()). The largest eigenvalue of the smaller Gram matrix is
/// computed in floating point, and an allowance for all errors added. Where that takes too long, the bound is
/// the smaller of the Frobenius norm and sqrt(|b|_1 |b|_inf).
double spectral_norm_up(const Eigen::MatrixXd& b, double entry_roundings);

}  // namespace geolip::baselines
