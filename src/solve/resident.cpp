#include <solve/resident.hpp>

#include <ascent/calibrate.hpp>

#include <algorithm>
#include <new>

namespace geolip::solve {
namespace {

// Slope sets that a scaling is found for: the others are taken to be like them.
constexpr std::size_t most_sets = 64;

/// The whole output, which every objective is a part of.
problem::Problem all_outputs(Index slope_set) {
  problem::Problem problem;
  problem.vector = true;
  problem.slope_set = slope_set;
  return problem;
}

}  // namespace

Resident::Resident(backend::Backend& backend, const Network& network, problem::Chain chain)
    : backend_(backend),
      network_(network),
      chain_(std::move(chain)),
      slopes_(problem::make_slopes(chain_, {})) {}

/// A scaling is about the range of floating point alone: it is found for one norm and serves all.
problem::Scaling Resident::scaling_for(const std::vector<problem::LayerSlopes>& slopes,
                                       const std::vector<Index>& sets) {
  std::vector<problem::Problem> problems;
  for (std::size_t i = 0; i < std::min(sets.size(), most_sets); ++i) problems.push_back(all_outputs(sets[i]));
  return ascent::calibrate(backend_, chain_, slopes, problems, 0, weights_).scaling;
}

void Resident::forget() {
  queues_.clear();
  fast_.reset();
  exact_.reset();
}

void Resident::prepare(const Plan& plan, const std::vector<problem::LayerSlopes>& slopes,
                       const std::vector<Index>& overridden) {
  if (weights_ == nullptr || weights_->place() != plan.weights) {
    forget();
    weights_ = std::make_shared<operators::DenseWeights>(plan.weights);
  }
  if (overridden.empty() && !own_scaling_) own_scaling_ = scaling_for(slopes_, {0});
  const problem::Scaling wanted = overridden.empty() ? *own_scaling_ : scaling_for(slopes, overridden);
  if (exact_ && wanted != scaling_) forget();
  if (!exact_) {
    scaling_ = wanted;
    exact_.emplace(backend_, chain_, slopes, scaling_, weights_);
  } else {
    exact_->set_slopes(slopes);
  }
  query_slopes_ = &slopes;
  try {
    while (static_cast<Index>(queues_.size()) + 1 < plan.prediction.certificates)
      queues_.push_back(std::make_unique<Certifiers::Queue>(backend_.fork(), chain_, scaling_, weights_));
  } catch (const std::bad_alloc&) {
    return;  // others use the device as well: the queues that there are will do
  }
}

ascent::Model<float>& Resident::fast() {
  if (!fast_) {
    fast_.emplace(backend_, chain_, *query_slopes_, scaling_, weights_);
  } else if (fast_is_at_rest_) {
    fast_->set_slopes(*query_slopes_);
  }
  fast_is_at_rest_ = false;
  return *fast_;
}

void Resident::rest_fast() {
  if (fast_) fast_->rest();
  fast_is_at_rest_ = true;
}

const std::shared_ptr<certificate::SparseAnalyses>& Resident::sparse() {
  if (sparse_ == nullptr) sparse_ = std::make_shared<certificate::SparseAnalyses>(chain_, slopes_);
  return sparse_;
}

void Resident::rest() {
  if (sparse_ != nullptr) sparse_->release();
  if (exact_) exact_->rest();
  rest_fast();
  for (const auto& queue : queues_) queue->maps.front().release_memory();
}

}  // namespace geolip::solve
