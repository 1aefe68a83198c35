/// \file
/// The scaled network that the problems of a batch share.
#pragma once

#include <operators/linear_map.hpp>
#include <problem/slopes.hpp>

#include <memory>
#include <vector>

namespace geolip::ascent {

/// A network ready for sweeps in arithmetic T: scaled linear maps and slopes in the backend's memory.
template <class T>
struct Model {
  /// `weights`: those that other maps of the chain use, or null.
  Model(backend::Backend& backend_, const problem::Chain& chain,
        const std::vector<problem::LayerSlopes>& slopes_, const problem::Scaling& scaling,
        std::shared_ptr<operators::DenseWeights> weights = nullptr);

  /// The same network with other slopes.
  void set_slopes(const std::vector<problem::LayerSlopes>& slopes_);
  /// Gives all memory back but that of the maps; set_slopes() comes next.
  void rest();

  backend::Backend& backend;
  std::vector<operators::LinearMap<T>> maps;  ///< L + 1 stages
  std::vector<backend::Buffer<T>> c;          ///< centres of each layer, neurons x sets
  std::vector<backend::Buffer<T>> h;          ///< half widths of each layer, neurons x sets

  Index depth() const { return static_cast<Index>(c.size()); }
  Index outputs() const { return maps.back().outputs(); }
  backend::Slopes<T> slopes(Index layer) const {
    const auto k = static_cast<std::size_t>(layer);
    return {c[k].data(), h[k].data(), c[k].cols()};
  }
};

extern template struct Model<float>;
extern template struct Model<double>;

}  // namespace geolip::ascent
