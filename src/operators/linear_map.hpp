/// \file
/// The linear map of one stage, scaled: Diag(2^out) B Diag(2^-in).
#pragma once

#include <operators/path.hpp>
#include <problem/chain.hpp>
#include <problem/scaling.hpp>

namespace geolip::operators {

using problem::Chain;
using problem::Scaling;
using problem::Stage;
using problem::Step;
/// The map of a stage: paths of operators between nodes. Nodes are the blocks of the stage's input, its
/// output, and in between the values that several layers read or that are sums of several. Where a stage is a
/// chain there is one path.
template <class T>
class LinearMap {
 public:
  /// Stage k (from 0) of the chain under a scaling.
  LinearMap(Backend& backend, const Chain& chain, Index k, const Scaling& scaling,
            std::shared_ptr<Intermediates<T>> intermediates);

  Index inputs() const { return inputs_; }
  Index outputs() const { return outputs_; }

  /// y = B x;  x and y must not overlap.
  void apply(ConstView<T> x, View<T> y);
  /// x = B' y
  void adjoint(ConstView<T> y, View<T> x);
  /// x = B' Diag(d), d in backend memory, x is inputs x outputs.
  void adjoint_of_diagonal(const T* d, View<T> x);

  /// Whether numbers inside of the map may leave the range in which float64 is accurate, as powers of two far
  /// from 1 stand on either side of the weights.
  bool is_extreme() const { return is_extreme_; }
  /// Gives the memory of results in between back, that of all maps which share it; it is taken anew.
  void release_memory() { intermediates_->release(); }

  /// Weights that other maps of the same chain can use.
  const std::shared_ptr<DenseWeights>& weights() const { return intermediates_->dense; }

 private:
  /// Rows of the map's input (sources), of its output, or of a matrix of their own (inner nodes).
  struct Node {
    enum class Place { input, output, inner };
    Place place;
    Index first;  ///< row in the input; inner: which of Intermediates::nodes
    Index size;
  };
  /// node `to`, rows first .. of it  (+)=  path(node `from`)
  struct Edge {
    std::size_t from;
    std::size_t to;
    Index first;
    bool add;  ///< whether these rows have been written before, in apply()
    Path<T> path;
  };
  class Assembly;

  /// The map where it is one path; null elsewhere.
  Path<T>* only_path();
  /// The inner nodes' matrices, by node.
  std::vector<View<T>> inner_nodes(Index cols);
  void apply_edges(ConstView<T> x, View<T> y);
  void adjoint_edges(ConstView<T> y, View<T> x);

  Backend& backend_;
  Index inputs_;
  Index outputs_;
  std::vector<Node> nodes_;  ///< in the order of computation: sources, inner ones, the output last
  std::vector<Edge> edges_;  ///< in the order of computation
  bool is_extreme_ = false;
  std::vector<bool> clear_;  ///< nodes that apply() sets to zero first, as parts of them overlap
  std::shared_ptr<Intermediates<T>> intermediates_;
};

extern template class LinearMap<float>;
extern template class LinearMap<double>;

/// All stages of a chain. `weights`: those that other maps of the chain use, or null.
template <class T>
std::vector<LinearMap<T>> make_linear_maps(Backend& backend, const Chain& chain, const Scaling& scaling,
                                           std::shared_ptr<DenseWeights> weights = nullptr) {
  const auto intermediates = std::make_shared<Intermediates<T>>(backend, std::move(weights));
  std::vector<LinearMap<T>> maps;
  for (std::size_t k = 0; k < chain.stages.size(); ++k) {
    maps.emplace_back(backend, chain, static_cast<Index>(k), scaling, intermediates);
  }
  return maps;
}

}  // namespace geolip::operators
