/// \file
/// geolip estimate: bounds for one network.
#pragma once

#include <geolip/query.hpp>
#include <geolip/settings.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cli/console.hpp>
#include <cli/network_arguments.hpp>

namespace geolip::cli {

struct EstimateArguments {
  NetworkArguments network;
  Norm norm = Norm::l2;
  std::string outputs = "all";
  Settings settings;
  bool baselines = false;
  std::optional<std::filesystem::path> inputs;        ///< for the gradient baseline; none: random ones
  std::optional<std::string> json;                    ///< a file, or "-" for the standard output
  std::optional<std::filesystem::path> certificates;  ///< folder for one certificate a result
  bool quiet = false;
};

/// The cheap bounds beside which the command shows its own: one number an objective, and where the gradients were
/// taken.
struct Baselines {
  std::vector<double> gradient;
  std::vector<double> product;
  std::optional<std::filesystem::path> inputs;  ///< none: random inputs
  Index input_count = 0;
};

/// Runs the command and returns its exit code. Errors are thrown.
int estimate(const EstimateArguments& arguments, const Library& library, const Console& console);

}  // namespace geolip::cli
