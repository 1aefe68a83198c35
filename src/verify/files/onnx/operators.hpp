/// \file
/// The operators on the way from the input to the output.
#pragma once

#include "verify/files/onnx/chain.hpp"
#include "verify/files/onnx/node.hpp"

namespace geolip::verify::onnx {

/// What an operator gets: the chain so far, its node, which of its inputs is the data, and its constants
/// (null: left out, or the data).
struct Step {
  Chain& chain;
  const Node& node;
  std::size_t data;
  const std::vector<const Tensor*>& constants;
  Budget& budget;
  bool logits;  ///< a Softmax may be dropped

  /// The constant at input i; throws ReadError, calling it `what`, if it is left out.
  const Tensor& constant(std::size_t i, std::string_view what) const;
};

/// Adds what the node does to the chain. Throws ReadError for an operator that is not known.
void apply_operator(const Step& step);

}  // namespace geolip::verify::onnx
