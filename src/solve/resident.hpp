/// \file
/// A network on a device, and what stays there from query to query.
#pragma once

#include <ascent/model.hpp>
#include <solve/certifiers.hpp>
#include <solve/plan.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace geolip::solve {

/// Weights go to the device once, under a scaling that is the network's own. A query whose slopes are others
/// (Objective::slopes) brings a scaling of its own; where its powers of two are the same, the weights stay.
/// What a query finds does not depend on those before it.
class Resident {
 public:
  /// Both must outlive it.
  Resident(backend::Backend& backend, const Network& network)
      : Resident(backend, network, problem::make_chain(network)) {}
  /// A part of the network.
  Resident(backend::Backend& backend, const Network& network, problem::Chain chain);

  /// Readies the weights for a query, in the places that the plan wants them in.
  /// \param slopes of the query
  /// \param overridden the slope sets that the query's objectives bring; empty where the activations' own
  /// serve
  void prepare(const Plan& plan, const std::vector<problem::LayerSlopes>& slopes,
               const std::vector<Index>& overridden);
  /// Gives all memory back but that of the weights.
  void rest();

  backend::Backend& backend() { return backend_; }
  const Network& network() const { return network_; }
  const problem::Chain& chain() const { return chain_; }
  /// Those of the activations.
  const std::vector<problem::LayerSlopes>& slopes() const { return slopes_; }

  // What follows is as the last prepare() left it.
  const problem::Scaling& scaling() const { return scaling_; }
  ascent::Model<double>& exact() { return *exact_; }
  /// In float32; made when it is first asked for.
  ascent::Model<float>& fast();
  /// Gives back all of its memory but that of its weights, until it is asked for again.
  void rest_fast();
  const Certifiers::Queues& queues() const { return queues_; }
  /// Sparse forms of the activations' own slopes, which serve every query about these.
  const std::shared_ptr<certificate::SparseAnalyses>& sparse();
  const std::shared_ptr<operators::DenseWeights>& weights() const { return weights_; }

 private:
  problem::Scaling scaling_for(const std::vector<problem::LayerSlopes>& slopes,
                               const std::vector<Index>& sets);
  void forget();

  backend::Backend& backend_;
  const Network& network_;
  problem::Chain chain_;
  std::vector<problem::LayerSlopes> slopes_;
  std::shared_ptr<operators::DenseWeights> weights_;
  std::optional<problem::Scaling> own_scaling_;
  problem::Scaling scaling_;
  std::optional<ascent::Model<double>> exact_;
  std::optional<ascent::Model<float>> fast_;
  bool fast_is_at_rest_ = true;
  const std::vector<problem::LayerSlopes>* query_slopes_ = nullptr;
  Certifiers::Queues queues_;
  std::shared_ptr<certificate::SparseAnalyses> sparse_;
};

}  // namespace geolip::solve
