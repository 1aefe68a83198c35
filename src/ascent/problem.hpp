/// \file
/// The problems of a batch and the scaled network that they share.
#pragma once

#include <geolip/query.hpp>
#include <operators/linear_map.hpp>
#include <problem/row.hpp>
#include <problem/slopes.hpp>

#include <memory>
#include <vector>

namespace geolip::ascent {

/// One problem: an objective row at the output (or the whole vector) and a slope set.
struct Problem {
  bool vector = false;    ///< |F V|^2 instead of <e, u'V>
  problem::Row row;       ///< u; none for vector
  Index slope_set = 0;    ///< which set of LayerSlopes
  Index coordinate = -1;  ///< l_1: the one input coordinate that moves
  /// l_1, a joint problem (docs/method.md, (M34)): the coordinates whose largest value one set of multipliers
  /// is to bound. Empty otherwise. Its objective is the square of that value.
  std::vector<Index> coordinates;
};

/// A network ready for sweeps in arithmetic T: scaled linear maps and slopes in the backend's memory.
template <class T>
struct Model {
  /// `weights`: those that other maps of the chain use, or null.
  Model(backend::Backend& backend_, const problem::Chain& chain,
        const std::vector<problem::LayerSlopes>& slopes_, const problem::Scaling& scaling, Norm norm_,
        std::shared_ptr<operators::DenseWeights> weights = nullptr);

  /// The same network with other slopes, and another norm.
  void set_question(const std::vector<problem::LayerSlopes>& slopes_, Norm norm_);
  /// Gives all memory back but that of the maps; set_question() comes next.
  void rest();

  backend::Backend& backend;
  Norm norm;
  std::vector<operators::LinearMap<T>> maps;  ///< L + 1 stages
  std::vector<backend::Buffer<T>> c;          ///< centres of each layer, neurons x sets
  std::vector<backend::Buffer<T>> h;          ///< half widths of each layer, neurons x sets

  Index depth() const { return static_cast<Index>(c.size()); }
  /// Rows of X: the inputs, or for l_1 the one coordinate of each problem.
  Index input_rows() const { return norm == Norm::l1 ? 1 : maps.front().inputs(); }
  Index outputs() const { return maps.back().outputs(); }
  backend::Slopes<T> slopes(Index layer) const {
    const auto k = static_cast<std::size_t>(layer);
    return {c[k].data(), h[k].data(), c[k].cols()};
  }
};

extern template struct Model<float>;
extern template struct Model<double>;

}  // namespace geolip::ascent
