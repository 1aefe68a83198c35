#include <backend/cuda.hpp>
#include <backend/cuda/arguments.hpp>
#include <backend/cuda/cuda_kernels.hpp>
#include <backend/cuda/recording.hpp>
#include <backend/cuda/staging.hpp>

#include <kernels/entrywise.hpp>
#include <kernels/rows.hpp>
#include <kernels/tiles.hpp>

#include <algorithm>
#include <cmath>
#include <new>
#include <vector>

namespace geolip::backend {
namespace cuda {
namespace {

// A row-major matrix is its transpose to cuBLAS and cuSOLVER: "lower triangle" becomes "upper".
constexpr cublasFillMode_t lower = CUBLAS_FILL_MODE_UPPER;
// Certificates in flight: their factorisations have long stretches that leave most of a device idle (ten of
// 4096 x 8 layers on an H100: a quarter of the whole estimate's time less). Beyond so many multiplications
// each, products and updates fill it; below so many, the handles of another queue cost more than it saves.
constexpr int most_queues = 4;
constexpr double worth_a_queue = 1e9;
constexpr double busy_with_one = 1e13;

// Order up to which a triangle is updated as one, and what halves of larger ones are multiples of.
constexpr Index largest_triangle = 4096;
constexpr Index tile = 128;

class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(int device) : CudaBackend(device, nullptr) {}
  /// `pool`: of another queue's memory, or null.
  CudaBackend(int device, std::shared_ptr<MemoryPool> pool)
      : context_(device, std::move(pool)),
        kernels32_(context_),
        kernels64_(context_),
        staging_(context_),
        factor_workspace_(context_),
        scratch_(context_) {
    GEOLIP_CUDA_CHECK(kernels::check_device_code());
  }

  std::string name() const override { return context_.name(); }

  void repeat(std::unique_ptr<Repetition>& repetition, const std::function<void()>& operations) override {
    if (repetition == nullptr) repetition = std::make_unique<Recording>(context_);
    static_cast<Recording&>(*repetition).play(operations);
  }

  int queues(double multiplications) const override {
    return multiplications >= worth_a_queue && multiplications < busy_with_one ? most_queues : 1;
  }
  std::unique_ptr<Backend> fork() override {
    return std::make_unique<CudaBackend>(context_.device(), context_.pool());
  }
  void enter_thread() override { GEOLIP_CUDA_CHECK(cudaSetDevice(context_.device())); }

  void* allocate(std::size_t bytes) override { return context_.allocate(bytes); }
  void release(void* memory) noexcept override { context_.release(memory); }
  std::size_t memory() const override { return context_.memory(); }
  bool shares_host_memory() const override { return false; }
  void upload(void* destination, const void* host, std::size_t bytes) override {
    context_.refuse_while_capturing("a copy was asked for");
    if (bytes >= Staging::worth_bytes && staging_.upload(destination, host, bytes)) return;
    GEOLIP_CUDA_CHECK(cudaMemcpyAsync(destination, host, bytes, cudaMemcpyHostToDevice, context_.stream()));
    context_.synchronise();  // the host memory may be gone as soon as this returns
  }
  void download(void* host, const void* source, std::size_t bytes) override {
    context_.refuse_while_capturing("a copy was asked for");
    GEOLIP_CUDA_CHECK(cudaMemcpyAsync(host, source, bytes, cudaMemcpyDeviceToHost, context_.stream()));
    context_.synchronise();
  }

  void widen_columns(const std::int32_t* index, ConstView<float> x, View<double> y) override {
    entries(y.rows, y.cols, kernels::GatherColumns<float, double>{index, matrix(x), matrix(y)});
  }
  void synchronise() override { context_.synchronise(); }

  void syrk(double alpha, ConstView<double> a, double beta, View<double> c) override {
    update_triangle(CUBLAS_OP_T, alpha, a, beta, c);
  }
  void syrk_transposed(double alpha, ConstView<double> a, double beta, View<double> c) override {
    update_triangle(CUBLAS_OP_N, alpha, a, beta, c);
  }

  bool cholesky(View<double> a) override {
    std::size_t device_bytes = 0;
    std::size_t host_bytes = 0;
    GEOLIP_CUDA_CHECK(cusolverDnXpotrf_bufferSize(context_.solver(), context_.solver_parameters(), lower,
                                                  a.rows, CUDA_R_64F, a.data, a.ld, CUDA_R_64F, &device_bytes,
                                                  &host_bytes));
    std::vector<unsigned char> host_workspace(host_bytes);
    auto* workspace = factor_workspace_.take<unsigned char>(device_bytes);
    int* info = scratch_.take<int>(1);
    GEOLIP_CUDA_CHECK(cusolverDnXpotrf(context_.solver(), context_.solver_parameters(), lower, a.rows,
                                       CUDA_R_64F, a.data, a.ld, CUDA_R_64F, workspace, device_bytes,
                                       host_workspace.data(), host_bytes, info));
    int failed = 0;
    download(&failed, info, sizeof(failed));
    if (failed < 0) throw CudaError("cuSOLVER: Xpotrf refused argument " + std::to_string(-failed));
    if (failed > 0) return false;
    // Numbers that are not numbers pass through a factorisation; they end on its diagonal.
    std::vector<double> pivots(static_cast<std::size_t>(a.rows));
    auto* diagonal = scratch_.take<double>(pivots.size());
    entries(a.rows, 1,
            kernels::Combine<double>{1.0, matrix(diagonal_of(ConstView<double>(a))), 0.0, {diagonal, 1}});
    download(pivots.data(), diagonal, pivots.size() * sizeof(double));
    return std::all_of(pivots.begin(), pivots.end(), [](double p) { return p > 0.0 && std::isfinite(p); });
  }

  void solve_right_transposed(ConstView<double> l, View<double> b) override {
    const double one = 1.0;
    GEOLIP_CUDA_CHECK(cublasDtrsm_64(context_.blas(), CUBLAS_SIDE_LEFT, lower, CUBLAS_OP_T,
                                     CUBLAS_DIAG_NON_UNIT, b.cols, b.rows, &one, l.data, l.ld, b.data, b.ld));
  }

  void transpose(ConstView<double> a, const double* d, View<double> b) override {
    GEOLIP_CUDA_CHECK(kernels::transpose(b.rows, b.cols, matrix(a), d, matrix(b), context_.stream()));
  }

  void symmetrise(View<double> a) override {
    GEOLIP_CUDA_CHECK(kernels::symmetrise(a.rows, matrix(a), context_.stream()));
  }

  void row_squares(ConstView<double> x, double* square) override {
    auto* squares = scratch_.take<double>(static_cast<std::size_t>(x.rows));
    GEOLIP_CUDA_CHECK(kernels::row_squares(x.rows, x.cols, matrix(x), squares, context_.stream()));
    download(square, squares, static_cast<std::size_t>(x.rows) * sizeof(double));
  }

 private:
  Kernels<float>& kernels32() override { return kernels32_; }
  Kernels<double>& kernels64() override { return kernels64_; }

  /// Lower triangle of C = alpha A A' + beta C (`op` T: a row-major A is its transpose here), or of
  /// C = alpha A' A + beta C (N). Large ones by halves: products run at 1.4 times the speed of cuBLAS's update
  /// of a large triangle (on an H100).
  void update_triangle(cublasOperation_t op, double alpha, ConstView<double> a, double beta, View<double> c) {
    const bool by_rows = op == CUBLAS_OP_T;
    const Index n = c.rows;
    const Index inner = by_rows ? a.cols : a.rows;
    if (n <= largest_triangle) {
      GEOLIP_CUDA_CHECK(
          cublasDsyrk_64(context_.blas(), lower, op, n, inner, &alpha, a.data, a.ld, &beta, c.data, c.ld));
      return;
    }
    const Index half = half_of(n);
    const auto part = [&](Index first, Index count) {
      return by_rows ? ConstView<double>(a.data + first * a.ld, count, a.cols, a.ld)
                     : ConstView<double>(a.data + first, a.rows, count, a.ld);
    };
    const ConstView<double> before = part(0, half);
    const ConstView<double> behind = part(half, n - half);
    update_triangle(op, alpha, before, beta, block(c, 0, 0, half, half));
    const View<double> square = block(c, half, 0, n - half, half);
    GEOLIP_CUDA_CHECK(cublasDgemm_64(context_.blas(), op, by_rows ? CUBLAS_OP_N : CUBLAS_OP_T, square.cols,
                                     square.rows, inner, &alpha, before.data, before.ld, behind.data,
                                     behind.ld, &beta, square.data, square.ld));
    update_triangle(op, alpha, behind, beta, block(c, half, half, n - half, n - half));
  }

  static View<double> block(View<double> c, Index row, Index col, Index rows, Index cols) {
    return View<double>(c.data + row * c.ld + col, rows, cols, c.ld);
  }
  /// About half of n, a multiple of the products' tiles.
  static Index half_of(Index n) { return (n / 2 + tile - 1) / tile * tile; }

  template <class Operation>
  void entries(Index rows, Index cols, const Operation& operation) {
    GEOLIP_CUDA_CHECK(kernels::for_entries(rows, cols, operation, context_.stream()));
  }

  Context context_;
  CudaKernels<float> kernels32_;
  CudaKernels<double> kernels64_;
  Staging staging_;
  DeviceScratch factor_workspace_;
  DeviceScratch scratch_;  ///< small results on their way to the host
};

}  // namespace
}  // namespace cuda

std::unique_ptr<Backend> make_cuda_backend(int device) {
  const cuda::DeviceCount found = cuda::count_devices();
  if (device >= found.count) {
    std::string there = "the CUDA devices are 0 to " + std::to_string(found.count - 1);
    if (found.count == 0) there = "no CUDA device was found";
    if (!found.reason.empty()) there += " (" + found.reason + ")";
    throw QueryError("device: 'cuda:" + std::to_string(device) + "' is not there, " + there);
  }
  return std::make_unique<cuda::CudaBackend>(device);
}

std::unique_ptr<Backend> find_cuda_backend() {
  if (cuda::count_devices().count == 0) return nullptr;
  try {
    return make_cuda_backend(0);
  } catch (const Error&) {
    return nullptr;  // libraries that are missing, a driver that is too old, arithmetic that is refused
  } catch (const std::bad_alloc&) {
    return nullptr;  // others have all of its memory
  }
}

}  // namespace geolip::backend
