/// \file
/// Files that hold weights alone.
#pragma once

#include "checker/files/read_network.hpp"

namespace geolip::checker {

struct Weight {
  std::string name;
  Dense matrix;
  /// Entries of the bias; it plays no part, but one of the wrong size means that the file is misread.
  std::optional<Index> bias;
};

/// The matrices with the activation between them.
Network chain_of(std::vector<Weight> weights, const std::string& activation);

}  // namespace geolip::checker
