/// \file
/// Which coordinates paths of nonzero weights join, where what cancels exactly (exact_terms()) is no path.
#pragma once

#include <problem/chain.hpp>
#include <problem/row.hpp>

#include <vector>

namespace geolip::problem {

using Mask = std::vector<char>;

/// Which coordinates of the stage's output a nonzero coordinate of its input can reach.
Mask through_stage(const Stage& stage, const Mask& mask);
/// The same against the arrows.
Mask back_through_stage(const Stage& stage, const Mask& mask);
/// Which coordinates of its input can reach the product of a row with its output.
Mask back_through_row(const Stage& stage, const Row& row);

}  // namespace geolip::problem
