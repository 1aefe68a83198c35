#include <cli/exit_code.hpp>

#include <gtest/gtest.h>

#include <new>
#include <sstream>
#include <stdexcept>

namespace geolip::cli {
namespace {

template <class E>
std::pair<int, std::string> reported(const E& error) {
  std::ostringstream err;
  const int code = report(err, std::make_exception_ptr(error));
  return {code, err.str()};
}

TEST(Report, GivesEveryErrorItsExitCode) {
  using Expected = std::pair<int, std::string>;
  EXPECT_EQ(reported(UsageError("a")), Expected(2, "geolip: a\n"));
  EXPECT_EQ(reported(QueryError("b")), Expected(2, "geolip: b\n"));
  EXPECT_EQ(reported(NetworkError("c")), Expected(3, "geolip: c\n"));
  EXPECT_EQ(reported(FileError("d")), Expected(3, "geolip: d\n"));
  EXPECT_EQ(reported(ResourceError("d")), Expected(3, "geolip: d\n"));
  EXPECT_EQ(reported(NumericalError("e")), Expected(1, "geolip: e\n"));
  EXPECT_EQ(reported(std::runtime_error("f")), Expected(1, "geolip: f\n"));
  EXPECT_EQ(reported(42), Expected(1, "geolip: an error of unknown kind\n"));
  EXPECT_EQ(reported(std::bad_alloc()),
            Expected(1, "geolip: memory ran out; a lower --max-rank or fewer --outputs at once need less\n"));
  EXPECT_EQ(reported(std::length_error("vector")), reported(std::bad_alloc()));
}

/// As a device's backend throws it.
class OutOfDeviceMemory : public std::bad_alloc {
 public:
  const char* what() const noexcept override {
    return "cuda:0: 8 bytes of memory were asked for, and 4 are free";
  }
};

TEST(Report, SaysWhatMemoryRanOut) {
  const auto [code, text] = reported(OutOfDeviceMemory());
  EXPECT_EQ(code, 1);
  EXPECT_EQ(text.find("geolip: cuda:0: 8 bytes of memory were asked for, and 4 are free;"), 0U) << text;
}

TEST(Report, KeepsAnErrorOnOneLine) {
  EXPECT_EQ(reported(NetworkError("layer 'a\n\x1b[2J' is odd")).second, "geolip: layer 'a ?[2J' is odd\n");
}

}  // namespace
}  // namespace geolip::cli
