/// \file
/// What the tests of the readers share.
#pragma once

#include <unistd.h>

#include <geolip/error.hpp>
#include <geolip/io.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <support/paths.hpp>
#include <vector>

namespace geolip::test {

inline std::filesystem::path data_file(const std::string& name) {
  return std::filesystem::path(geolip::test::test_data()) / name;
}

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A directory of its own for each test, removed with it.
class Files : public ::testing::Test {
 protected:
  Files() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(info->test_suite_name()) + "." + info->name();
    for (char& c : name) {
      if (c == '/') c = '_';
    }
    directory_ =
        std::filesystem::path(::testing::TempDir()) / ("geolip." + std::to_string(::getpid()) + "." + name);
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  ~Files() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  Files(Files&&) = delete;
  Files& operator=(Files&&) = delete;

  const std::filesystem::path& directory() const { return directory_; }

  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    auto path = directory_ / name;
    // some file systems flush to the disk what overwrites a file, which makes thousands of writes slow
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << bytes;
    keep(path);
    return path;
  }

  /// Copies a file to the folder $GEOLIP_KEEP_TEST_FILES, if there is one: seeds for the fuzz targets.
  static void keep(const std::filesystem::path& path) {
    static int number = 0;
    if (const char* folder = std::getenv("GEOLIP_KEEP_TEST_FILES")) {
      std::filesystem::copy_file(
          path, std::filesystem::path(folder) / (std::to_string(number++) + "-" + path.filename().string()));
    }
  }

 private:
  std::filesystem::path directory_;
};

/// The message of the NetworkError that reading the file ends in.
inline std::string refusal(const std::filesystem::path& path, const ReadOptions& options = {}) {
  try {
    read_network(path, options);
  } catch (const NetworkError& error) {
    return error.what();
  }
  return "(it was read)";
}

/// The network of the files in tests/data, made by tests/tools/make_networks.py.
inline const std::vector<double> tiny_input{0.5, -1.25, 2.0};
inline const std::vector<double> tiny_output{-6.34375, 6.796875};
inline const std::vector<double> tiny_output_with_biases{-4.78125, 8.140625};

}  // namespace geolip::test
