// The backend's name, and the names by which it is asked for.
#include <support/backends.hpp>

#include <gmock/gmock.h>

namespace geolip {
namespace {

std::string message_of(const std::string& device) {
  try {
    backend::make_backend(device, 1);
  } catch (const QueryError& error) {
    return error.what();
  }
  return "no error";
}

TEST(MakeBackend, CpuSaysHowManyThreads) {
  EXPECT_THAT(backend::make_cpu_backend(1)->name(), testing::StartsWith("cpu (1 thread, "));
  EXPECT_THAT(backend::make_backend("cpu", 3)->name(), testing::StartsWith("cpu (3 threads, "));
  EXPECT_TRUE(backend::make_cpu_backend(0)->shares_host_memory());
}

TEST(MakeBackend, RefusesUnknownDevices) {
  EXPECT_EQ(message_of("tpu"), "device: 'tpu' is not known (auto, cpu, cuda, cuda:N)");
  EXPECT_EQ(message_of(""), "device: '' is not known (auto, cpu, cuda, cuda:N)");
}

TEST(MakeBackend, LeavesAutoToRuns) {
  EXPECT_EQ(message_of("auto"), "device: 'auto' is for whole runs, here it is cpu, cuda or cuda:N");
}

TEST(MakeBackend, RefusesDevicesThatAreNotNumbers) {
  EXPECT_EQ(message_of("cuda:"), "device: 'cuda:' is not known (auto, cpu, cuda, cuda:N)");
  EXPECT_EQ(message_of("cuda:-1"), "device: 'cuda:-1' is not known (auto, cpu, cuda, cuda:N)");
  EXPECT_EQ(message_of("cuda:0x"), "device: 'cuda:0x' is not known (auto, cpu, cuda, cuda:N)");
}

TEST(MakeBackend, RefusesDevicesThatAreNotThere) {
  EXPECT_THAT(message_of("cuda:99"), testing::StartsWith("device: 'cuda:99' is not "));
}

}  // namespace
}  // namespace geolip
