#include <network/at.hpp>
#include <operators/linear_operator.hpp>

#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace geolip::operators {
namespace {

using backend::Buffer;
using backend::Scratch;

template <class T>
class DenseOperator final : public LinearOperator<T> {
 public:
  DenseOperator(Backend& backend, Buffer<T> owned)
      : LinearOperator<T>(owned.cols(), owned.rows()),
        backend_(backend),
        owned_(std::move(owned)),
        weight_(owned_.data(), owned_.rows(), owned_.cols()) {}
  DenseOperator(Backend& backend, std::shared_ptr<const Buffer<T>> shared)
      : LinearOperator<T>(shared->cols(), shared->rows()),
        backend_(backend),
        shared_(std::move(shared)),
        weight_(shared_->view()) {}
  DenseOperator(Backend& backend, ConstView<T> borrowed)
      : LinearOperator<T>(borrowed.cols, borrowed.rows), backend_(backend), weight_(borrowed) {}

  void apply(ConstView<T> x, View<T> y) const override { backend_.in<T>().multiply(weight_, x, y); }
  void adjoint(ConstView<T> y, View<T> x) const override {
    backend_.in<T>().multiply_transposed(weight_, y, x);
  }
  void adjoint_of_diagonal(const T* d, View<T> x) const override {
    if constexpr (std::is_same_v<T, double>) {
      backend_.transpose(weight_, d, x);
    } else {
      throw std::logic_error("the quadratic sweep runs in float64");
    }
  }

 private:
  Backend& backend_;
  Buffer<T> owned_;
  std::shared_ptr<const Buffer<T>> shared_;
  ConstView<T> weight_;
};

/// Weights that stay on the host and pass through the device's memory for each product.
template <class T>
class PassingOperator final : public LinearOperator<T> {
 public:
  /// `weight`: rows x cols, of `owned` or of someone who outlives this.
  PassingOperator(Backend& backend, Index rows, Index cols, std::span<const T> weight, std::vector<T> owned,
                  std::shared_ptr<Scratch<T>> room)
      : LinearOperator<T>(cols, rows),
        backend_(backend),
        owned_(std::move(owned)),
        weight_(weight),
        room_(std::move(room)) {
    room_->take(rows, cols);
  }

  void apply(ConstView<T> x, View<T> y) const override { backend_.in<T>().multiply(fetch(), x, y); }
  void adjoint(ConstView<T> y, View<T> x) const override {
    backend_.in<T>().multiply_transposed(fetch(), y, x);
  }
  void adjoint_of_diagonal(const T* d, View<T> x) const override {
    if constexpr (std::is_same_v<T, double>) {
      backend_.transpose(fetch(), d, x);
    } else {
      throw std::logic_error("the quadratic sweep runs in float64");
    }
  }

 private:
  ConstView<T> fetch() const {
    const View<T> room = room_->take(this->outputs(), this->inputs());
    backend_.upload(room.data, weight_.data(), weight_.size_bytes());
    return room;
  }

  Backend& backend_;
  std::vector<T> owned_;  // whose memory moves with it
  std::span<const T> weight_;
  std::shared_ptr<Scratch<T>> room_;
};

}  // namespace

std::shared_ptr<const Buffer<double>> DenseWeights::copy_of(Backend& backend, const Matrix& matrix) {
  std::shared_ptr<const Buffer<double>>& copy = copies_[&matrix];
  if (copy == nullptr) copy = std::make_shared<Buffer<double>>(backend, matrix.data, matrix.cols);
  return copy;
}

std::unique_ptr<LinearOperator<double>> make_dense(Backend& backend, const Matrix& borrowed,
                                                   DenseWeights& weights,
                                                   std::shared_ptr<Scratch<double>> passing) {
  if (backend.shares_host_memory()) {
    return std::make_unique<DenseOperator<double>>(
        backend, ConstView<double>(borrowed.data.data(), borrowed.rows, borrowed.cols));
  }
  if (weights.place() == DenseWeights::Place::host) {
    return std::make_unique<PassingOperator<double>>(backend, borrowed.rows, borrowed.cols,
                                                     std::span<const double>(borrowed.data),
                                                     std::vector<double>(), std::move(passing));
  }
  return std::make_unique<DenseOperator<double>>(backend, weights.copy_of(backend, borrowed));
}

std::unique_ptr<LinearOperator<float>> make_dense(Backend& backend, const Matrix& weight,
                                                  const std::vector<double>& row_scale,
                                                  const std::vector<double>& column_scale,
                                                  DenseWeights& weights,
                                                  std::shared_ptr<Scratch<float>> passing) {
  const bool on_host = backend.shares_host_memory();
  if (!on_host && weights.place() == DenseWeights::Place::host) {
    std::vector<float> scaled;
    scaled.reserve(weight.data.size());
    for (Index i = 0; i < weight.rows; ++i) {
      for (Index j = 0; j < weight.cols; ++j) {
        scaled.push_back(static_cast<float>(at(row_scale, i) * weight(i, j) * at(column_scale, j)));
      }
    }
    const std::span<const float> view(scaled);
    return std::make_unique<PassingOperator<float>>(backend, weight.rows, weight.cols, view,
                                                    std::move(scaled), std::move(passing));
  }
  // Made from the copy in float64 that is there anyway: nothing else passes the bus.
  const ConstView<double> source = on_host ? ConstView<double>(weight.data.data(), weight.rows, weight.cols)
                                           : weights.copy_of(backend, weight)->view();
  const Buffer<double> rows(backend, row_scale);
  const Buffer<double> columns(backend, column_scale);
  Buffer<float> scaled(backend, weight.rows, weight.cols);
  backend.in<float>().scale(rows.data(), source, columns.data(), scaled.view());
  return std::make_unique<DenseOperator<float>>(backend, std::move(scaled));
}

}  // namespace geolip::operators
