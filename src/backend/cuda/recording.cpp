#include <backend/cuda/recording.hpp>

#include <exception>

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

// What cannot be captured spoils the capture and nothing else: nothing has run. The operations are then done
// one by one, slower, with the same results; what is wrong with the device shows again there.
bool Recording::capture(const std::function<void()>& operations) {
  // Of this thread alone: what others do meanwhile is none of it.
  GEOLIP_CUDA_CHECK(cudaStreamBeginCapture(context_.stream(), cudaStreamCaptureModeThreadLocal));
  context_.set_capturing(true);
  bool captured = true;
  std::exception_ptr foreign;
  try {
    operations();
  } catch (const CudaError&) {
    captured = false;
  } catch (const OutOfDeviceMemory&) {
    captured = false;
  } catch (...) {
    foreign = std::current_exception();
  }
  context_.set_capturing(false);
  cudaGraph_t made = nullptr;
  captured = cudaStreamEndCapture(context_.stream(), &made) == cudaSuccess && captured;
  const Graph graph(made);
  if (foreign != nullptr) std::rethrow_exception(foreign);
  // a graph that holds memory's release would release it at every launch
  captured = captured && context_.releases() == releases_;
  cudaGraphExec_t exec = nullptr;
  captured = captured && cudaGraphInstantiate(&exec, graph.get(), 0) == cudaSuccess;
  exec_.reset(exec);
  if (!captured) static_cast<void>(cudaGetLastError());
  return captured;
}

}  // namespace geolip::backend::cuda
