#include <network/at.hpp>
#include <operators/linear_operator.hpp>

#include <algorithm>
#include <stdexcept>
#include <type_traits>

namespace geolip::operators {
namespace {

using backend::Buffer;

[[noreturn]] void float64_only() { throw std::logic_error("the quadratic sweep runs in float64"); }

template <class T>
class DiagonalOperator final : public LinearOperator<T> {
 public:
  DiagonalOperator(Backend& backend, const std::vector<T>& d)
      : LinearOperator<T>(static_cast<Index>(d.size()), static_cast<Index>(d.size())),
        backend_(backend),
        d_(backend, d) {}

  void apply(ConstView<T> x, View<T> y) const override { backend_.in<T>().scale_rows(d_.data(), x, y); }
  void adjoint(ConstView<T> y, View<T> x) const override { apply(y, x); }
  void adjoint_of_diagonal(const T* d, View<T> x) const override {
    if constexpr (std::is_same_v<T, double>) {
      auto& kernels = backend_.in<T>();
      kernels.clear(x);
      kernels.combine(1.0, ConstView<T>(d, x.rows, 1), 0.0, backend::diagonal_of(x));
      kernels.scale_rows(d_.data(), x, x);
    } else {
      float64_only();
    }
  }
  const T* diagonal() const override { return d_.data(); }

 private:
  Backend& backend_;
  Buffer<T> d_;
};

}  // namespace

void adjoint_of_diagonal_by_columns(Backend& backend, const double* d, View<double> x,
                                    const std::function<void(ConstView<double>, View<double>)>& adjoint) {
  constexpr Index most = 256;
  auto& kernels = backend.in<double>();
  const Index outputs = x.cols;
  Buffer<double> y(backend, outputs, std::min(most, outputs));
  Buffer<double> part(backend, x.rows, std::min(most, outputs));
  for (Index first = 0; first < outputs; first += most) {
    const Index count = std::min(most, outputs - first);
    const View<double> some(y.data(), outputs, count);
    const View<double> result(part.data(), x.rows, count);
    // columns first .. of Diag(d)
    kernels.clear(some);
    kernels.combine(1.0, ConstView<double>(d + first, count, 1), 0.0,
                    diagonal_of(View<double>(some.data + first * count, count, count)));
    adjoint(some, result);
    kernels.combine(1.0, result, 0.0, View<double>(x.data + first, x.rows, count, x.ld));
  }
}

void adjoint_of_diagonal_by_columns(Backend& /*backend*/, const float* /*d*/, View<float> /*x*/,
                                    const std::function<void(ConstView<float>, View<float>)>& /*adjoint*/) {
  float64_only();
}

template <class T>
std::unique_ptr<LinearOperator<T>> make_diagonal(Backend& backend, const std::vector<double>& d) {
  return std::make_unique<DiagonalOperator<T>>(backend, std::vector<T>(d.begin(), d.end()));
}

template std::unique_ptr<LinearOperator<float>> make_diagonal(Backend&, const std::vector<double>&);
template std::unique_ptr<LinearOperator<double>> make_diagonal(Backend&, const std::vector<double>&);

}  // namespace geolip::operators
