#include <cli/baselines.hpp>

#include <geolip/baselines.hpp>

#include <cli/npy_inputs.hpp>

namespace geolip::cli {
namespace {

constexpr Index random_count = 1000;

}  // namespace

Baselines compute_baselines(const Network& network, const Query& query,
                            const std::optional<std::filesystem::path>& inputs, std::uint64_t seed) {
  const Matrix at = inputs ? read_npy_inputs(*inputs) : random_inputs(random_count, network.inputs(), seed);
  Baselines baselines;
  baselines.gradient = gradient_bounds(network, query.norm, query.objectives, at);
  baselines.product = product_bounds(network, query.norm, query.objectives);
  baselines.inputs = inputs;
  baselines.input_count = at.rows;
  return baselines;
}

}  // namespace geolip::cli
