/// \file
/// What a certificate will take, counted on the network's sizes alone: the certifier itself runs on a backend that
/// computes nothing.
#pragma once

#include <problem/chain.hpp>

namespace geolip::certificate {

struct Prediction {
  double bytes = 0.0;            ///< of the matrices that are there at once, at the most
  double multiplications = 0.0;  ///< of one certificate's eliminations and the products between them
};

/// For an objective of `rows` rows. `curved[k]`: whether slopes of layer k have ends whose product is not
/// zero. `on_host`: whether the backend works on host memory.
Prediction predict(const problem::Chain& chain, const std::vector<bool>& curved, Index rows, bool on_host);

}  // namespace geolip::certificate
