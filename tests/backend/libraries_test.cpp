// Needs CUDA's libraries, which a build with this backend has, but no device.
#include <backend/cuda/libraries.hpp>

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

}  // namespace
}  // namespace geolip::backend::cuda
