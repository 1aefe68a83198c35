/// \file
/// An upper bound on the largest eigenvalue of a symmetric matrix.
#pragma once

#include <certificate/form.hpp>

#include <optional>

namespace geolip::certificate {

/// The matrix is the n x n one whose lower triangle stands in workspace.pivot; the form that wrote it is
/// lost. A Lanczos run proposes a value; a Cholesky factorisation of (value I - matrix) must then succeed, so
/// a Ritz value that came out too small only costs another try. Nothing if no value passes.
std::optional<double> largest_eigenvalue_bound(Workspace& workspace, Index n);

}  // namespace geolip::certificate
