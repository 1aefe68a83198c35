/// \file
/// Activations by their form (docs/network-file.md): what canonical files and the checker know of them.
#pragma once

#include <geolip/network.hpp>

#include <string>
#include <utility>
#include <vector>

namespace geolip::network {

/// Activations of one form are one kind: what tells them apart are parameters, each one number, or `slope` one
/// a neuron.
struct ActivationForm {
  std::string kind;
  std::vector<std::pair<const char*, std::vector<double>>> parameters;  ///< by name
};

ActivationForm form_of(const Activation& activation);

}  // namespace geolip::network
