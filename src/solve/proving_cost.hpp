/// \file
/// What a proof will cost.
#pragma once

#include <checker/network.hpp>

namespace geolip::solve {

/// Floating-point operations that checker::prove() takes, about.
double proving_cost(const checker::Network& network, const checker::Proof& proof);

}  // namespace geolip::solve
