/// \file
/// What a product bound costs.
#pragma once

#include <geolip/network.hpp>
#include <geolip/query.hpp>

namespace geolip::baselines {

/// Multiplications of product_bounds(), about: in l_2 those of the layers' spectral norms, which do not grow
/// with the number of objectives.
double product_multiplications(const Network& network, Norm norm);

}  // namespace geolip::baselines
