/// \file
/// Which coordinates paths of nonzero weights join.
#pragma once

#include <problem/chain.hpp>

namespace geolip::problem {

using Mask = std::vector<char>;

/// Which coordinates of the stage's output a nonzero coordinate of its input can reach.
Mask through_stage(const Stage& stage, const Mask& mask);
/// The same against the arrows.
Mask back_through_stage(const Stage& stage, const Mask& mask);

}  // namespace geolip::problem
