#include <backend/cpu/blas.hpp>
#include <backend/cpu/cpu_kernels.hpp>
#include <backend/cpu/eigen_maps.hpp>
#include <backend/cpu/host.hpp>
#include <backend/cpu/parallel.hpp>

#include <Eigen/Cholesky>

#include <algorithm>
#include <cstring>
#include <new>

namespace geolip::backend {
namespace cpu {
namespace {

constexpr std::size_t alignment = 64;
// Side of the blocks of the symmetric updates and of the Cholesky factorisation.
constexpr Index tile = 128;
// Rows of a right-hand side that are solved together.
constexpr Index solve_rows = 64;
// Pieces of so many multiplications are worth a thread of their own, and from so many on all threads work on
// one with next to no loss.
constexpr double worth_a_queue = 1e6;
constexpr double busy_with_one = 4e9;

/// Calls body(i, rows, j, cols) for every tile of the lower triangle of an n x n matrix.
template <class Body>
void for_lower_tiles(ThreadPool& pool, Index n, const Body& body) {
  const Index blocks = (n + tile - 1) / tile;
  parallel_pieces(pool, blocks * blocks, 1, [&](Index begin, Index) {
    const Index p = begin / blocks;
    const Index q = begin % blocks;
    if (q > p) return;
    body(p * tile, std::min(tile, n - p * tile), q * tile, std::min(tile, n - q * tile));
  });
}

/// A thread for each core, but no more than half of an address-space limit has room for.
int usual_threads() {
  const int cores = usable_cores();
  const std::size_t left = address_space_left();
  if (left == no_limit) return cores;
  return static_cast<int>(
      std::clamp(left / 2 / thread_bytes, std::size_t{1}, static_cast<std::size_t>(cores)));
}

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(int threads) : blas_(threads), pool_(threads), kernels32_(pool_), kernels64_(pool_) {}

  std::string name() const override {
    return "cpu (" + std::to_string(pool_.threads()) + (pool_.threads() == 1 ? " thread, " : " threads, ") +
           blas_.name() + ")";
  }

  int queues(double multiplications) const override {
    return multiplications >= worth_a_queue && multiplications < busy_with_one ? pool_.threads() : 1;
  }
  std::unique_ptr<Backend> fork() override { return std::make_unique<CpuBackend>(1); }

  void* allocate(std::size_t bytes) override { return ::operator new(bytes, std::align_val_t(alignment)); }
  void release(void* memory) noexcept override { ::operator delete(memory, std::align_val_t(alignment)); }
  std::size_t memory() const override { return usable_memory(); }
  bool shares_host_memory() const override { return true; }
  void upload(void* destination, const void* host, std::size_t bytes) override {
    std::memcpy(destination, host, bytes);
  }
  void download(void* host, const void* source, std::size_t bytes) override {
    std::memcpy(host, source, bytes);
  }

  void widen_columns(const std::int32_t* index, ConstView<float> x, View<double> y) override {
    for_rows(y, [&](Index i) {
      for (Index j = 0; j < y.cols; ++j) {
        y.data[i * y.ld + j] = index[j] < 0 ? 0.0 : static_cast<double>(x.data[i * x.ld + index[j]]);
      }
    });
  }

  void syrk(double alpha, ConstView<double> a, double beta, View<double> c) override {
    for_lower_tiles(pool_, c.rows, [&](Index i, Index rows, Index j, Index cols) {
      product<double>(alpha, {block(a, i, 0, rows, a.cols)}, {block(a, j, 0, cols, a.cols), true}, beta,
                      block(c, i, j, rows, cols));
    });
  }

  void syrk_transposed(double alpha, ConstView<double> a, double beta, View<double> c) override {
    for_lower_tiles(pool_, c.rows, [&](Index i, Index rows, Index j, Index cols) {
      product<double>(alpha, {block(a, 0, i, a.rows, rows), true}, {block(a, 0, j, a.rows, cols)}, beta,
                      block(c, i, j, rows, cols));
    });
  }

  // Right-looking by tiles: factor the diagonal tile, solve the panel below, update the trailing lower tiles.
  bool cholesky(View<double> a) override {
    const Index n = a.rows;
    for (Index k = 0; k < n; k += tile) {
      const Index width = std::min(tile, n - k);
      auto pivot = map(block(a, k, k, width, width));
      // Eigen::LLT copies; on a tile of this size that is nothing.
      const Eigen::LLT<RowMajor<double>, Eigen::Lower> llt(pivot);
      if (llt.info() != Eigen::Success) return false;
      pivot.triangularView<Eigen::Lower>() = llt.matrixLLT();
      // The factorisation passes NaN along without a word.
      if (!(pivot.diagonal().minCoeff() > 0.0) || !pivot.diagonal().allFinite()) return false;
      const Index below = n - k - width;
      if (below == 0) return true;
      const View<double> panel = block(a, k + width, k, below, width);
      solve_right_transposed(block(a, k, k, width, width), panel);
      syrk(-1.0, panel, 1.0, block(a, k + width, k + width, below, below));
    }
    return true;
  }

  void solve_right_transposed(ConstView<double> l, View<double> b) override {
    parallel_pieces(pool_, b.rows, solve_rows,
                    [&](Index begin, Index end) { solve_right(l, block(b, begin, 0, end - begin, b.cols)); });
  }

  void transpose(ConstView<double> a, const double* d, View<double> b) override {
    parallel_pieces(pool_, b.rows, tile, [&](Index begin, Index end) {
      map(block(b, begin, 0, end - begin, b.cols)) = map(block(a, 0, begin, a.rows, end - begin)).transpose();
    });
    if (d == nullptr) return;
    for_rows(b, [&](Index i) {
      for (Index j = 0; j < b.cols; ++j) b.data[i * b.ld + j] *= d[j];
    });
  }

  void symmetrise(View<double> a) override {
    for_rows(a, [&](Index i) {
      for (Index j = i + 1; j < a.cols; ++j) a.data[i * a.ld + j] = a.data[j * a.ld + i];
    });
  }

  void row_squares(ConstView<double> x, double* square) override {
    for_rows(x, [&](Index i) { square[i] = map(block(x, i, 0, 1, x.cols)).squaredNorm(); });
  }

 private:
  Kernels<float>& kernels32() override { return kernels32_; }
  Kernels<double>& kernels64() override { return kernels64_; }

  template <class T, class Body>
  void for_rows(View<T> x, const Body& body) {
    parallel_pieces(pool_, x.rows, rows_per_piece(x.cols), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) body(i);
    });
  }

  Blas blas_;
  ThreadPool pool_;
  CpuKernels<float> kernels32_;
  CpuKernels<double> kernels64_;
};

}  // namespace
}  // namespace cpu

std::unique_ptr<Backend> make_cpu_backend(int threads) {
  return std::make_unique<cpu::CpuBackend>(threads > 0 ? threads : cpu::usual_threads());
}

}  // namespace geolip::backend
