// Whatever the bytes, reading ends in a network or in a NetworkError: the sanitizers and the memory limits of
// the readers are what these tests are about.
#include <formats/support.hpp>

#include <random>

namespace geolip {
namespace {

class DamagedFiles : public test::Files, public ::testing::WithParamInterface<const char*> {
 protected:
  /// True if the bytes were read or refused in one line that names the file.
  bool survives(const std::string& bytes) const {
    const auto path =
        write(std::string("damaged") + std::filesystem::path(GetParam()).extension().string(), bytes);
    const std::string message = test::refusal(path);
    return message == "(it was read)" ||
           (message.find('\n') == std::string::npos && message.find("damaged.") != std::string::npos);
  }
  std::string original() const { return test::contents(test::data_file(GetParam())); }
};

TEST_P(DamagedFiles, CutOffAnywhere) {
  const std::string bytes = original();
  for (std::size_t n = 0; n < bytes.size(); ++n) ASSERT_TRUE(survives(bytes.substr(0, n))) << n;
}

TEST_P(DamagedFiles, OneByteChanged) {
  const std::string bytes = original();
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string changed = bytes;
      changed[n] = static_cast<char>(changed[n] ^ flip);
      ASSERT_TRUE(survives(changed)) << n << " " << flip;
    }
  }
}

TEST_P(DamagedFiles, ManyBytesChanged) {
  std::mt19937 random(7);
  const std::string bytes = original();
  for (int round = 0; round < 500; ++round) {
    std::string changed = bytes;
    for (int k = 0; k < 8; ++k) changed[random() % changed.size()] = static_cast<char>(random());
    ASSERT_TRUE(survives(changed)) << round;
  }
}

TEST_P(DamagedFiles, RandomBytes) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    std::string bytes(1 + random() % 400, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    ASSERT_TRUE(survives(bytes)) << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, DamagedFiles,
                         ::testing::Values("tiny.onnx", "plain.mat", "compressed.mat", "biased.npz",
                                           "kinds.npz", "tiny.nnet"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           for (char& c : name) {
                             if (c == '.') c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace geolip
