/// \file
/// One device: a stream on it, its memory and its libraries.
#pragma once

#include <backend/cuda/handles.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace geolip::backend::cuda {

/// Everything runs on one stream, so that work and the release of memory happen in the order in which they
/// were asked for. To be used by one thread at a time, which has called cudaSetDevice (Staging's workers
/// share the stream between them).
class Context {
 public:
  /// Throws QueryError if the environment asks cuBLAS for arithmetic that no certificate may rest on, or if
  /// cuBLAS or cuSOLVER cannot be loaded. \param pool the memory of another context of this device, or null
  /// for a pool of its own.
  explicit Context(int device, std::shared_ptr<MemoryPool> pool = nullptr);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  Context(Context&&) = delete;
  Context& operator=(Context&&) = delete;
  ~Context();

  /// "cuda:0 (NVIDIA H200)"
  const std::string& name() const { return name_; }
  int device() const { return device_; }
  const std::shared_ptr<MemoryPool>& pool() const { return pool_; }
  cudaStream_t stream() const { return stream_.get(); }
  cublasHandle_t blas() const { return blas_.get(); }
  cusolverDnHandle_t solver() const { return solver_.get(); }
  cusolverDnParams_t solver_parameters() const { return solver_parameters_.get(); }

  /// Bytes that this program can have of the device's memory: what is free, and what the pool holds.
  std::size_t memory() const;
  /// Memory at least 256-byte aligned. Throws OutOfDeviceMemory. Does not synchronise, unless memory is
  /// short.
  void* allocate(std::size_t bytes);
  /// The memory serves work that is already on the stream to its end. Does not synchronise.
  void release(void* memory) noexcept;
  /// Pieces of memory that have been released so far: while the number stays, pointers stay valid.
  std::size_t releases() const { return releases_; }
  /// While the stream is captured nothing is allocated or waited for: that throws CudaError, before CUDA
  /// makes a part of the graph of it.
  void set_capturing(bool capturing) { capturing_ = capturing; }
  /// Throws CudaError if the stream is being captured.
  void refuse_while_capturing(const char* what) const;
  /// Waits for the stream.
  void synchronise();

 private:
  void set_up_blas();
  void set_up_solver();

  int device_;
  std::string name_;
  std::shared_ptr<MemoryPool> pool_;
  Stream stream_;
  BlasHandle blas_;
  SolverHandle solver_;
  SolverParameters solver_parameters_;
  void* blas_workspace_ = nullptr;
  std::size_t releases_ = 0;
  bool capturing_ = false;
};

/// Device memory that grows on demand. Earlier contents are lost.
class DeviceScratch {
 public:
  explicit DeviceScratch(Context& context) : context_(context) {}
  DeviceScratch(const DeviceScratch&) = delete;
  DeviceScratch& operator=(const DeviceScratch&) = delete;
  DeviceScratch(DeviceScratch&&) = delete;
  DeviceScratch& operator=(DeviceScratch&&) = delete;
  ~DeviceScratch() { context_.release(memory_); }

  /// Room for `count` objects. Allocates only where there was less before.
  template <class T>
  T* take(std::size_t count) {
    return static_cast<T*>(take_bytes(count * sizeof(T)));
  }

 private:
  void* take_bytes(std::size_t bytes);

  Context& context_;
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Number of devices, and why it is 0 where that is known.
struct DeviceCount {
  int count = 0;
  std::string reason;
};
DeviceCount count_devices();

}  // namespace geolip::backend::cuda
