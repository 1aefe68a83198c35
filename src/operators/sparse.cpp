#include <network/at.hpp>
#include <operators/linear_operator.hpp>

#include <utility>

namespace geolip::operators {
namespace {

using backend::Buffer;

/// Rows of a sparse matrix in the backend's memory.
template <class T>
struct Rows {
  Buffer<Index> offset;
  Buffer<Index> column;
  Buffer<T> value;

  Rows(Backend& backend, const Sparse& sparse)
      : offset(backend, sparse.offset),
        column(backend, sparse.column),
        value(backend, std::vector<T>(sparse.value.begin(), sparse.value.end())) {}

  backend::SparseRows<T> view() const { return {offset.data(), column.data(), value.data(), value.size()}; }
};

Sparse transposed(const Sparse& sparse) {
  Sparse result;
  result.inputs = sparse.outputs();
  result.offset.assign(static_cast<std::size_t>(sparse.inputs + 1), 0);
  for (const Index j : sparse.column) ++at(result.offset, j + 1);
  for (std::size_t j = 1; j < result.offset.size(); ++j) result.offset[j] += result.offset[j - 1];
  result.column.resize(sparse.column.size());
  result.value.resize(sparse.value.size());
  std::vector<Index> next(result.offset);
  for (Index i = 0; i < sparse.outputs(); ++i) {
    const auto end = static_cast<std::size_t>(at(sparse.offset, i + 1));
    for (auto k = static_cast<std::size_t>(at(sparse.offset, i)); k < end; ++k) {
      const auto to = static_cast<std::size_t>(at(next, sparse.column[k])++);
      result.column[to] = i;
      result.value[to] = sparse.value[k];
    }
  }
  return result;
}

template <class T>
class SparseOperator final : public LinearOperator<T> {
 public:
  SparseOperator(Backend& backend, const Sparse& sparse)
      : LinearOperator<T>(sparse.inputs, sparse.outputs()),
        backend_(backend),
        rows_(backend, sparse),
        columns_(backend, transposed(sparse)) {}

  void apply(ConstView<T> x, View<T> y) const override {
    backend_.in<T>().multiply_sparse(rows_.view(), x, y);
  }
  void adjoint(ConstView<T> y, View<T> x) const override {
    backend_.in<T>().multiply_sparse(columns_.view(), y, x);
  }
  void adjoint_of_diagonal(const T* d, View<T> x) const override {
    adjoint_of_diagonal_by_columns(backend_, d, x,
                                   [this](ConstView<T> from, View<T> to) { adjoint(from, to); });
  }

 private:
  Backend& backend_;
  Rows<T> rows_;
  Rows<T> columns_;
};

}  // namespace

template <class T>
std::unique_ptr<LinearOperator<T>> make_sparse(Backend& backend, const Sparse& sparse) {
  return std::make_unique<SparseOperator<T>>(backend, sparse);
}

template std::unique_ptr<LinearOperator<float>> make_sparse(Backend&, const Sparse&);
template std::unique_ptr<LinearOperator<double>> make_sparse(Backend&, const Sparse&);

}  // namespace geolip::operators
