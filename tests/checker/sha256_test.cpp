#include <checker/bytes.hpp>

#include <gtest/gtest.h>

#include <checker/certificates.hpp>
#include <formats/reader.hpp>

namespace geolip::checker {
namespace {

TEST(Sha256, IsThatOfTheStandardsExamples) {
  EXPECT_EQ(sha256({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(testing::bytes_of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(testing::bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(testing::bytes_of(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, IsThatOfOpenSslForEveryLengthOfPadding) {
  for (std::size_t n = 0; n < 200; ++n) {
    const std::string text(n, static_cast<char>(n));
    ASSERT_EQ(sha256(testing::bytes_of(text)), formats::sha256(testing::bytes_of(text))) << n;
  }
}

}  // namespace
}  // namespace geolip::checker
