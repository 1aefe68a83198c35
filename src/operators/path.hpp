/// \file
/// Linear operators one after the other.
#pragma once

#include <operators/linear_operator.hpp>

#include <utility>

namespace geolip::operators {

/// Room for results between operators, and where weights are; all maps of a network share it.
template <class T>
struct Intermediates {
  /// `weights`: those that other maps of the same network use, or null.
  explicit Intermediates(Backend& backend, std::shared_ptr<DenseWeights> weights = nullptr)
      : even(backend),
        odd(backend),
        sum(backend),
        unfolded(std::make_shared<backend::Scratch<T>>(backend)),
        passing(std::make_shared<backend::Scratch<T>>(backend)),
        dense(weights == nullptr ? std::make_shared<DenseWeights>() : std::move(weights)) {}

  void release() {
    for (backend::Scratch<T>* scratch : {&even, &odd, &sum, unfolded.get(), passing.get()})
      scratch->release();
    for (const auto& node : nodes) node->release();
  }

  backend::Scratch<T> even;  ///< results within a path alternate between this one
  backend::Scratch<T> odd;   ///< and this one
  backend::Scratch<T> sum;   ///< what is added to a node
  std::vector<std::unique_ptr<backend::Scratch<T>>> nodes;  ///< inner nodes of a map
  std::shared_ptr<backend::Scratch<T>> unfolded;            ///< convolutions' own
  std::shared_ptr<backend::Scratch<T>> passing;             ///< weights that come from the host
  std::shared_ptr<DenseWeights> dense;
};

/// B = B_m ... B_1; without operators the identity.
template <class T>
class Path {
 public:
  Path(Backend& backend, Index inputs, std::vector<std::unique_ptr<LinearOperator<T>>> operators,
       std::shared_ptr<Intermediates<T>> intermediates);

  Index inputs() const { return inputs_; }
  Index outputs() const { return operators_.empty() ? inputs_ : operators_.back()->outputs(); }
  bool is_identity() const { return operators_.empty(); }

  /// y = B x;  x and y must not overlap. Not for the identity.
  void apply(ConstView<T> x, View<T> y);
  /// x = B' y. Not for the identity.
  void adjoint(ConstView<T> y, View<T> x);
  /// x = B' Diag(d), d in backend memory, x is inputs x outputs. Not for the identity.
  void adjoint_of_diagonal(const T* d, View<T> x);

 private:
  bool is_diagonal(std::size_t op) const { return operators_[op]->diagonal() != nullptr; }
  View<T> intermediate(std::size_t op, Index cols);
  /// Applies the adjoints of operators [0, end) to y, result in x; y may already be x if the rest is
  /// diagonal.
  void adjoint_from(std::size_t end, ConstView<T> y, View<T> x);

  Backend* backend_;
  Index inputs_;
  std::vector<std::unique_ptr<LinearOperator<T>>> operators_;
  std::shared_ptr<Intermediates<T>> intermediates_;
};

extern template class Path<float>;
extern template class Path<double>;

}  // namespace geolip::operators
