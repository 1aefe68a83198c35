/// \file
/// Activations that exporters write as several nodes: x sigmoid(x), and x (1 + erf(x / sqrt(2))) / 2.
#pragma once

#include "verify/files/onnx/node.hpp"

#include <map>

namespace geolip::verify::onnx {

/// Follows the nodes behind a tensor x that several of them read, as multiples of a few known functions of x,
/// until they come together in an activation.
class Fork {
 public:
  /// `x`: the tensor, which `reads` places in the graph read.
  Fork(std::string_view x, Index reads) : open_reads_(reads) {
    values_.emplace(x, Value{Form::x, point(1.0)});
  }

  /// Takes one more node, whose output `reads` places read; `constants` are its inputs that are constant
  /// (null: data), `rank` that of the data. Throws ReadError if it does not belong to a known activation.
  void take(const Node& node, const std::vector<const Tensor*>& constants, std::size_t rank, Index reads);

  /// The activation's name once all branches have come together; empty before.
  const std::string& activation() const { return activation_; }

 private:
  enum class Form { x, sigmoid, erf, one_plus_erf, x_sigmoid, x_one_plus_erf };

  /// factor * form(s x) for some s > 0, in which the slopes of the activation do not change.
  struct Value {
    Form form;
    Enclosure factor;
  };

  std::optional<Value> evaluate(const Node& node, const std::vector<const Tensor*>& constants,
                                std::size_t rank) const;

  std::map<std::string_view, Value> values_;
  Index open_reads_;
  std::string activation_;
};

}  // namespace geolip::verify::onnx
