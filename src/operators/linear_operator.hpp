/// \file
/// Linear operators in a backend's memory: what the three sweeps need of each.
#pragma once

#include <backend/buffer.hpp>
#include <geolip/network.hpp>

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace geolip::operators {

using backend::Backend;
using backend::ConstView;
using backend::View;

/// One linear operator B in arithmetic T. All columns of a batch go through it in one call.
template <class T>
class LinearOperator {
 public:
  LinearOperator(Index inputs, Index outputs) : inputs_(inputs), outputs_(outputs) {}
  LinearOperator(const LinearOperator&) = delete;
  LinearOperator& operator=(const LinearOperator&) = delete;
  LinearOperator(LinearOperator&&) = delete;
  LinearOperator& operator=(LinearOperator&&) = delete;
  virtual ~LinearOperator() = default;

  Index inputs() const { return inputs_; }
  Index outputs() const { return outputs_; }

  /// Forward sweep: y = B x. x is inputs x columns, y is outputs x columns; they never overlap.
  virtual void apply(ConstView<T> x, View<T> y) const = 0;
  /// Backward sweep: x = B' y.
  virtual void adjoint(ConstView<T> y, View<T> x) const = 0;
  /// Quadratic sweep, where a factor is still diagonal: x = B' Diag(d), d in backend memory.
  virtual void adjoint_of_diagonal(const T* d, View<T> x) const = 0;
  /// The diagonal of B in backend memory if B is diagonal, null otherwise.
  virtual const T* diagonal() const { return nullptr; }

 private:
  Index inputs_;
  Index outputs_;
};

/// Where the weights of dense layers are kept for a device with memory of its own.
class DenseWeights {
 public:
  /// Kept in the device's memory, or on the host and copied for each product: what the device need not hold
  /// at once, at the speed of the bus between them.
  enum class Place { device, host };

  explicit DenseWeights(Place place = Place::device) : place_(place) {}

  Place place() const { return place_; }
  /// The copy in float64 of a matrix that outlives it: one for all operators, made by `backend` if it is not
  /// there yet.
  std::shared_ptr<const backend::Buffer<double>> copy_of(Backend& backend, const Matrix& matrix);

 private:
  Place place_;
  std::map<const Matrix*, std::shared_ptr<const backend::Buffer<double>>> copies_;
};

/// y = W x. `borrowed` is host memory of a row-major double matrix that outlives the operator; it is used in
/// place where the backend can. `passing` is room that dense layers share whose weights stay on the host.
std::unique_ptr<LinearOperator<double>> make_dense(Backend& backend, const Matrix& borrowed,
                                                   DenseWeights& weights,
                                                   std::shared_ptr<backend::Scratch<double>> passing);
/// y = Diag(row_scale) W Diag(column_scale) x, a copy in float. A device with memory of its own makes it from
/// the copy of W that `weights` has.
std::unique_ptr<LinearOperator<float>> make_dense(Backend& backend, const Matrix& weight,
                                                  const std::vector<double>& row_scale,
                                                  const std::vector<double>& column_scale,
                                                  DenseWeights& weights,
                                                  std::shared_ptr<backend::Scratch<float>> passing);
/// y = Diag(d) x
template <class T>
std::unique_ptr<LinearOperator<T>> make_diagonal(Backend& backend, const std::vector<double>& d);

/// Factors of a convolution's filters and of its input channels; empty vectors mean ones.
struct ConvScale {
  std::vector<double> filters;
  std::vector<double> channels;
};

/// y = Diag(filters) K Diag(channels) x: the factors go into the weights, whose products are rounded once.
/// `unfolded` is room that convolutions share.
template <class T>
std::unique_ptr<LinearOperator<T>> make_conv(Backend& backend, const Conv& conv, const ConvScale& scale,
                                             std::shared_ptr<backend::Scratch<T>> unfolded);
/// y = Diag(channels) K' Diag(filters) x
template <class T>
std::unique_ptr<LinearOperator<T>> make_conv_transpose(Backend& backend, const Conv& conv,
                                                       const ConvScale& scale,
                                                       std::shared_ptr<backend::Scratch<T>> unfolded);
/// y = S x
template <class T>
std::unique_ptr<LinearOperator<T>> make_sparse(Backend& backend, const Sparse& sparse);

/// x = B' Diag(d) by the adjoint of some columns at a time: for operators without a shorter way. `adjoint` is
/// called with y (outputs x some) and x (inputs x some), whose rows lie close together.
void adjoint_of_diagonal_by_columns(Backend& backend, const double* d, View<double> x,
                                    const std::function<void(ConstView<double>, View<double>)>& adjoint);
/// In float there is no quadratic sweep: throws std::logic_error.
[[noreturn]] void adjoint_of_diagonal_by_columns(
    Backend& backend, const float* d, View<float> x,
    const std::function<void(ConstView<float>, View<float>)>& adjoint);

}  // namespace geolip::operators
