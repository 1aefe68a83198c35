/// \file
/// What stands behind CUDA's handles on the emulated device.
#pragma once

#include <cuda_runtime_api.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

struct CUgraph_st {
  std::vector<std::function<void()>> work;
};
struct CUgraphExec_st {
  std::vector<std::function<void()>> work;
};
struct CUstream_st {
  std::deque<std::function<void()>> queue;
  std::unique_ptr<CUgraph_st> capture;  // while the stream is captured
  bool spoilt = false;                  // the capture met something that cannot be captured
};
struct CUevent_st {
  std::shared_ptr<bool> reached;  // by the work on the stream that recorded it
  cudaStream_t stream = nullptr;
};

namespace geolip::emulation {

/// Held by every call: the device does one thing at a time.
std::recursive_mutex& mutex();
/// Runs all that is on the stream.
void drain(cudaStream_t stream);
/// The last error of this thread, which is forgotten.
cudaError_t take_last_error();

}  // namespace geolip::emulation
