/// \file
/// Cholesky's method on a matrix in blocks.
#pragma once

#include "checker/form.hpp"
#include "checker/pattern.hpp"

#include <optional>

namespace geolip::checker {

/// Runs Cholesky's method on A, whose place the factor takes. The position of the block whose pivot was not
/// positive, or nothing if the method ran to completion. For l_1 (Blocks::inputs_apart) the last block's rows
/// are matrices of their own, that share all others.
std::optional<Index> breakdown(const Pattern& pattern, BlockMatrix& a, int threads);

}  // namespace geolip::checker
