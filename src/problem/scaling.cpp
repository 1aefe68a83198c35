#include <network/at.hpp>
#include <problem/scaling.hpp>

namespace geolip::problem {

Scaling unit_scaling(const Chain& chain) {
  Scaling scaling;
  scaling.tensors.emplace_back(static_cast<std::size_t>(chain.inputs), 0);
  for (Index k = 0; k < chain.depth(); ++k) {
    scaling.tensors.emplace_back(static_cast<std::size_t>(at(chain.stages, k).outputs), 0);
  }
  return scaling;
}

}  // namespace geolip::problem
