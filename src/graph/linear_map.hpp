/// \file
/// The linear map of one stage, scaled: Diag(2^out) B Diag(2^-in).
#pragma once

#include <graph/chain.hpp>
#include <graph/linear_operator.hpp>

namespace geolip::graph {

/// Powers of two that multiply the coordinates of every tensor (docs/method.md, section on scaling). Exponent
/// vectors: tensors[0] for the input (all zero), tensors[k] for layer k; output holds one exponent for all
/// outputs.
struct Scaling {
  std::vector<std::vector<int>> tensors;
  int output = 0;
};

/// No scaling at all.
Scaling unit_scaling(const Chain& chain);

/// Room for results between the operators of a stage, which alternate between the two; all stages share it.
template <class T>
struct Intermediates {
  explicit Intermediates(Backend& backend) : even(backend), odd(backend) {}
  backend::Scratch<T> even;
  backend::Scratch<T> odd;
};

template <class T>
class LinearMap {
 public:
  /// Stage k (from 0) of the chain under a scaling.
  LinearMap(Backend& backend, const Chain& chain, Index k, const Scaling& scaling,
            std::shared_ptr<Intermediates<T>> intermediates);

  Index inputs() const { return inputs_; }
  Index outputs() const { return outputs_; }

  /// y = B x;  x and y must not overlap.
  void apply(ConstView<T> x, View<T> y);
  /// x = B' y
  void adjoint(ConstView<T> y, View<T> x);
  /// x = B' Diag(d), d in backend memory, x is inputs x outputs.
  void adjoint_of_diagonal(const T* d, View<T> x);

 private:
  bool is_diagonal(std::size_t op) const { return operators_[op]->diagonal() != nullptr; }
  View<T> intermediate(std::size_t op, Index cols);
  /// Applies the adjoints of operators [0, end) to y, result in x; y may already be x if the rest is
  /// diagonal.
  void adjoint_from(std::size_t end, ConstView<T> y, View<T> x);

  Backend& backend_;
  Index inputs_;
  Index outputs_;
  std::vector<std::unique_ptr<LinearOperator<T>>> operators_;
  std::shared_ptr<Intermediates<T>> intermediates_;
};

extern template class LinearMap<float>;
extern template class LinearMap<double>;

/// All stages of a chain.
template <class T>
std::vector<LinearMap<T>> make_linear_maps(Backend& backend, const Chain& chain, const Scaling& scaling) {
  const auto intermediates = std::make_shared<Intermediates<T>>(backend);
  std::vector<LinearMap<T>> maps;
  for (std::size_t k = 0; k < chain.stages.size(); ++k) {
    maps.emplace_back(backend, chain, static_cast<Index>(k), scaling, intermediates);
  }
  return maps;
}

}  // namespace geolip::graph
