#include <backend/cuda/recording.hpp>

namespace geolip::backend::cuda {

void Recording::play(const std::function<void()>& operations) {
  if (state_ == State::plain) {
    operations();
    return;
  }
  if (context_.releases() != releases_) state_ = State::fresh;
  if (state_ == State::done_once) state_ = capture(operations) ? State::recorded : State::plain;
  if (state_ == State::recorded) {
    GEOLIP_CUDA_CHECK(cudaGraphLaunch(exec_.get(), context_.stream()));
    return;
  }
  exec_.reset();
  operations();
  if (state_ == State::fresh) state_ = State::done_once;
  releases_ = context_.releases();
}

// What a library cannot do while it is captured spoils the capture and nothing else: nothing has run. The
// operations are then done one by one, slower, with the same results.
bool Recording::capture(const std::function<void()>& operations) {
  // Of this thread alone: what others allocate meanwhile is none of it.
  GEOLIP_CUDA_CHECK(cudaStreamBeginCapture(context_.stream(), cudaStreamCaptureModeThreadLocal));
  cudaGraph_t captured = nullptr;
  try {
    operations();
  } catch (const CudaError&) {
    // ends the capture; its own error says no more than the one caught
    static_cast<void>(cudaStreamEndCapture(context_.stream(), &captured));
    const Graph spoilt(captured);
    static_cast<void>(cudaGetLastError());
    return false;
  } catch (...) {
    static_cast<void>(cudaStreamEndCapture(context_.stream(), &captured));
    const Graph spoilt(captured);
    throw;
  }
  const cudaError_t ended = cudaStreamEndCapture(context_.stream(), &captured);
  const Graph graph(captured);
  if (ended == cudaErrorStreamCaptureInvalidated || ended == cudaErrorStreamCaptureUnsupported) {
    static_cast<void>(cudaGetLastError());
    return false;
  }
  check(ended, "cudaStreamEndCapture", __FILE__, __LINE__);
  cudaGraphExec_t exec = nullptr;
  GEOLIP_CUDA_CHECK(cudaGraphInstantiate(&exec, graph.get(), 0));
  exec_.reset(exec);
  return true;
}

}  // namespace geolip::backend::cuda
