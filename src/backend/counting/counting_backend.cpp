#include <backend/counting/counting_backend.hpp>

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <vector>

namespace geolip::backend {
namespace {

double number(Index n) { return static_cast<double>(n); }

template <class T>
class CountingKernels final : public Kernels<T> {
 public:
  explicit CountingKernels(Counts& counts) : counts_(counts) {}

  void multiply(ConstView<T> a, ConstView<T> /*b*/, View<T> c) override { count(a.cols, c); }
  void multiply_transposed(ConstView<T> a, ConstView<T> /*b*/, View<T> c) override { count(a.rows, c); }
  void scale_rows(const T* /*d*/, ConstView<T> /*x*/, View<T> /*y*/) override {}
  void scale(const double* /*r*/, ConstView<double> /*x*/, const double* /*c*/, View<T> /*y*/) override {}
  void combine(T /*alpha*/, ConstView<T> /*x*/, T /*beta*/, View<T> /*y*/) override {}
  void multiply_sparse(const SparseRows<T>& a, ConstView<T> /*x*/, View<T> y) override {
    counts_.multiplications += number(a.entries) * number(y.cols);
  }
  void unfold(const kernels::Window& /*window*/, Index /*first*/, Index /*count*/, ConstView<T> /*x*/,
              View<T> /*u*/) override {}
  void fold(const kernels::Window& /*window*/, Index /*first*/, Index /*count*/, ConstView<T> /*u*/,
            bool /*add*/, View<T> /*x*/) override {}
  void gather_columns(const std::int32_t* /*index*/, ConstView<T> /*x*/, View<T> /*y*/) override {}
  void add_noise(T /*scale*/, std::uint64_t /*seed*/, std::uint64_t /*stream*/, const std::int32_t* /*mask*/,
                 View<T> /*x*/) override {}
  void forward_rows(const Columns& /*columns*/, const Slopes<T>& /*slopes*/, ConstView<T> /*w*/,
                    ConstView<T> /*s_hat*/, View<T> /*rho*/, View<T> /*v*/) override {}
  void backward_rows(const Columns& /*columns*/, const Slopes<T>& /*slopes*/,
                     const kernels::Momentum* /*momentum*/, ConstView<T> /*w*/, ConstView<T> /*rho*/,
                     const RowState<T>& /*state*/, View<T> /*g*/) override {}
  void backward_input(const Columns& /*columns*/, const kernels::Momentum* /*momentum*/, ConstView<T> /*g*/,
                      const RowState<T>& /*state*/) override {}
  void normalise(const Columns& /*columns*/, const RowState<T>& /*state*/) override {}
  void objective(const Columns& /*columns*/, ConstView<double> /*u*/, const std::int32_t* /*vector*/,
                 ConstView<T> /*y*/, View<T> /*g*/, double* /*value*/,
                 const kernels::History& /*history*/) override {}
  void spread_column(const Columns& /*columns*/, ConstView<T> /*a*/, ConstView<T> /*x*/,
                     View<T> /*w*/) override {}
  void collect_column(const Columns& /*columns*/, ConstView<T> /*a*/, ConstView<T> /*w*/,
                      View<T> /*x*/) override {}
  void project_signs(const Columns& /*columns*/, ConstView<T> /*s_hat*/, ConstView<T> /*d*/,
                     View<T> /*y*/) override {}

 private:
  void count(Index inner, const View<T>& c) {
    counts_.multiplications += number(inner) * number(c.rows) * number(c.cols);
  }

  Counts& counts_;
};

class CountingBackend final : public Backend {
 public:
  CountingBackend(bool on_host, Counts& counts)
      : on_host_(on_host), counts_(counts), kernels32_(counts), kernels64_(counts) {}

  std::string name() const override { return "counting"; }
  int queues(double /*multiplications*/) const override { return 1; }
  std::unique_ptr<Backend> fork() override { return std::make_unique<CountingBackend>(on_host_, counts_); }

  /// Addresses that nothing lies at.
  void* allocate(std::size_t bytes) override {
    constexpr std::size_t alignment = 256;
    next_ += (bytes + alignment - 1) / alignment * alignment;
    void* memory = reinterpret_cast<void*>(next_);  // NOLINT(performance-no-int-to-ptr): it is only compared
    next_ += alignment;
    sizes_[memory] = bytes;
    counts_.bytes += bytes;
    counts_.peak_bytes = std::max(counts_.peak_bytes, counts_.bytes);
    kept_.clear();
    return memory;
  }
  void release(void* memory) noexcept override {
    const auto at = sizes_.find(memory);
    counts_.bytes -= at->second;
    sizes_.erase(at);
  }
  std::size_t memory() const override { return 0; }
  bool shares_host_memory() const override { return on_host_; }
  void upload(void* /*destination*/, const void* host, std::size_t bytes) override {
    if (bytes > most_kept) return;
    kept_.assign(static_cast<const char*>(host), static_cast<const char*>(host) + bytes);
  }
  void download(void* host, const void* /*source*/, std::size_t bytes) override {
    std::memset(host, 0, bytes);
    if (!kept_.empty()) std::memcpy(host, kept_.data(), std::min(bytes, kept_.size()));
  }

  void widen_columns(const std::int32_t* /*index*/, ConstView<float> /*x*/, View<double> /*y*/) override {}

  void syrk(double /*alpha*/, ConstView<double> a, double /*beta*/, View<double> c) override {
    count(c.rows, c.rows, a.cols, 2);
  }
  void syrk_transposed(double /*alpha*/, ConstView<double> a, double /*beta*/, View<double> c) override {
    count(c.rows, c.rows, a.rows, 2);
  }
  bool cholesky(View<double> a) override {
    count(a.rows, a.rows, a.rows, 6);
    return true;
  }
  void solve_right_transposed(ConstView<double> l, View<double> b) override {
    count(b.rows, l.rows, l.rows, 2);
  }
  void transpose(ConstView<double> /*a*/, const double* /*d*/, View<double> /*b*/) override {}
  void symmetrise(View<double> /*a*/) override {}
  void row_squares(ConstView<double> x, double* square) override { std::fill_n(square, x.rows, 0.0); }

 private:
  Kernels<float>& kernels32() override { return kernels32_; }
  Kernels<double>& kernels64() override { return kernels64_; }

  /// l m n multiplications, of which symmetry leaves one in `share`
  void count(Index l, Index m, Index n, int share) {
    counts_.multiplications += number(l) * number(m) * number(n) / share;
  }

  /// The longest upload that a download may give back.
  static constexpr std::size_t most_kept = std::size_t{4} << 20U;

  bool on_host_;
  Counts& counts_;
  std::vector<char> kept_;
  CountingKernels<float> kernels32_;
  CountingKernels<double> kernels64_;
  std::uintptr_t next_ = 0;
  std::unordered_map<void*, std::size_t> sizes_;
};

}  // namespace

std::unique_ptr<Backend> make_counting_backend(bool on_host, Counts& counts) {
  return std::make_unique<CountingBackend>(on_host, counts);
}

}  // namespace geolip::backend
