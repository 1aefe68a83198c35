/// \file
/// The cheap bounds beside which the command shows its own.
#pragma once

#include <geolip/network.hpp>
#include <geolip/query.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace geolip::cli {

/// One number an objective, and where the gradients were taken.
struct Baselines {
  std::vector<double> gradient;
  std::vector<double> product;
  std::optional<std::filesystem::path> inputs;  ///< none: random inputs
  Index input_count = 0;
};

/// Computes both baselines, at the inputs of the file or at random ones.
Baselines compute_baselines(const Network& network, const Query& query,
                            const std::optional<std::filesystem::path>& inputs, std::uint64_t seed);

}  // namespace geolip::cli
