// The functions of CUDA's runtime that GeoLIP calls, on the emulated device.
#include <emulation/device.hpp>
#include <emulation/memory.hpp>
#include <emulation/streams.hpp>

#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>

namespace {

using namespace geolip::emulation;

/// Whether a call that cannot be captured may go on: no stream of this thread is being captured.
thread_local cudaStream_t captured = nullptr;

bool spoils_capture() {
  if (captured == nullptr) return false;
  captured->spoilt = true;
  return true;
}

double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::map<cudaEvent_t, double>& event_times() {
  static std::map<cudaEvent_t, double> times;
  return times;
}

}  // namespace

extern "C" {

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    default:
      return "emulated device's error";
  }
}

cudaError_t cudaGetLastError() { return take_last_error(); }

cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : fail(cudaErrorInvalidDevice); }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return fail(cudaErrorInvalidDevice);
  *properties = {};
  std::strcpy(properties->name, "emulated on the host");
  properties->totalGlobalMem = memory_size();
  return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* /*function*/) {
  *attributes = {};
  return cudaSuccess;
}

// ---- memory

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const std::scoped_lock lock(mutex());
  *total = memory_size();
  *free = memory_size() - memory_of_others() - memory_in_use();
  return cudaSuccess;
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  if (properties->location.type != cudaMemLocationTypeDevice) return fail(cudaErrorInvalidValue);
  *pool = reinterpret_cast<cudaMemPool_t>(new int(properties->location.id));
  return cudaSuccess;
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  delete reinterpret_cast<int*>(pool);
  return cudaSuccess;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t /*pool*/, cudaMemPoolAttr /*attribute*/, void* /*value*/) {
  return cudaSuccess;
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t /*pool*/, cudaMemPoolAttr attribute, void* value) {
  if (attribute != cudaMemPoolAttrReservedMemCurrent) return fail(cudaErrorInvalidValue);
  const std::scoped_lock lock(mutex());
  *static_cast<std::uint64_t*>(value) = memory_in_use();
  return cudaSuccess;
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t /*pool*/, std::size_t /*keep*/) { return cudaSuccess; }

cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool,
                                    cudaStream_t stream) {
  const std::scoped_lock lock(mutex());
  if (spoils_capture()) return fail(cudaErrorStreamCaptureUnsupported);
  if (pool == nullptr || stream == nullptr) return fail(cudaErrorInvalidValue);
  *memory = allocate(bytes);
  return *memory == nullptr ? fail(cudaErrorMemoryAllocation) : cudaSuccess;
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  const std::scoped_lock lock(mutex());
  if (spoils_capture()) return fail(cudaErrorStreamCaptureUnsupported);
  forget(memory);
  return enqueue(stream, [memory] { destroy(memory); });
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned flags) {
  if (flags != cudaHostAllocDefault) return fail(cudaErrorInvalidValue);
  if (spoils_capture()) return fail(cudaErrorStreamCaptureUnsupported);
  const char* pinned = std::getenv("GEOLIP_EMULATED_PINNED");
  if (pinned != nullptr && std::string_view(pinned) == "0") return fail(cudaErrorMemoryAllocation);
  *memory = std::malloc(bytes);
  return *memory == nullptr ? fail(cudaErrorMemoryAllocation) : cudaSuccess;
}

cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  // A copy from or to ordinary memory of the host waits for the stream, which a capture cannot.
  if (kind != cudaMemcpyDeviceToDevice && spoils_capture()) return fail(cudaErrorStreamCaptureUnsupported);
  return enqueue(stream, [=] { std::memcpy(to, from, bytes); });
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  return enqueue(stream, [=] { std::memset(memory, value, bytes); });
}

// ---- streams

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  if (flags != cudaStreamNonBlocking) return fail(cudaErrorInvalidValue);
  *stream = new CUstream_st;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  drain(stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (spoils_capture()) return fail(cudaErrorStreamCaptureUnsupported);
  drain(stream);
  return cudaSuccess;
}

// ---- events

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new CUevent_st;
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned /*flags*/) {
  return cudaEventCreate(event);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const std::scoped_lock lock(mutex());
  event_times().erase(event);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const std::scoped_lock lock(mutex());
  event->reached = std::make_shared<bool>(false);
  event->stream = stream;
  return enqueue(stream, [event, reached = event->reached] {
    *reached = true;
    event_times()[event] = now();
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned /*flags*/) {
  const std::scoped_lock lock(mutex());
  if (event->reached == nullptr) return cudaSuccess;  // never recorded: nothing to wait for
  return enqueue(stream, [from = event->stream, reached = event->reached] {
    if (!*reached) drain(from);
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (spoils_capture()) return fail(cudaErrorStreamCaptureUnsupported);
  const std::scoped_lock lock(mutex());
  if (event->reached != nullptr && !*event->reached) drain(event->stream);
  return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  const std::scoped_lock lock(mutex());
  if (begin->reached == nullptr || end->reached == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (!*begin->reached || !*end->reached) return fail(cudaErrorNotReady);
  *milliseconds = static_cast<float>(event_times()[end] - event_times()[begin]);
  return cudaSuccess;
}

// ---- graphs

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  const std::scoped_lock lock(mutex());
  if (captured != nullptr || stream->capture != nullptr) return fail(cudaErrorIllegalState);
  if (mode != cudaStreamCaptureModeThreadLocal) return fail(cudaErrorInvalidValue);  // the one GeoLIP uses
  stream->capture = std::make_unique<CUgraph_st>();
  stream->spoilt = false;
  captured = stream;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const std::scoped_lock lock(mutex());
  *graph = nullptr;
  if (stream->capture == nullptr) return fail(cudaErrorIllegalState);
  const std::unique_ptr<CUgraph_st> made = std::move(stream->capture);
  captured = nullptr;
  if (stream->spoilt) return fail(cudaErrorStreamCaptureInvalidated);
  *graph = new CUgraph_st(*made);
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long /*flags*/) {
  *exec = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  const std::scoped_lock lock(mutex());
  // The nodes are copied: the executable graph may be destroyed while a launch of it is still in flight.
  return enqueue(stream, [work = exec->work] {
    for (const auto& node : work) node();
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  delete exec;
  return cudaSuccess;
}

}  // extern "C"
