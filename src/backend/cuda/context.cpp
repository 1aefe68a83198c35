#include <backend/cuda/context.hpp>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <utility>

namespace geolip::backend::cuda {
namespace {

// What cuBLAS recommends for its fastest kernels on the largest devices.
constexpr std::size_t blas_workspace_bytes = std::size_t{32} << 20;

/// Variables with which a user can make cuBLAS replace float32 or float64 by something else. Math modes do
/// not reach the handles that cuSOLVER keeps to itself, so that refusing is the only safe answer.
void refuse_other_arithmetic() {
  for (const char* variable :
       {"CUBLAS_EMULATE_DOUBLE_PRECISION", "CUBLAS_EMULATE_SINGLE_PRECISION", "NVIDIA_TF32_OVERRIDE"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0' && std::string_view(value) != "0") {
      throw QueryError(std::string("device: ") + variable + " is set to '" + value +
                       "', but a certificate needs true float64; please unset it");
    }
  }
}

/// A pool of the device's memory that keeps what was released to it.
std::shared_ptr<MemoryPool> make_pool(int device) {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  cudaMemPool_t pool = nullptr;
  GEOLIP_CUDA_CHECK(cudaMemPoolCreate(&pool, &properties));
  auto owned = std::make_shared<MemoryPool>(pool);
  std::uint64_t threshold = std::numeric_limits<std::uint64_t>::max();
  GEOLIP_CUDA_CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  return owned;
}

}  // namespace

Context::Context(int device, std::shared_ptr<MemoryPool> pool) : device_(device), pool_(std::move(pool)) {
  refuse_other_arithmetic();
  load_libraries();
  GEOLIP_CUDA_CHECK(cudaSetDevice(device));
  cudaDeviceProp properties = {};
  GEOLIP_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  name_ = "cuda:" + std::to_string(device) + " (" + properties.name + ")";
  if (pool_ == nullptr) pool_ = make_pool(device);
  cudaStream_t stream = nullptr;
  GEOLIP_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  stream_.reset(stream);
  // The handles that take memory first: what is allocated after them is released with this object alone.
  set_up_solver();
  set_up_blas();
}

Context::~Context() {
  // The stream's end must come before that of the libraries and the pool that its work still uses.
  static_cast<void>(cudaStreamSynchronize(stream()));
  release(blas_workspace_);
  static_cast<void>(cudaStreamSynchronize(stream()));
}

void Context::set_up_blas() {
  cublasHandle_t blas = nullptr;
  GEOLIP_CUDA_CHECK(cublasCreate(&blas));
  blas_.reset(blas);
  GEOLIP_CUDA_CHECK(cublasSetStream(blas, stream()));
  // Memory of our own, so that no product allocates. It must follow cublasSetStream, which resets it.
  blas_workspace_ = allocate(blas_workspace_bytes);
  GEOLIP_CUDA_CHECK(cublasSetWorkspace(blas, blas_workspace_, blas_workspace_bytes));
  GEOLIP_CUDA_CHECK(cublasSetPointerMode(blas, CUBLAS_POINTER_MODE_HOST));
  GEOLIP_CUDA_CHECK(cublasSetAtomicsMode(blas, CUBLAS_ATOMICS_NOT_ALLOWED));
  // Float32 and float64 as IEEE has them, on the tensor cores that compute in float64 too: TF32 and emulation
  // by narrower formats are modes of their own, or variables that are refused above. (The pedantic mode may
  // do without tensor cores.)
  GEOLIP_CUDA_CHECK(cublasSetMathMode(blas, CUBLAS_DEFAULT_MATH));
}

void Context::set_up_solver() {
  cusolverDnHandle_t solver = nullptr;
  GEOLIP_CUDA_CHECK(cusolverDnCreate(&solver));
  solver_.reset(solver);
  GEOLIP_CUDA_CHECK(cusolverDnSetStream(solver, stream()));
#if GEOLIP_CUSOLVER_HAS_DETERMINISTIC_MODE
  GEOLIP_CUDA_CHECK(cusolverDnSetDeterministicMode(solver, CUSOLVER_DETERMINISTIC_RESULTS));
#endif
#if GEOLIP_CUSOLVER_HAS_MATH_MODE
  GEOLIP_CUDA_CHECK(cusolverDnSetMathMode(solver, CUSOLVER_DEFAULT_MATH));
#endif
  cusolverDnParams_t parameters = nullptr;
  GEOLIP_CUDA_CHECK(cusolverDnCreateParams(&parameters));
  solver_parameters_.reset(parameters);
}

void Context::refuse_while_capturing(const char* what) const {
  if (capturing_) throw CudaError(std::string("CUDA: ") + what + " while a stream is captured");
}

std::size_t Context::memory() const {
  std::size_t free = 0;
  std::size_t total = 0;
  GEOLIP_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  std::uint64_t held = 0;
  GEOLIP_CUDA_CHECK(cudaMemPoolGetAttribute(pool_->get(), cudaMemPoolAttrReservedMemCurrent, &held));
  return free + held;
}

void* Context::allocate(std::size_t bytes) {
  refuse_while_capturing("memory was asked for");
  void* memory = nullptr;
  cudaError_t status = cudaMallocFromPoolAsync(&memory, bytes, pool_->get(), stream());
  if (status == cudaErrorMemoryAllocation) {
    // Blocks in the pool that no longer fit any request are given back before the request fails.
    static_cast<void>(cudaGetLastError());
    synchronise();
    GEOLIP_CUDA_CHECK(cudaMemPoolTrimTo(pool_->get(), 0));
    status = cudaMallocFromPoolAsync(&memory, bytes, pool_->get(), stream());
  }
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    std::size_t free = 0;
    std::size_t total = 0;
    GEOLIP_CUDA_CHECK(cudaMemGetInfo(&free, &total));
    throw OutOfDeviceMemory(name_, bytes, free);
  }
  check(status, "cudaMallocFromPoolAsync", __FILE__, __LINE__);
  return memory;
}

void Context::release(void* memory) noexcept {
  if (memory == nullptr) return;
  ++releases_;
  static_cast<void>(cudaFreeAsync(memory, stream()));
}

void Context::synchronise() {
  refuse_while_capturing("a stream was waited for");
  GEOLIP_CUDA_CHECK(cudaStreamSynchronize(stream()));
}

void* DeviceScratch::take_bytes(std::size_t bytes) {
  if (bytes > bytes_) {
    context_.release(memory_);
    memory_ = nullptr;
    bytes_ = 0;
    memory_ = context_.allocate(bytes);
    bytes_ = bytes;
  }
  return memory_;
}

DeviceCount count_devices() {
  DeviceCount found;
  const cudaError_t status = cudaGetDeviceCount(&found.count);
  if (status == cudaSuccess) return found;
  static_cast<void>(cudaGetLastError());
  int driver = 0;
  const bool asked = cudaDriverGetVersion(&driver) == cudaSuccess;
  // without any driver CUDA says that it is too old
  return {0, asked && driver == 0 ? "no CUDA driver is installed" : cudaGetErrorString(status)};
}

}  // namespace geolip::backend::cuda
