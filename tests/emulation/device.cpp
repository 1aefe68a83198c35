#include <emulation/device.hpp>
#include <emulation/streams.hpp>

#include <utility>

namespace geolip::emulation {
namespace {

thread_local cudaError_t last_error = cudaSuccess;

}  // namespace

std::recursive_mutex& mutex() {
  static std::recursive_mutex one;
  return one;
}

cudaError_t fail(cudaError_t error) {
  last_error = error;
  return error;
}

cudaError_t take_last_error() { return std::exchange(last_error, cudaSuccess); }

bool is_launchable(dim3 blocks, dim3 threads) {
  const auto within = [](unsigned n, unsigned most) { return n > 0 && n <= most; };
  return within(blocks.x, 0x7fffffffU) && within(blocks.y, 65535U) && within(blocks.z, 65535U) &&
         within(threads.x, 1024U) && within(threads.y, 1024U) && within(threads.z, 64U) &&
         threads.x * threads.y * threads.z <= 1024U;
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work) {
  const std::scoped_lock lock(mutex());
  if (stream == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (stream->capture != nullptr) {
    stream->capture->work.push_back(std::move(work));
  } else {
    stream->queue.push_back(std::move(work));
  }
  return cudaSuccess;
}

void drain(cudaStream_t stream) {
  const std::scoped_lock lock(mutex());
  while (!stream->queue.empty()) {
    const std::function<void()> work = std::move(stream->queue.front());
    stream->queue.pop_front();
    work();
  }
}

}  // namespace geolip::emulation
