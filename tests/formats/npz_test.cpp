#include <formats/support.hpp>

#include <zip.h>

namespace geolip {
namespace {

using test::data_file;
using test::refusal;
using ::testing::HasSubstr;

class Npz : public test::Files {
 protected:
  /// An archive of the given entries, deflated.
  std::filesystem::path archive(const std::string& name,
                                const std::vector<std::pair<std::string, std::string>>& entries) const {
    auto path = directory() / name;
    zip_t* zip = zip_open(path.c_str(), ZIP_CREATE, nullptr);
    for (const auto& [key, bytes] : entries) {
      zip_file_add(zip, key.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), ZIP_FL_ENC_UTF_8);
    }
    zip_close(zip);
    keep(path);
    return path;
  }

  static std::string npy(const std::string& dictionary, const std::string& data) {
    std::string header = dictionary + "\n";
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + std::string(1, '\0') +
           header + data;
  }
};

TEST_F(Npz, ReadsTheNamesOfOtherTools) {
  EXPECT_EQ(read_network(data_file("eclipse.npz")).network.evaluate(test::tiny_input), test::tiny_output);
  EXPECT_EQ(read_network(data_file("numpy.npz")).network.evaluate(test::tiny_input), test::tiny_output);
}

TEST_F(Npz, PairsDeflatedBiasesByNumber) {
  const NetworkFile file = read_network(data_file("biased.npz"));
  EXPECT_EQ(file.network.evaluate(test::tiny_input), test::tiny_output_with_biases);
  EXPECT_EQ(file.network.layers().front().name, "w1");
}

TEST_F(Npz, ReadsAllFloatsByteOrdersAndBothStorageOrders) {
  EXPECT_EQ(read_network(data_file("kinds.npz")).network.evaluate(test::tiny_input),
            test::tiny_output_with_biases);
}

TEST_F(Npz, RefusesNamesThatItDoesNotUnderstand) {
  EXPECT_EQ(refusal(data_file("ambiguous.npz")),
            "ambiguous.npz: 'W2' and 'w1' both look like weights: name all alike");
  EXPECT_THAT(refusal(data_file("stranger.npz")),
              HasSubstr("stranger.npz: the array 'epochs' is neither weights"));
  EXPECT_EQ(refusal(data_file("gap.npz")), "gap.npz: the weights jump from 1 to 'w3'");
  EXPECT_EQ(refusal(data_file("orphan.npz")), "orphan.npz: 'b2' has no weights of the same number");
}

TEST_F(Npz, RefusesIntegersAndMisfits) {
  EXPECT_EQ(refusal(data_file("integers.npz")),
            "integers.npz: w2: its type is <i8 but must be float16, float32 or float64");
  EXPECT_EQ(refusal(data_file("misfit.npz")),
            "misfit.npz: w2: weight is 4x2 (outputs x inputs) but the layer before it has 4 outputs");
}

TEST_F(Npz, RefusesShapesThatTheDataDoNotHave) {
  const std::string claim = "{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000), }";
  EXPECT_THAT(refusal(archive("a.npz", {{"w1.npy", npy(claim, "12345678")}})),
              HasSubstr("w1: its shape 100000x100000 needs 80000000000 bytes"));
  const std::string overflow =
      "{'descr': '<f8', 'fortran_order': False, 'shape': (9000000000, 9000000000), }";
  EXPECT_THAT(refusal(archive("b.npz", {{"w1.npy", npy(overflow, "")}})),
              HasSubstr("w1: its shape is larger than any memory"));
  const std::string negative = "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 1), }";
  EXPECT_THAT(refusal(archive("c.npz", {{"w1.npy", npy(negative, "")}})),
              HasSubstr("w1: its header has a damaged shape"));
}

TEST_F(Npz, RefusesAZipBombForWhatItClaimsNotForWhatItHolds) {
  // 64 MiB of zeros pack into 64 KiB, but the header allows eight bytes of them
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }";
  EXPECT_THAT(
      refusal(archive("bomb.npz", {{"w1.npy", npy(header, std::string(std::size_t{1} << 26U, '\0'))}})),
      HasSubstr("w1: its shape 1x1 needs 8 bytes of data but the archive states 67108"));
}

TEST_F(Npz, RefusesMoreNumbersThanAFileOfItsSizeCanMean) {
  // true to its header: 80 MiB of zeros in an archive of 80 KiB
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (10485760, 1), }";
  const std::string zeros(std::size_t{10485760} * 8, '\0');
  EXPECT_THAT(refusal(archive("bomb.npz", {{"w1.npy", npy(header, zeros)}})),
              HasSubstr("bytes or more when decompressed, far more than a file of this size can mean"));
}

TEST_F(Npz, CountsWithTheLargestNumbers) {
  const std::string one =
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", std::string(8, '\0'));
  EXPECT_EQ(read_network(archive("one.npz", {{"w9223372036854775807.npy", one}})).network.layers().size(),
            1U);
  EXPECT_EQ(refusal(archive("two.npz", {{"w0.npy", one}, {"w9223372036854775807.npy", one}})),
            "two.npz: the weights jump from 0 to 'w9223372036854775807'");
}

TEST_F(Npz, CutsLongShapesInItsMessages) {
  std::string shape = "(1";
  for (int i = 0; i < 80; ++i) shape += ",1";
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ")}";
  EXPECT_EQ(refusal(archive("a.npz", {{"w1.npy", npy(header, std::string(8, '\0'))}})),
            "a.npz: w1: it is 1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x... but must be a matrix");
}

TEST_F(Npz, RefusesArraysThatAreNoMatrices) {
  const std::string cube = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1), }";
  EXPECT_THAT(refusal(archive("a.npz", {{"w1.npy", npy(cube, "12345678")}})),
              HasSubstr("w1: it is 1x1x1 but must be a matrix"));
  const std::string twice =
      "{'descr': '<f8', 'fortran_order': True, 'shape': (1, 1), 'fortran_order': False, }";
  EXPECT_EQ(refusal(archive("t.npz", {{"w1.npy", npy(twice, "12345678")}})),
            "t.npz: w1: its header has 'fortran_order' twice");
  const std::string more = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), 'order': 1, }";
  EXPECT_EQ(refusal(archive("m.npz", {{"w1.npy", npy(more, "12345678")}})),
            "m.npz: w1: its header has the unknown key 'order'");
  EXPECT_THAT(refusal(archive("b.npz", {{"w1.npy", "no array at all"}})),
              HasSubstr("w1: it is not a NumPy array"));
  EXPECT_THAT(refusal(archive("c.npz", {{"w1.npy", npy("{'shape': (1, 1)}", "")}})),
              HasSubstr("w1: its header has no 'descr'"));
  const std::string object = "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1, 1), }";
  EXPECT_THAT(refusal(archive("d.npz", {{"w1.npy", npy(object, "12345678")}})), HasSubstr("w1: its type is"));
}

TEST_F(Npz, RefusesDamagedData) {
  std::string bytes = test::contents(data_file("eclipse.npz"));
  bytes[200] = static_cast<char>(bytes[200] ^ 1);  // inside the numbers: the archive's checksum fails
  EXPECT_THAT(refusal(write("flip.npz", bytes)), HasSubstr("flip.npz: w1: its compressed data are damaged"));
}

}  // namespace
}  // namespace geolip
