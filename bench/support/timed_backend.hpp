/// \file
/// A backend that passes every call on to another and keeps count: seconds in matrix algebra, bytes
/// allocated.
#pragma once

#include <backend/backend.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace geolip::bench {

/// What a TimedBackend, and those forked from it, have seen. To be read while none of them works.
struct Watch {
  double algebra_seconds =
      0.0;  ///< in products, rank-k updates, Cholesky factorisations and triangular solves
  std::size_t factorisations = 0;  ///< by Cholesky's method
  std::size_t bytes = 0;           ///< allocated now
  std::size_t peak_bytes = 0;      ///< allocated at the most
  std::size_t memory = 0;          ///< that the backend says it has; 0: what it does have
  std::size_t largest_upload = 0;  ///< bytes of it
  std::size_t narrowed = 0;        ///< matrices that were rounded to float32, as weights are
  std::size_t noise64 = 0;         ///< matrices of random numbers in float64, as a calibration begins with
  double pause = 0.0;              ///< seconds that synchronise() and cholesky() take at the least
  bool apart = false;              ///< whether it says that its memory is not the host's
  bool several_queues = false;     ///< whether it says how many queues it has use for; else one
  std::mutex mutex;
};

class AlgebraTimer {
 public:
  explicit AlgebraTimer(Watch& watch) : watch_(watch), start_(std::chrono::steady_clock::now()) {}
  AlgebraTimer(const AlgebraTimer&) = delete;
  AlgebraTimer& operator=(const AlgebraTimer&) = delete;
  AlgebraTimer(AlgebraTimer&&) = delete;
  AlgebraTimer& operator=(AlgebraTimer&&) = delete;
  ~AlgebraTimer() {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const std::scoped_lock lock(watch_.mutex);
    watch_.algebra_seconds += seconds;
  }

 private:
  Watch& watch_;
  std::chrono::steady_clock::time_point start_;
};

using backend::Columns;
using backend::ConstView;
using backend::RowState;
using backend::Slopes;
using backend::View;

template <class T>
class TimedKernels final : public backend::Kernels<T> {
 public:
  TimedKernels(backend::Kernels<T>& inner, Watch& watch) : inner_(inner), watch_(&watch) {}

  void multiply(ConstView<T> a, ConstView<T> b, View<T> c) override {
    const AlgebraTimer timer(*watch_);
    inner_.multiply(a, b, c);
  }
  void multiply_transposed(ConstView<T> a, ConstView<T> b, View<T> c) override {
    const AlgebraTimer timer(*watch_);
    inner_.multiply_transposed(a, b, c);
  }
  void scale_rows(const T* d, ConstView<T> x, View<T> y) override { inner_.scale_rows(d, x, y); }
  void scale(const double* r, ConstView<double> x, const double* c, View<T> y) override {
    if constexpr (std::is_same_v<T, float>) {
      const std::scoped_lock lock(watch_->mutex);
      ++watch_->narrowed;
    }
    inner_.scale(r, x, c, y);
  }
  void combine(T alpha, ConstView<T> x, T beta, View<T> y) override { inner_.combine(alpha, x, beta, y); }
  void multiply_sparse(const backend::SparseRows<T>& a, ConstView<T> x, View<T> y) override {
    inner_.multiply_sparse(a, x, y);
  }
  void unfold(const kernels::Window& window, Index first, Index count, ConstView<T> x, View<T> u) override {
    inner_.unfold(window, first, count, x, u);
  }
  void fold(const kernels::Window& window, Index first, Index count, ConstView<T> u, bool add,
            View<T> x) override {
    inner_.fold(window, first, count, u, add, x);
  }
  void gather_columns(const std::int32_t* index, ConstView<T> x, View<T> y) override {
    inner_.gather_columns(index, x, y);
  }
  void add_noise(T scale, std::uint64_t seed, std::uint64_t stream, const std::int32_t* mask,
                 View<T> x) override {
    if constexpr (std::is_same_v<T, double>) {
      const std::scoped_lock lock(watch_->mutex);
      ++watch_->noise64;
    }
    inner_.add_noise(scale, seed, stream, mask, x);
  }
  void forward_rows(const Columns& columns, const Slopes<T>& slopes, ConstView<T> w, ConstView<T> s_hat,
                    View<T> rho, View<T> v) override {
    inner_.forward_rows(columns, slopes, w, s_hat, rho, v);
  }
  void backward_rows(const Columns& columns, const Slopes<T>& slopes, const kernels::Momentum* momentum,
                     ConstView<T> w, ConstView<T> rho, const RowState<T>& state, View<T> g) override {
    inner_.backward_rows(columns, slopes, momentum, w, rho, state, g);
  }
  void backward_input(const Columns& columns, const kernels::Momentum* momentum, ConstView<T> g,
                      const RowState<T>& state) override {
    inner_.backward_input(columns, momentum, g, state);
  }
  void normalise(const Columns& columns, const RowState<T>& state) override {
    inner_.normalise(columns, state);
  }
  void objective(const Columns& columns, ConstView<double> u, const std::int32_t* vector, ConstView<T> y,
                 View<T> g, double* value, const kernels::History& history) override {
    inner_.objective(columns, u, vector, y, g, value, history);
  }
  void spread_column(const Columns& columns, ConstView<T> a, ConstView<T> x, View<T> w) override {
    inner_.spread_column(columns, a, x, w);
  }
  void collect_column(const Columns& columns, ConstView<T> a, ConstView<T> w, View<T> x) override {
    inner_.collect_column(columns, a, w, x);
  }
  void project_signs(const Columns& columns, ConstView<T> s_hat, ConstView<T> d, View<T> y) override {
    inner_.project_signs(columns, s_hat, d, y);
  }

 private:
  backend::Kernels<T>& inner_;
  Watch* watch_;
};

class TimedBackend final : public backend::Backend {
 public:
  TimedBackend(backend::Backend& inner, Watch& watch)
      : inner_(inner),
        watch_(&watch),
        kernels32_(inner.in<float>(), watch),
        kernels64_(inner.in<double>(), watch) {}
  TimedBackend(std::unique_ptr<backend::Backend> owned, Watch& watch) : TimedBackend(*owned, watch) {
    owned_ = std::move(owned);
  }

  std::string name() const override { return inner_.name(); }
  int queues(double multiplications) const override {
    return watch_->several_queues ? inner_.queues(multiplications) : 1;
  }
  std::unique_ptr<backend::Backend> fork() override {
    return std::make_unique<TimedBackend>(inner_.fork(), *watch_);
  }
  void enter_thread() override { inner_.enter_thread(); }
  void repeat(std::unique_ptr<backend::Repetition>& repetition,
              const std::function<void()>& operations) override {
    inner_.repeat(repetition, operations);
  }
  void* allocate(std::size_t bytes) override {
    void* memory = inner_.allocate(bytes);
    sizes_[memory] = bytes;
    const std::scoped_lock lock(watch_->mutex);
    watch_->bytes += bytes;
    watch_->peak_bytes = std::max(watch_->peak_bytes, watch_->bytes);
    return memory;
  }
  void release(void* memory) noexcept override {
    const auto at = sizes_.find(memory);
    {
      const std::scoped_lock lock(watch_->mutex);
      watch_->bytes -= at->second;
    }
    sizes_.erase(at);
    inner_.release(memory);
  }
  std::size_t memory() const override { return watch_->memory > 0 ? watch_->memory : inner_.memory(); }
  bool shares_host_memory() const override { return !watch_->apart && inner_.shares_host_memory(); }
  void upload(void* destination, const void* host, std::size_t bytes) override {
    {
      const std::scoped_lock lock(watch_->mutex);
      watch_->largest_upload = std::max(watch_->largest_upload, bytes);
    }
    inner_.upload(destination, host, bytes);
  }
  void download(void* host, const void* source, std::size_t bytes) override {
    inner_.download(host, source, bytes);
  }
  void widen_columns(const std::int32_t* index, ConstView<float> x, View<double> y) override {
    inner_.widen_columns(index, x, y);
  }
  void synchronise() override {
    rest();
    inner_.synchronise();
  }
  void syrk(double alpha, ConstView<double> a, double beta, View<double> c) override {
    const AlgebraTimer timer(*watch_);
    inner_.syrk(alpha, a, beta, c);
  }
  void syrk_transposed(double alpha, ConstView<double> a, double beta, View<double> c) override {
    const AlgebraTimer timer(*watch_);
    inner_.syrk_transposed(alpha, a, beta, c);
  }
  bool cholesky(View<double> a) override {
    const AlgebraTimer timer(*watch_);
    {
      const std::scoped_lock lock(watch_->mutex);
      ++watch_->factorisations;
    }
    rest();
    return inner_.cholesky(a);
  }
  void solve_right_transposed(ConstView<double> l, View<double> b) override {
    const AlgebraTimer timer(*watch_);
    inner_.solve_right_transposed(l, b);
  }
  void transpose(ConstView<double> a, const double* d, View<double> b) override { inner_.transpose(a, d, b); }
  void symmetrise(View<double> a) override { inner_.symmetrise(a); }
  void row_squares(ConstView<double> x, double* square) override { inner_.row_squares(x, square); }

 private:
  backend::Kernels<float>& kernels32() override { return kernels32_; }
  backend::Kernels<double>& kernels64() override { return kernels64_; }
  void rest() const {
    if (watch_->pause > 0.0) std::this_thread::sleep_for(std::chrono::duration<double>(watch_->pause));
  }

  std::unique_ptr<backend::Backend> owned_;
  backend::Backend& inner_;
  Watch* watch_;
  TimedKernels<float> kernels32_;
  TimedKernels<double> kernels64_;
  std::unordered_map<void*, std::size_t> sizes_;
};

}  // namespace geolip::bench
