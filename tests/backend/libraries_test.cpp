// Needs CUDA's libraries, which a build with this backend has, but no device.
#include <backend/cuda/check.hpp>

#include <gtest/gtest.h>

#include <string>

namespace geolip::backend::cuda {
namespace {

TEST(Libraries, AreLoadedWithEveryFunction) {
  load_libraries();
  load_libraries();  // a second time is none
#define GEOLIP_EXPECT(name) EXPECT_NE(name, nullptr);
  GEOLIP_CUBLAS_FUNCTIONS(GEOLIP_EXPECT)
  GEOLIP_CUSOLVER_FUNCTIONS(GEOLIP_EXPECT)
#undef GEOLIP_EXPECT
  EXPECT_NE(std::string(cublasGetStatusString(CUBLAS_STATUS_SUCCESS)), "");
}

TEST(Libraries, ShortOfMemoryAreShortOfMemory) {
  load_libraries();
  EXPECT_THROW(check(cudaErrorMemoryAllocation, "f()", "a.cpp", 1), std::bad_alloc);
  EXPECT_THROW(check(CUBLAS_STATUS_ALLOC_FAILED, "f()", "a.cpp", 1), std::bad_alloc);
  EXPECT_THROW(check(CUSOLVER_STATUS_ALLOC_FAILED, "f()", "a.cpp", 1), std::bad_alloc);
  EXPECT_THROW(check(CUBLAS_STATUS_EXECUTION_FAILED, "f()", "a.cpp", 1), CudaError);
}

}  // namespace
}  // namespace geolip::backend::cuda
