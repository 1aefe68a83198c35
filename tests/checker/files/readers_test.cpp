// The checker's readers against the product's: on every file there is, and on damaged ones.
#include <geolip/error.hpp>
#include <geolip/io.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "checker/files/support.hpp"
#include "formats/reader.hpp"
#include "formats/support.hpp"
#include "support/paths.hpp"

namespace geolip::checker {
namespace {

using testing::bytes_of;
using testing::expect_same;
using ::testing::HasSubstr;
using testing::no_external;
using testing::refusal;

Network read(const std::filesystem::path& path, const Reading& reading = {}) {
  const std::string bytes = test::contents(path);
  return read_network(bytes_of(bytes), path.extension().string(), reading, no_external);
}

/// Both read the file to the same network, or both refuse it. Returns whether they read it.
bool agree(const std::filesystem::path& path, const ReadOptions& options = {}, const Reading& reading = {}) {
  std::optional<NetworkFile> product;
  try {
    product = geolip::read_network(path, options);
  } catch (const NetworkError&) {
    product.reset();
  }
  std::vector<ExternalHash> external;
  if (product) {
    for (const ExternalFile& file : product->source.external) external.push_back({file.location, file.sha256});
  }
  const std::string refused = refusal([&] {
    NetworkSource source(path);
    const Network& own = source.network(reading, external);
    EXPECT_TRUE(product.has_value()) << path << " is refused by the product alone";
    if (product) expect_same(own, product->network, path.string());
  });
  if (product) {
    EXPECT_EQ(refused, "(it was read)") << path;
  }
  return product.has_value();
}

TEST(CheckersReaders, AgreeWithTheProductOnAllTestData) {
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::data_file(""))) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".md" || extension == ".json") continue;
    compared += agree(entry.path()) ? 1 : 0;
  }
  EXPECT_EQ(compared, 9);  // the others are there to be refused
}

TEST(CheckersReaders, AgreeOnTheExamples) {
  const std::filesystem::path examples = std::filesystem::path(geolip::test::source_dir()) / "examples";
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(examples)) {
    if (entry.path().extension() == ".onnx") compared += agree(entry.path()) ? 1 : 0;
  }
  EXPECT_GE(compared, 2);
}

TEST(CheckersReaders, FollowTheChoicesOfACertificate) {
  ReadOptions tanh;
  tanh.activation = make_activation(ActivationKind::tanh);
  Reading reading;
  reading.activation = "tanh";
  EXPECT_TRUE(agree(test::data_file("plain.mat"), tanh, reading));
  EXPECT_TRUE(agree(test::data_file("biased.npz"), tanh, reading));
  ReadOptions physical;
  physical.physical_units = true;
  Reading units;
  units.physical_units = true;
  EXPECT_TRUE(agree(test::data_file("tiny.nnet"), physical, units));
  EXPECT_THAT(refusal([&] { read(test::data_file("tiny.onnx"), reading); }), HasSubstr("names its own"));
  EXPECT_THAT(refusal([&] { read(test::data_file("plain.mat"), units); }), HasSubstr("only .nnet files"));
  reading.activation = "prelu";
  EXPECT_THAT(refusal([&] { read(test::data_file("plain.mat"), reading); }),
              HasSubstr("'prelu' is not known"));
  EXPECT_THAT(refusal([] { read_network({}, ".txt", {}, no_external); }), HasSubstr("'.txt' is none of"));
}

TEST(CheckersReaders, AgreeOnScalesBelowTheNormalRange) {
  // one weight of 3; an output range of an odd number of the smallest doubles
  const std::string bytes = "1,1,1,1,\n1,1,\n0,\n-1,\n1,\n0,0,\n1,41e-320,\n3,\n0,\n";
  ReadOptions physical;
  physical.physical_units = true;
  Reading units;
  units.physical_units = true;
  expect_same(read_network(bytes_of(bytes), ".nnet", units, no_external),
              formats::read_nnet(bytes_of(bytes), physical).network, "tiny scales");
}

/// Networks of others, see tests/formats/real_networks_test.cpp.
TEST(CheckersReaders, AgreeOnRealNetworks) {
  const char* given = std::getenv("GEOLIP_SHARED");
  const std::filesystem::path networks =
      (given != nullptr ? std::filesystem::path(given)
                        : std::filesystem::path(geolip::test::source_dir()) / ".." / "shared") /
      "networks";
  if (!std::filesystem::exists(networks))
    GTEST_SKIP() << "no networks in " << networks << " (set GEOLIP_SHARED)";
  int compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(networks)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".onnx" && extension != ".mat" && extension != ".npz" && extension != ".nnet") continue;
    ReadOptions options;
    Reading reading;
    options.logits = reading.logits = extension == ".onnx";
    if (entry.path().filename() == "mlp_L3_W16.onnx") {
      // its weights are computed in the graph, with rounding: no file states them exactly
      const ExternalFile data = geolip::read_network(entry.path(), options).source.external.at(0);
      NetworkSource source(entry.path());
      EXPECT_THAT(refusal([&] {
                    source.network(reading, {{data.location, data.sha256}});
                  }),
                  HasSubstr("operator MatMul on constants is not supported"));
      EXPECT_THAT(refusal([&] {
                    source.network(reading, {{data.location, std::string(64, '0')}});
                  }),
                  HasSubstr("the SHA-256 of the external file"));
      EXPECT_THAT(refusal([&] { source.network(reading, {}); }),
                  HasSubstr("is not listed in the certificate"));
      continue;
    }
    compared += agree(entry.path(), options, reading) ? 1 : 0;
  }
  EXPECT_GE(compared, 26);
}

/// Files that read_network would read with the product, from memory.
std::optional<geolip::Network> product_reading(const std::string& bytes, const std::string& extension) {
  try {
    if (extension == ".onnx") return formats::read_onnx(bytes_of(bytes), "/nonexistent", {}).network;
    if (extension == ".mat") return formats::read_mat(bytes_of(bytes), {}).network;
    if (extension == ".npz") return formats::read_npz(bytes_of(bytes), {}).network;
    return formats::read_nnet(bytes_of(bytes), {}).network;
  } catch (const NetworkError&) {
    return std::nullopt;
  }
}

class DamagedNetworks : public ::testing::TestWithParam<std::string> {
 protected:
  /// Damaged files are refused in one sentence or read; where the product reads them too, to the same
  /// network.
  void try_bytes(const std::string& bytes, const std::string& what) {
    const std::string extension = std::filesystem::path(GetParam()).extension().string();
    const std::string refused = refusal([&] {
      const Network own = read_network(bytes_of(bytes), extension, {}, no_external);
      ++read_;
      if (const auto product = product_reading(bytes, extension)) expect_same(own, *product, what);
    });
    ASSERT_EQ(refused.find('\n'), std::string::npos) << what;
    ASSERT_FALSE(refused.empty()) << what;
  }
  static std::string original() { return test::contents(test::data_file(GetParam())); }

  int read_ = 0;
};

TEST_P(DamagedNetworks, CutOffAnywhereAreRefused) {
  const std::string bytes = original();
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    try_bytes(bytes.substr(0, n), std::to_string(n));
    if (HasFatalFailure()) return;
  }
}

TEST_P(DamagedNetworks, WithOneByteChanged) {
  const std::string bytes = original();
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    for (const int flip : {0x01, 0x10, 0x80, 0xFF}) {
      std::string changed = bytes;
      changed[n] = static_cast<char>(changed[n] ^ flip);
      try_bytes(changed, std::to_string(n) + " ^ " + std::to_string(flip));
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(read_, 0);
}

TEST_P(DamagedNetworks, WithManyBytesChanged) {
  std::mt19937 random(7);
  const std::string bytes = original();
  for (int round = 0; round < 500; ++round) {
    std::string changed = bytes;
    for (int k = 0; k < 4; ++k) changed[random() % changed.size()] = static_cast<char>(random());
    try_bytes(changed, "round " + std::to_string(round));
    if (HasFatalFailure()) return;
  }
}

TEST_P(DamagedNetworks, OfRandomBytes) {
  std::mt19937 random(11);
  const std::string start = original();
  for (int round = 0; round < 500; ++round) {
    // half of them begin as they should
    std::string bytes = round % 2 == 0 ? start.substr(0, random() % start.size()) : "";
    for (std::size_t n = 1 + random() % 300; n > 0; --n) bytes += static_cast<char>(random());
    try_bytes(bytes, "round " + std::to_string(round));
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, DamagedNetworks,
                         ::testing::Values("tiny.onnx", "plain.mat", "compressed.mat", "biased.npz",
                                           "kinds.npz", "tiny.nnet"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           for (char& c : name) {
                             if (c == '.') c = '_';
                           }
                           return name;
                         });

std::string zlib_of(const std::string& contents);

TEST(CheckersReaders, TakeNoMemoryThatAFileDoesNotAskFor) {
  const std::string header = "1,1000000,1,1000000,1000000,1,\n";
  EXPECT_THAT(refusal([&] { read_nnet(bytes_of(header), {}); }), HasSubstr("cannot be true of this file"));

  // a compressed element of a .mat file that claims 4 GB
  std::string mat = test::contents(test::data_file("compressed.mat")).substr(0, 128);
  const std::string claim("\x0e\0\0\0\xff\xff\xff\xff", 8);
  const std::string stream = zlib_of(claim);
  const auto size = static_cast<std::uint32_t>(stream.size());
  mat += std::string("\x0f\0\0\0", 4) + std::string(reinterpret_cast<const char*>(&size), 4) + stream;
  EXPECT_THAT(refusal([&] { read_mat(bytes_of(mat), {}); }), HasSubstr("too short for what they claim"));
}

/// A zlib stream of stored blocks, made by hand.
std::string zlib_of(const std::string& contents) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : contents) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  const auto n = static_cast<unsigned>(contents.size());
  std::string stream{'\x78',
                     '\x01',
                     '\x01',
                     static_cast<char>(n & 255U),
                     static_cast<char>(n >> 8U),
                     static_cast<char>(~n & 255U),
                     static_cast<char>((~n >> 8U) & 255U)};
  stream += contents;
  for (const std::uint32_t half : {b, a}) {
    stream += static_cast<char>(half >> 8U);
    stream += static_cast<char>(half & 255U);
  }
  return stream;
}

}  // namespace
}  // namespace geolip::checker
