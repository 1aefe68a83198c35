/// \file
/// The sweep's operations on the CPU.
#pragma once

#include <backend/backend.hpp>
#include <backend/cpu/thread_pool.hpp>

#include <vector>

namespace geolip::backend::cpu {

template <class T>
class CpuKernels final : public Kernels<T> {
 public:
  explicit CpuKernels(ThreadPool& pool) : pool_(pool) {}

  void multiply(ConstView<T> a, ConstView<T> b, View<T> c) override;
  void multiply_transposed(ConstView<T> a, ConstView<T> b, View<T> c) override;
  void scale_rows(const T* d, ConstView<T> x, View<T> y) override;
  void scale(const double* r, ConstView<double> x, const double* c, View<T> y) override;
  void combine(T alpha, ConstView<T> x, T beta, View<T> y) override;
  void multiply_sparse(const SparseRows<T>& a, ConstView<T> x, View<T> y) override;
  void unfold(const kernels::Window& window, Index first, Index count, ConstView<T> x, View<T> u) override;
  void fold(const kernels::Window& window, Index first, Index count, ConstView<T> u, bool add,
            View<T> x) override;
  void gather_columns(const std::int32_t* index, ConstView<T> x, View<T> y) override;
  void add_noise(T scale, std::uint64_t seed, std::uint64_t stream, const std::int32_t* mask,
                 View<T> x) override;
  void forward_rows(const Columns& columns, const Slopes<T>& slopes, ConstView<T> w, ConstView<T> s_hat,
                    View<T> rho, View<T> v) override;
  void backward_rows(const Columns& columns, const Slopes<T>& slopes, const kernels::Momentum* momentum,
                     ConstView<T> w, ConstView<T> rho, const RowState<T>& state, View<T> g) override;
  void backward_input(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                      const RowState<T>& state) override {
    state.ball ? input_ball(columns, momentum, g, state) : input_rows(columns, momentum, g, state);
  }
  void normalise(const Columns& columns, const RowState<T>& state) override {
    state.ball ? normalise_ball(columns, state) : normalise_rows(columns, state);
  }
  void objective(const Columns& columns, ConstView<double> u, const std::int32_t* vector, ConstView<T> y,
                 View<T> g, double* value, const kernels::History& history) override;
  void spread_column(const Columns& columns, ConstView<T> a, ConstView<T> x, View<T> w) override;
  void collect_column(const Columns& columns, ConstView<T> a, ConstView<T> w, View<T> x) override;
  void project_signs(const Columns& columns, ConstView<T> s_hat, ConstView<T> d, View<T> y) override;

 private:
  void input_rows(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                  const RowState<T>& state);
  void input_ball(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                  const RowState<T>& state);
  void normalise_rows(const Columns& columns, const RowState<T>& state);
  void normalise_ball(const Columns& columns, const RowState<T>& state);

  ThreadPool& pool_;
  std::vector<double> partial_;  ///< sums of row pieces, added in the pieces' order
};

extern template class CpuKernels<float>;
extern template class CpuKernels<double>;

}  // namespace geolip::backend::cpu
