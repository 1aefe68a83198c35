#include <graph/linear_map.hpp>

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace geolip::graph {
namespace {

using Operators64 = std::vector<std::unique_ptr<LinearOperator<double>>>;
using Operators32 = std::vector<std::unique_ptr<LinearOperator<float>>>;

std::vector<double> ones(Index n) { return std::vector<double>(static_cast<std::size_t>(n), 1.0); }

void multiply_into(std::vector<double>& d, const std::vector<double>& factors) {
  for (std::size_t i = 0; i < d.size(); ++i) d[i] *= factors[i];
}

/// Collects diagonal factors that meet no other operator in between, and emits them as one operator, or folds
/// them into the next or last dense one where the arithmetic keeps a copy of the weights anyway.
template <class T>
class Builder {
 public:
  Builder(Backend& backend, Index inputs) : backend_(backend), pending_(ones(inputs)) {}

  void diagonal(const std::vector<double>& d) { multiply_into(pending_, d); }

  void permutation(const Permutation& p) {
    close();
    flush_diagonal();
    operators_.push_back(make_permutation<T>(backend_, p.source));
  }

  void dense(const Matrix& weight) {
    close();
    if constexpr (std::is_same_v<T, float>) {
      open_ = &weight;
      columns_ = std::move(pending_);
    } else {
      flush_diagonal();
      operators_.push_back(make_dense(backend_, weight));
    }
    pending_ = ones(weight.rows);
  }

  std::vector<std::unique_ptr<LinearOperator<T>>> finish() {
    close();
    flush_diagonal();
    return std::move(operators_);
  }

 private:
  /// Writes the dense operator that is still open, with what is pending as its row scale.
  void close() {
    if constexpr (std::is_same_v<T, float>) {
      if (open_ == nullptr) return;
      operators_.push_back(make_dense(backend_, *open_, pending_, columns_));
      open_ = nullptr;
      pending_ = ones(static_cast<Index>(pending_.size()));
    }
  }

  void flush_diagonal() {
    if (std::any_of(pending_.begin(), pending_.end(), [](double d) { return d != 1.0; })) {
      operators_.push_back(make_diagonal<T>(backend_, pending_));
      pending_ = ones(static_cast<Index>(pending_.size()));
    }
  }

  Backend& backend_;
  std::vector<std::unique_ptr<LinearOperator<T>>> operators_;
  std::vector<double> pending_;
  std::vector<double> columns_;
  const Matrix* open_ = nullptr;
};

/// 2^(sign e_i + shift)
std::vector<double> powers(const std::vector<int>& exponents, int sign, int shift) {
  std::vector<double> d(exponents.size());
  std::transform(exponents.begin(), exponents.end(), d.begin(),
                 [&](int e) { return std::ldexp(1.0, sign * e + shift); });
  return d;
}

int middle(std::vector<int> exponents) {
  const auto at = exponents.begin() + static_cast<std::ptrdiff_t>(exponents.size() / 2);
  std::nth_element(exponents.begin(), at, exponents.end());
  return *at;
}

}  // namespace

Scaling unit_scaling(const Chain& chain) {
  Scaling scaling;
  scaling.tensors.emplace_back(static_cast<std::size_t>(chain.inputs), 0);
  for (Index k = 0; k < chain.depth(); ++k) {
    scaling.tensors.emplace_back(static_cast<std::size_t>(chain.stages[static_cast<std::size_t>(k)].outputs),
                                 0);
  }
  return scaling;
}

template <class T>
LinearMap<T>::LinearMap(Backend& backend, const Chain& chain, Index k, const Scaling& scaling,
                        std::shared_ptr<Intermediates<T>> intermediates)
    : backend_(backend),
      inputs_(chain.stages[static_cast<std::size_t>(k)].inputs),
      outputs_(chain.stages[static_cast<std::size_t>(k)].outputs),
      intermediates_(std::move(intermediates)) {
  const Stage& stage = chain.stages[static_cast<std::size_t>(k)];
  const std::vector<int>& in = scaling.tensors[static_cast<std::size_t>(k)];
  const std::vector<int> out = k < chain.depth()
                                   ? scaling.tensors[static_cast<std::size_t>(k + 1)]
                                   : std::vector<int>(static_cast<std::size_t>(outputs_), scaling.output);
  // Exponents add up along the network, but only their change within a stage matters: both ends are shifted
  // alike, so that no factor leaves the range of a double.
  const int shift = middle(in);
  Builder<T> builder(backend, inputs_);
  builder.diagonal(powers(in, -1, shift));
  for (const Layer* layer : stage.layers) {
    if (const auto* dense = std::get_if<Dense>(&layer->op)) builder.dense(dense->weight);
    if (const auto* affine = std::get_if<Affine>(&layer->op)) builder.diagonal(affine->scale);
    if (const auto* permutation = std::get_if<Permutation>(&layer->op)) builder.permutation(*permutation);
  }
  builder.diagonal(powers(out, 1, -shift));
  operators_ = builder.finish();
  if (operators_.empty()) {
    // the identity: one operator, so that the sweeps need not treat it apart
    operators_.push_back(make_diagonal<T>(backend, ones(inputs_)));
  }
}

template <class T>
View<T> LinearMap<T>::intermediate(std::size_t op, Index cols) {
  return (op % 2 == 0 ? intermediates_->even : intermediates_->odd).take(operators_[op]->outputs(), cols);
}

template <class T>
void LinearMap<T>::apply(ConstView<T> x, View<T> y) {
  // From the last operator that is not diagonal on, everything happens in place.
  std::size_t last = operators_.size() - 1;
  while (last > 0 && is_diagonal(last)) --last;
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    const View<T> to = i >= last ? y : intermediate(i, x.cols);
    operators_[i]->apply(x, to);
    x = to;
  }
}

template <class T>
void LinearMap<T>::adjoint(ConstView<T> y, View<T> x) {
  adjoint_from(operators_.size(), y, x);
}

template <class T>
void LinearMap<T>::adjoint_from(std::size_t end, ConstView<T> y, View<T> x) {
  std::size_t first = 0;
  while (first + 1 < end && is_diagonal(first)) ++first;
  for (std::size_t i = end; i-- > 0;) {
    const View<T> to = i <= first ? x : intermediate(i - 1, y.cols);
    operators_[i]->adjoint(y, to);
    y = to;
  }
}

template <class T>
void LinearMap<T>::adjoint_of_diagonal(const T* d, View<T> x) {
  std::size_t last = operators_.size() - 1;
  backend::Buffer<T> product;
  // While operators are diagonal, so is the product.
  while (last > 0 && is_diagonal(last)) {
    backend::Buffer<T> next(backend_, outputs_, 1);
    backend_.in<T>().scale_rows(operators_[last]->diagonal(), ConstView<T>(d, outputs_, 1), next.view());
    product = std::move(next);
    d = product.data();
    --last;
  }
  bool rest_diagonal = true;
  for (std::size_t i = 0; i < last; ++i) rest_diagonal = rest_diagonal && is_diagonal(i);
  const View<T> first = rest_diagonal ? x : intermediate(last - 1, x.cols);
  operators_[last]->adjoint_of_diagonal(d, first);
  if (last > 0) adjoint_from(last, first, x);
}

template class LinearMap<float>;
template class LinearMap<double>;

}  // namespace geolip::graph
