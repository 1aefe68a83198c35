/// \file
/// Activations that exporters write as several nodes: x sigmoid(x), and x (1 + erf(x / sqrt(2))) / 2.
#pragma once

#include "checker/files/onnx/node.hpp"

#include <functional>
#include <map>
#include <set>

namespace geolip::checker::onnx {

/// Nodes that together are one activation of a tensor x.
struct Fork {
  std::string activation;
  std::set<std::size_t> nodes;
  std::size_t last = 0;  ///< the one whose output is the activation's value
};

/// Where a search for a Fork looks.
struct Surroundings {
  const std::vector<NodeMessage>& nodes;
  const std::vector<bool>& open;  ///< nodes that may belong to it
  Index opset;
  const std::map<std::string_view, Index>& reads;                  ///< how often a tensor is read
  const std::function<const Tensor*(std::string_view)>& constant;  ///< by name; null for data
};

/// The first activation of x, a tensor with `rank` dimensions, among the nodes from `first` on. Nothing else
/// than its own nodes may read what is computed on the way to it.
std::optional<Fork> find_fork(std::string_view x, std::size_t rank, std::size_t first,
                              const Surroundings& surroundings);

}  // namespace geolip::checker::onnx
