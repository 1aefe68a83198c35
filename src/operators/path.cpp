#include <operators/path.hpp>

#include <utility>

namespace geolip::operators {

template <class T>
Path<T>::Path(Backend& backend, Index inputs, std::vector<std::unique_ptr<LinearOperator<T>>> operators,
              std::shared_ptr<Intermediates<T>> intermediates)
    : backend_(&backend),
      inputs_(inputs),
      operators_(std::move(operators)),
      intermediates_(std::move(intermediates)) {}

template <class T>
View<T> Path<T>::intermediate(std::size_t op, Index cols) {
  return (op % 2 == 0 ? intermediates_->even : intermediates_->odd).take(operators_[op]->outputs(), cols);
}

template <class T>
void Path<T>::apply(ConstView<T> x, View<T> y) {
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
void Path<T>::adjoint(ConstView<T> y, View<T> x) {
  adjoint_from(operators_.size(), y, x);
}

template <class T>
void Path<T>::adjoint_from(std::size_t end, ConstView<T> y, View<T> x) {
  std::size_t first = 0;
  while (first + 1 < end && is_diagonal(first)) ++first;
  for (std::size_t i = end; i-- > 0;) {
    const View<T> to = i <= first ? x : intermediate(i - 1, y.cols);
    operators_[i]->adjoint(y, to);
    y = to;
  }
}

template <class T>
void Path<T>::adjoint_of_diagonal(const T* d, View<T> x) {
  std::size_t last = operators_.size() - 1;
  backend::Buffer<T> product;
  // While operators are diagonal, so is the product.
  while (last > 0 && is_diagonal(last)) {
    backend::Buffer<T> next(*backend_, outputs(), 1);
    backend_->template in<T>().scale_rows(operators_[last]->diagonal(), ConstView<T>(d, outputs(), 1),
                                          next.view());
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

template class Path<float>;
template class Path<double>;

}  // namespace geolip::operators
