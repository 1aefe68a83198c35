/// \file
/// The formal global Lipschitz constant of a tiny network by trying every extreme slope: the definition
/// itself.
#pragma once

#include <geolip/network.hpp>
#include <geolip/query.hpp>

namespace geolip::test {

/// FGL of the objective: the largest dual norm (vector, l2: spectral norm; vector, linf: largest row) over
/// all slopes at the ends of their intervals. 2^n products of matrices, n the neurons whose interval is not a
/// point. \throws std::invalid_argument for n > 20.
double enumerate_fgl(const Network& network, Norm norm, const Objective& objective);

}  // namespace geolip::test
