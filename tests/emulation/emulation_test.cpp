// That the emulated device notices what a GPU may let pass: were it blind, the tests on it would prove
// little.
#include <emulation/device.hpp>
#include <emulation/threads.hpp>

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <vector>

namespace geolip::emulation {
namespace {

class Emulation : public testing::Test {
 protected:
  void SetUp() override {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    ASSERT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess);
    cudaMemPoolProps properties = {};
    properties.location.type = cudaMemLocationTypeDevice;
    ASSERT_EQ(cudaMemPoolCreate(&pool_, &properties), cudaSuccess);
  }
  void TearDown() override {
    EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess);
    EXPECT_EQ(cudaMemPoolDestroy(pool_), cudaSuccess);
  }
  int* numbers(std::size_t count) {
    void* memory = nullptr;
    EXPECT_EQ(cudaMallocFromPoolAsync(&memory, count * sizeof(int), pool_, stream_), cudaSuccess);
    return static_cast<int*>(memory);
  }
  void set(int* memory, int value) {
    EXPECT_EQ(enqueue(stream_, [=] { *memory = value; }), cudaSuccess);
  }
  int read(const int* memory) {
    int value = 0;
    EXPECT_EQ(cudaMemcpyAsync(&value, memory, sizeof(int), cudaMemcpyDeviceToHost, stream_), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    return value;
  }
  cudaStream_t stream_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
};

TEST_F(Emulation, WorkWaitsForASynchronisation) {
  int* memory = numbers(1);
  set(memory, 7);
  int value = 0;
  ASSERT_EQ(cudaMemcpyAsync(&value, memory, sizeof(int), cudaMemcpyDeviceToHost, stream_), cudaSuccess);
  EXPECT_EQ(value, 0);
  ASSERT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_EQ(value, 7);
}

TEST_F(Emulation, StreamsOnlyWaitForEventsOfEachOther) {
  int* memory = numbers(1);
  set(memory, 1);
  ASSERT_EQ(read(memory), 1);
  cudaStream_t other = nullptr;
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  ASSERT_EQ(enqueue(other, [=] { *memory = 2; }), cudaSuccess);
  EXPECT_EQ(read(memory), 1);
  ASSERT_EQ(cudaEventRecord(event, other), cudaSuccess);
  ASSERT_EQ(cudaStreamWaitEvent(stream_, event, 0), cudaSuccess);
  EXPECT_EQ(read(memory), 2);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(other), cudaSuccess);
}

TEST_F(Emulation, GraphsRepeatTheirWork) {
  int* memory = numbers(1);
  set(memory, 0);
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  ASSERT_EQ(enqueue(stream_, [=] { ++*memory; }), cudaSuccess);
  cudaGraph_t graph = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
  EXPECT_EQ(read(memory), 0);
  cudaGraphExec_t exec = nullptr;
  ASSERT_EQ(cudaGraphInstantiate(&exec, graph, 0), cudaSuccess);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(cudaGraphLaunch(exec, stream_), cudaSuccess);
  EXPECT_EQ(read(memory), 3);
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

TEST_F(Emulation, CapturesRefuseWhatTheyCannotHold) {
  for (const bool allocates : {true, false}) {
    ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    void* memory = nullptr;
    const cudaError_t error =
        allocates ? cudaMallocFromPoolAsync(&memory, 4, pool_, stream_) : cudaStreamSynchronize(stream_);
    EXPECT_EQ(error, cudaErrorStreamCaptureUnsupported);
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
  }
}

TEST_F(Emulation, MemoryFaultsBeyondItsEndAndAfterItsRelease) {
  int* memory = numbers(64);
  EXPECT_DEATH(
      {
        set(memory + 64, 1);
        cudaStreamSynchronize(stream_);
      },
      "");
  ASSERT_EQ(cudaFreeAsync(memory, stream_), cudaSuccess);
  EXPECT_DEATH(
      {
        set(memory, 1);
        cudaStreamSynchronize(stream_);
      },
      "");
}

TEST_F(Emulation, FreshMemoryHoldsNoNumbers) { EXPECT_EQ(read(numbers(1)), -1); }

TEST_F(Emulation, MemoryIsFinite) {
  void* memory = nullptr;
  EXPECT_EQ(cudaMallocFromPoolAsync(&memory, std::size_t{1} << 50, pool_, stream_),
            cudaErrorMemoryAllocation);
}

TEST(EmulatedThreads, LanesExchangeWithinTheirMask) {
  std::vector<double> taken(64, -1.0);
  run_grid(dim3(1), dim3(64), [&] {
    const unsigned t = thread_index().x;
    if (t < 32) taken[t] = exchange(0xffffffffU, t, 1);
    if (t >= 40 && t < 44) taken[t] = exchange(0xf00U, t, 2);
  });
  for (unsigned t = 0; t < 32; ++t) EXPECT_EQ(taken[t], t ^ 1U);
  EXPECT_EQ(taken[40], 42);
  EXPECT_EQ(taken[43], 41);
  EXPECT_EQ(taken[50], -1);
}

TEST(EmulatedThreads, LanesThatStayAwayAreNoticed) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(run_grid(dim3(1), dim3(32),
                        [] {
                          if (thread_index().x != 5) exchange(0xffffffffU, 1.0, 1);
                        }),
               "wait for others");
}

TEST(EmulatedThreads, LaunchesHaveLimits) {
  EXPECT_TRUE(is_launchable(dim3(1U << 30), dim3(256)));
  EXPECT_FALSE(is_launchable(dim3(0), dim3(256)));
  EXPECT_FALSE(is_launchable(dim3(1), dim3(64, 32)));
  EXPECT_FALSE(is_launchable(dim3(1, 70000), dim3(256)));
}

}  // namespace
}  // namespace geolip::emulation
