/// \file
/// What a network and its states take in a backend's memory, counted on sizes alone: they are made, swept and evaluated
/// on a backend that computes nothing.
#pragma once

#include <ascent/ascent.hpp>
#include <backend/counting/counting_backend.hpp>

#include <memory>
#include <vector>

namespace geolip::ascent {

/// Powers of two that differ from 1 and from layer to layer: their diagonals are operators of their own, also where a
/// tensor passes a stage by.
problem::Scaling some_scaling(const problem::Chain& chain);

/// Of one network and the slopes of a query, in bytes. The chain must outlive it.
class Footprint {
 public:
  using Place = operators::DenseWeights::Place;

  /// \param on_host whether the backend works on host memory
  Footprint(const problem::Chain& chain, const std::vector<problem::LayerSlopes>& slopes, Norm norm,
            bool on_host);

  /// The models in both arithmetics, with the network's own dense weights where they are used in place.
  double models(Place place);
  /// The maps in float64 of another queue, which has the dense weights in common with the first.
  double maps_of_a_queue(Place place);
  /// A state in float64, with all that sweeps, an evaluation of all its problems or one of patterns take beside it. A
  /// state in float32 with evaluations in float64 takes no more.
  double state(Index problems, Index columns);
  /// Rank-one starts that take the memory of one column of a state in arithmetic T; at most 1.
  template <class T>
  double start_share();

 private:
  /// What is taken now, but for results in between.
  std::size_t settled();
  /// What `make` takes and what it makes still holds when it returns.
  template <class Make>
  std::size_t held(const Make& make);
  template <class T>
  Model<T>& model();
  problem::Problem problem() const;
  /// The most that is there at once while a state is swept and evaluated, and while patterns are.
  struct Peaks {
    double sweeps;
    double patterns;
  };
  Peaks peaks(Index problems, Index rank);

  const problem::Chain& chain_;
  const std::vector<problem::LayerSlopes>& slopes_;
  problem::Scaling scaling_;
  Norm norm_;
  bool on_host_;
  backend::Counts counts_;
  std::unique_ptr<backend::Backend> backend_;
  std::shared_ptr<operators::DenseWeights> weights_;
  Model<double> exact_;
  std::size_t exact_bytes_;
  Model<float> fast_;
  std::size_t fast_bytes_;
  Peaks of_a_problem_;  ///< another one, but for its columns
};

}  // namespace geolip::ascent
