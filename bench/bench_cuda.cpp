// The CUDA backend's parts by themselves: copies, products, factorisations, and the kernels with their share
// of the copy bandwidth. Prints a JSON object.
//
//   bench_cuda [--quick]      --quick: sizes that only show that it runs
//
// Without a device it exits with 77, for a test to be skipped, or with 1 if GEOLIP_REQUIRE_CUDA is 1.
#include <backend/cuda/context.hpp>
#include <backend/cuda/cuda_kernels.hpp>
#include <kernels/tiles.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string_view>
#include <vector>

namespace {

using namespace geolip::backend;
using geolip::Index;
using geolip::backend::cuda::Context;
using geolip::backend::cuda::CudaKernels;
using geolip::backend::cuda::DeviceScratch;
using geolip::kernels::Momentum;

constexpr int repeats = 15;
constexpr int skipped = 77;

using cuda::Event;

/// An event, for times on the device.
Event make_event() {
  cudaEvent_t event = nullptr;
  GEOLIP_CUDA_CHECK(cudaEventCreate(&event));
  return Event(event);
}

/// Median seconds of the work that `run` puts on the stream, after a warm-up.
double seconds(Context& context, const std::function<void()>& run) {
  const Event begin = make_event();
  const Event end = make_event();
  run();
  std::vector<float> times;
  for (int i = 0; i < repeats; ++i) {
    GEOLIP_CUDA_CHECK(cudaEventRecord(begin.get(), context.stream()));
    run();
    GEOLIP_CUDA_CHECK(cudaEventRecord(end.get(), context.stream()));
    context.synchronise();
    GEOLIP_CUDA_CHECK(cudaEventElapsedTime(&times.emplace_back(), begin.get(), end.get()));
  }
  std::nth_element(times.begin(), times.begin() + repeats / 2, times.end());
  return static_cast<double>(times[repeats / 2]) * 1e-3;
}

/// A matrix of normal numbers.
template <class T>
class Matrix {
 public:
  Matrix(Context& context, CudaKernels<T>& kernels, Index rows, Index cols)
      : memory_(context), mask_(context), view_(nullptr, rows, cols) {
    view_.data = memory_.take<T>(static_cast<std::size_t>(rows * cols));
    GEOLIP_CUDA_CHECK(
        cudaMemsetAsync(view_.data, 0, static_cast<std::size_t>(rows * cols) * sizeof(T), context.stream()));
    auto* mask = mask_.take<std::int32_t>(static_cast<std::size_t>(cols));
    GEOLIP_CUDA_CHECK(
        cudaMemsetAsync(mask, 1, static_cast<std::size_t>(cols) * sizeof(std::int32_t), context.stream()));
    kernels.add_noise(T(1), 1, static_cast<std::uint64_t>(rows), mask, view_);
  }
  View<T> view() { return view_; }
  ConstView<T> input() { return view_; }

 private:
  DeviceScratch memory_;
  DeviceScratch mask_;
  View<T> view_;
};

template <class T>
T* to_device(Context& context, DeviceScratch& memory, const std::vector<T>& host) {
  T* device = memory.take<T>(host.size());
  GEOLIP_CUDA_CHECK(cudaMemcpyAsync(device, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice,
                                    context.stream()));
  context.synchronise();
  return device;
}

/// Bytes a second, read plus written, of a copy on the device.
double copy_bandwidth(Context& context, std::size_t bytes) {
  DeviceScratch from(context);
  DeviceScratch to(context);
  void* source = from.take<char>(bytes);
  void* target = to.take<char>(bytes);
  GEOLIP_CUDA_CHECK(cudaMemsetAsync(source, 1, bytes, context.stream()));
  const double time = seconds(context, [&] {
    GEOLIP_CUDA_CHECK(cudaMemcpyAsync(target, source, bytes, cudaMemcpyDeviceToDevice, context.stream()));
  });
  return 2.0 * static_cast<double>(bytes) / time;
}

template <class T>
nlohmann::json gemm(Context& context, Index n, Index cols) {
  CudaKernels<T> kernels(context);
  Matrix<T> a(context, kernels, n, n);
  Matrix<T> x(context, kernels, n, cols);
  Matrix<T> y(context, kernels, n, cols);
  const double flops = 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(cols);
  const auto rate = [&] {
    return flops / seconds(context, [&] { kernels.multiply(a.input(), x.input(), y.view()); });
  };
  nlohmann::json result{{"bits", 8 * sizeof(T)}, {"n", n}, {"columns", cols}, {"flops_per_second", rate()}};
  // Whether the mode that the backend runs in is the fast one.
  GEOLIP_CUDA_CHECK(cuda::cublasSetMathMode(context.blas(), CUBLAS_PEDANTIC_MATH));
  result["flops_per_second_in_pedantic_mode"] = rate();
  GEOLIP_CUDA_CHECK(cuda::cublasSetMathMode(context.blas(), CUBLAS_DEFAULT_MATH));
  return result;
}

/// Times kernels, and sets the bytes that they must move beside what a copy moves in that time.
class KernelTable {
 public:
  KernelTable(Context& context, double bandwidth) : context_(context), bandwidth_(bandwidth) {}

  /// `shape`: the sizes, for the report.
  void measure(const char* name, const nlohmann::json& shape, double bytes, double flops,
               const std::function<void()>& run) {
    const double time = seconds(context_, run);
    nlohmann::json entry(shape);
    entry["kernel"] = name;
    entry["bytes"] = bytes;
    entry["flops"] = flops;
    entry["seconds"] = time;
    entry["share_of_copy"] = bytes / time / bandwidth_;
    entries_.push_back(std::move(entry));
  }
  const nlohmann::json& entries() const { return entries_; }

 private:
  Context& context_;
  double bandwidth_;
  nlohmann::json entries_ = nlohmann::json::array();
};

/// Every row kernel on n rows of `problems` problems of one rank.
template <class T>
void row_kernels(Context& context, Index n, Index problems, Index rank, KernelTable& table) {
  CudaKernels<T> kernels(context);
  const Index total = problems * rank;
  std::vector<std::int32_t> offsets;
  for (Index b = 0; b <= problems; ++b) offsets.push_back(static_cast<std::int32_t>(b * rank));
  DeviceScratch offset_memory(context);
  DeviceScratch slope_memory(context);
  DeviceScratch momentum_memory(context);
  const std::size_t count = offsets.size() - 1;
  const Columns columns{problems, total, to_device(context, offset_memory, offsets),
                        to_device(context, slope_memory, std::vector<std::int32_t>(count, 0))};
  const auto* momentum = to_device(context, momentum_memory, std::vector<Momentum>(count, {1.0, 3.0, 0.4}));
  Matrix<T> w(context, kernels, n, total);
  Matrix<T> v(context, kernels, n, total);
  Matrix<T> g(context, kernels, n, total);
  Matrix<T> s(context, kernels, n, total);
  Matrix<T> s_hat(context, kernels, n, total);
  Matrix<T> rho(context, kernels, n, problems);
  Matrix<T> norm(context, kernels, n, problems);
  Matrix<T> slope(context, kernels, n, 1);
  const Slopes<T> slopes{slope.view().data, slope.view().data, 1};
  const RowState<T> state{s.view(), s_hat.view(), norm.view()};
  const RowState<T> ball{s.view(), s_hat.view(), norm.view(), true};
  const double matrix = static_cast<double>(n * total) * sizeof(T);
  const double scalars = static_cast<double>(n * problems) * sizeof(T);

  const nlohmann::json shape{{"bits", 8 * sizeof(T)}, {"rows", n}, {"problems", problems}, {"rank", rank}};
  const auto entries = static_cast<double>(n * total);
  const auto measure = [&](const char* name, double bytes, double flops, const std::function<void()>& run) {
    table.measure(name, shape, bytes, flops * entries, run);
  };
  measure("normalise_rows", 3 * matrix, 3, [&] { kernels.normalise(columns, state); });
  measure("forward_rows", 3 * matrix + scalars, 5,
          [&] { kernels.forward_rows(columns, slopes, w.input(), s_hat.input(), rho.view(), v.view()); });
  measure("backward_rows", 6 * matrix + 2 * scalars, 16,
          [&] { kernels.backward_rows(columns, slopes, momentum, w.input(), rho.input(), state, g.view()); });
  measure("input_rows", 4 * matrix + scalars, 12,
          [&] { kernels.backward_input(columns, momentum, v.input(), state); });
  measure("input_ball", 6 * matrix, 8, [&] { kernels.backward_input(columns, momentum, v.input(), ball); });
  measure("normalise_ball", 4 * matrix, 6, [&] { kernels.normalise(columns, ball); });
  measure("spread_column", matrix + scalars, 1,
          [&] { kernels.spread_column(columns, rho.input(), v.input(), g.view()); });
  measure("collect_column", matrix + scalars, 2,
          [&] { kernels.collect_column(columns, rho.input(), v.input(), g.view()); });
}

/// What goes through one entry after the other, or tile by tile: around products, convolutions (3 x 3 taps,
/// as wide as the sweeps of a stack of convolutions are) and certificates.
void other_kernels(Context& context, Index n, Index channels, KernelTable& table) {
  CudaKernels<float> kernels(context);
  constexpr Index side = 28;
  constexpr Index taps = 9;
  constexpr Index columns = 128;
  const geolip::kernels::Axis axis{side, 3, 1, 1, 1, side};
  const geolip::kernels::Window window{channels, axis, axis};
  Matrix<float> image(context, kernels, window.rows(), columns);
  Matrix<float> other(context, kernels, window.rows(), columns);
  Matrix<float> unfolded(context, kernels, channels * taps, window.positions() * columns);
  Matrix<float> factors(context, kernels, window.rows(), 1);
  const auto numbers = static_cast<double>(window.rows() * columns);
  const double bytes = numbers * sizeof(float);
  const nlohmann::json wide{{"bits", 32}, {"rows", window.rows()}, {"columns", columns}};
  table.measure("unfold", wide, (1 + taps) * bytes, 0.0,
                [&] { kernels.unfold(window, 0, window.positions(), image.input(), unfolded.view()); });
  table.measure("fold", wide, (1 + taps) * bytes, taps * numbers,
                [&] { kernels.fold(window, 0, window.positions(), unfolded.input(), false, image.view()); });
  table.measure("scale_rows", wide, 2 * bytes, numbers,
                [&] { kernels.scale_rows(factors.view().data, image.input(), other.view()); });
  table.measure("combine", wide, 3 * bytes, 3 * numbers,
                [&] { kernels.combine(0.5F, image.input(), 0.5F, other.view()); });

  CudaKernels<double> exact(context);
  Matrix<double> a(context, exact, n, n);
  Matrix<double> b(context, exact, n, n);
  const nlohmann::json square{{"bits", 64}, {"rows", n}, {"columns", n}};
  const double entries = static_cast<double>(n * n) * sizeof(double);
  const geolip::kernels::Matrix<const double> from{a.input().data, n};
  const geolip::kernels::Matrix<double> to{b.view().data, n};
  table.measure("transpose", square, 2 * entries, 0.0, [&] {
    GEOLIP_CUDA_CHECK(geolip::kernels::transpose(n, n, from, nullptr, to, context.stream()));
  });
  table.measure("symmetrise", square, entries, 0.0,
                [&] { GEOLIP_CUDA_CHECK(geolip::kernels::symmetrise(n, to, context.stream())); });
}

nlohmann::json cholesky(Context& context, Index n) {
  CudaKernels<double> kernels(context);
  Matrix<double> a(context, kernels, n, n);
  Matrix<double> k(context, kernels, n, n);
  DeviceScratch workspace_memory(context);
  DeviceScratch info_memory(context);
  const double scale = 1.0 / static_cast<double>(n);
  const double one = 1.0;
  // K = I + A A' / n
  std::vector<double> identity(static_cast<std::size_t>(n * n), 0.0);
  for (Index i = 0; i < n; ++i) identity[static_cast<std::size_t>(i * n + i)] = 1.0;
  const auto prepare = [&] {
    GEOLIP_CUDA_CHECK(cudaMemcpyAsync(k.view().data, identity.data(), identity.size() * sizeof(double),
                                      cudaMemcpyHostToDevice, context.stream()));
    GEOLIP_CUDA_CHECK(cuda::cublasDsyrk_64(context.blas(), CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_T, n, n, &scale,
                                           a.view().data, n, &one, k.view().data, n));
  };
  std::size_t device_bytes = 0;
  std::size_t host_bytes = 0;
  GEOLIP_CUDA_CHECK(cuda::cusolverDnXpotrf_bufferSize(context.solver(), context.solver_parameters(),
                                                      CUBLAS_FILL_MODE_UPPER, n, CUDA_R_64F, k.view().data, n,
                                                      CUDA_R_64F, &device_bytes, &host_bytes));
  auto* workspace = workspace_memory.take<char>(device_bytes);
  std::vector<char> host(host_bytes);
  int* info = info_memory.take<int>(1);
  const Event begin = make_event();
  const Event end = make_event();
  std::vector<float> times;
  for (int i = 0; i < 4; ++i) {
    prepare();
    GEOLIP_CUDA_CHECK(cudaEventRecord(begin.get(), context.stream()));
    GEOLIP_CUDA_CHECK(cuda::cusolverDnXpotrf(
        context.solver(), context.solver_parameters(), CUBLAS_FILL_MODE_UPPER, n, CUDA_R_64F, k.view().data,
        n, CUDA_R_64F, workspace, device_bytes, host.data(), host_bytes, info));
    GEOLIP_CUDA_CHECK(cudaEventRecord(end.get(), context.stream()));
    context.synchronise();
    GEOLIP_CUDA_CHECK(cudaEventElapsedTime(&times.emplace_back(), begin.get(), end.get()));
  }
  const double time = static_cast<double>(*std::min_element(times.begin(), times.end())) * 1e-3;
  return {
      {"n", n}, {"seconds", time}, {"flops_per_second", std::pow(static_cast<double>(n), 3) / 3.0 / time}};
}

int run(bool quick) {
  Context context(0);
  const double bandwidth = copy_bandwidth(context, std::size_t{quick ? 1U : 1024U} << 20);
  nlohmann::json report{{"device", context.name()}, {"copy_bytes_per_second", bandwidth}};
  const Index n = quick ? 64 : 8192;
  const Index problems = quick ? 10 : 1000;
  report["gemm"] = {gemm<float>(context, n, 160), gemm<float>(context, n, quick ? 160 : 4096),
                    gemm<double>(context, n / 2, n / 2)};
  report["cholesky"] = {cholesky(context, n / 8), cholesky(context, n / 2)};
  KernelTable table(context, bandwidth);
  for (const Index rank : {1, 2, 8, 16, 32, 100}) {
    // about the same memory for every rank
    row_kernels<float>(context, n, std::max<Index>(1, problems * 16 / rank), rank, table);
  }
  row_kernels<double>(context, n, problems / 2, 16, table);
  other_kernels(context, n, quick ? 2 : 32, table);
  report["kernels"] = table.entries();
  std::cout << report.dump(2) << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (geolip::backend::cuda::count_devices().count == 0) {
      std::cerr << "bench_cuda: no CUDA device was found\n";
      const char* required = std::getenv("GEOLIP_REQUIRE_CUDA");
      return required != nullptr && std::string_view(required) == "1" ? 1 : skipped;
    }
    return run(argc > 1 && std::string_view(argv[1]) == "--quick");
  } catch (const std::exception& error) {
    std::cerr << "bench_cuda: " << error.what() << "\n";
    return 1;
  }
}
