/// \file
/// Tests that run on every backend.
#pragma once

#include <backend/backend.hpp>
#include <geolip/error.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace geolip::test {

/// The backends that tests run over: "cpuN" is the CPU with N threads, any other name is a device.
inline std::vector<std::string> backend_names() { return {"cpu1", "cpu3", "cuda"}; }

/// Throws QueryError, which says why, if there is no such backend here.
inline std::unique_ptr<backend::Backend> make_named_backend(const std::string& name) {
  if (name.starts_with("cpu")) return backend::make_cpu_backend(std::stoi(name.substr(3)));
  return backend::make_backend(name, 1);
}

/// Whether a backend that is missing is a failure, and not a reason to skip: GEOLIP_REQUIRE_CUDA=1.
inline bool devices_are_required() {
  const char* value = std::getenv("GEOLIP_REQUIRE_CUDA");
  return value != nullptr && std::string(value) == "1";
}

/// A test with the name of a backend for its parameter. Without that backend it is skipped, with the reason.
class OnEveryBackend : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    try {
      backend_ = make_named_backend(GetParam());
    } catch (const QueryError& error) {
      if (devices_are_required()) FAIL() << error.what();
      GTEST_SKIP() << error.what();
    }
  }
  backend::Backend& backend() { return *backend_; }

 private:
  std::unique_ptr<backend::Backend> backend_;
};

}  // namespace geolip::test

/// Runs the tests of a fixture derived from OnEveryBackend.
#define GEOLIP_ON_EVERY_BACKEND(fixture)                                                          \
  INSTANTIATE_TEST_SUITE_P(Backends, fixture, testing::ValuesIn(::geolip::test::backend_names()), \
                           [](const auto& param_info) { return param_info.param; })
