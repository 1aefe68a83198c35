#include <formats/support.hpp>

#include <zlib.h>

namespace geolip {
namespace {

using test::data_file;
using test::refusal;
using ::testing::HasSubstr;

class Mat : public test::Files {};

/// A MATLAB 5 file, element by element, in either byte order.
class MatBuilder {
 public:
  explicit MatBuilder(bool big_endian = false) : big_(big_endian) {}

  std::string number(std::uint32_t value) const {
    std::string s;
    for (unsigned i = 0; i < 4; ++i) s += static_cast<char>(value >> (big_ ? 24 - 8 * i : 8 * i));
    return s;
  }
  std::string element(std::uint32_t type, std::string body) const {
    const std::string tag = number(type) + number(static_cast<std::uint32_t>(body.size()));
    body.resize((body.size() + 7) / 8 * 8);
    return tag + body;
  }
  std::string matrix(std::uint32_t kind, const std::vector<std::uint32_t>& dims, const std::string& name,
                     const std::string& contents) const {
    std::string sizes;
    for (const auto d : dims) sizes += number(d);
    return element(14,
                   element(6, number(kind) + number(0)) + element(5, sizes) + element(1, name) + contents);
  }
  std::string file(const std::string& body) const {
    std::string header(124, ' ');
    header += big_ ? std::string("\1\0MI", 4) : std::string("\0\1IM", 4);
    return header + body;
  }

 private:
  bool big_;
};

constexpr std::uint32_t cell = 1;
constexpr std::uint32_t real = 6;
constexpr std::uint32_t int8 = 1;

TEST_F(Mat, ReadsWeightsWithoutBiases) {
  const NetworkFile file = read_network(data_file("plain.mat"));
  EXPECT_EQ(file.network.inputs(), 3);
  EXPECT_EQ(file.network.outputs(), 2);
  ASSERT_EQ(file.network.layers().size(), 3U);
  EXPECT_EQ(file.network.layers()[0].name, "weights{1}");
  EXPECT_EQ(std::get<Activation>(file.network.layers()[1].op).kind(), ActivationKind::relu);
  EXPECT_EQ(file.network.evaluate(test::tiny_input), test::tiny_output);
}

TEST_F(Mat, ReadsCompressedColumnCellsWithBiases) {
  EXPECT_EQ(read_network(data_file("compressed.mat")).network.evaluate(test::tiny_input),
            test::tiny_output_with_biases);
}

TEST_F(Mat, ReadsSinglePrecisionBesideOtherVariables) {
  EXPECT_EQ(read_network(data_file("single.mat")).network.evaluate(test::tiny_input), test::tiny_output);
}

TEST_F(Mat, PutsTheChosenActivationBetweenTheLayers) {
  ReadOptions options;
  options.activation = Activation(ActivationKind::identity);
  const NetworkFile file = read_network(data_file("plain.mat"), options);
  EXPECT_EQ(std::get<Activation>(file.network.layers()[1].op).kind(), ActivationKind::identity);
}

TEST_F(Mat, ReadsBothByteOrdersAndSmallIntegerStorage) {
  for (const bool big : {false, true}) {
    const MatBuilder b(big);
    // [1 2; 3 -4], column after column, stored as bytes the way MATLAB stores whole numbers
    const std::string matrix = b.matrix(real, {2, 2}, "", b.element(int8, {1, 3, 2, -4}));
    const auto path = write("m.mat", b.file(b.matrix(cell, {1, 1}, "weights", matrix)));
    const Network network = read_network(path).network;
    EXPECT_EQ(network.evaluate(std::vector<double>{1.0, 10.0}), (std::vector<double>{21.0, -37.0}));
  }
}

TEST_F(Mat, RefusesFilesWithoutTheCell) {
  EXPECT_EQ(refusal(data_file("no_weights.mat")),
            "no_weights.mat: the file holds no cell array 'weights' (its variables: W, other)");
  EXPECT_THAT(refusal(data_file("not_cell.mat")), HasSubstr("not_cell.mat: weights: it is not a cell array"));
}

TEST_F(Mat, RefusesMatricesThatAreNotRealFloats) {
  EXPECT_EQ(refusal(data_file("complex.mat")), "complex.mat: weights{1}: it is complex but must be real");
  EXPECT_THAT(refusal(data_file("integers.mat")),
              HasSubstr("integers.mat: weights{2}: it is not a full double or single matrix"));
}

TEST_F(Mat, NeverGuessesATranspose) {
  EXPECT_EQ(refusal(data_file("misfit.mat")),
            "misfit.mat: weights{2}: weight is 4x2 (outputs x inputs) but the layer before it has 4 outputs");
}

TEST_F(Mat, RefusesHdf5Files) {
  std::string bytes = test::contents(data_file("plain.mat"));
  bytes[124] = 0;
  bytes[125] = 2;
  EXPECT_EQ(refusal(write("new.mat", bytes)), "new.mat: this is a MATLAB 7.3 file (HDF5): save it with -v7");
  bytes[125] = 3;
  EXPECT_EQ(refusal(write("newer.mat", bytes)), "newer.mat: its version 3 of MATLAB's format is not known");
}

TEST_F(Mat, RefusesClaimsBeyondTheFile) {
  const MatBuilder b;
  const std::string none = b.matrix(real, {1, 1}, "", b.element(int8, {1}));
  EXPECT_THAT(refusal(write("a.mat", b.file(b.matrix(cell, {1, 2000000000}, "weights", none)))),
              HasSubstr("weights: the cell claims 2000000000 entries"));
  const std::string huge = b.matrix(real, {2000000000, 2000000000}, "", b.element(int8, {1}));
  EXPECT_THAT(refusal(write("b.mat", b.file(b.matrix(cell, {1, 1}, "weights", huge)))),
              HasSubstr("a matrix of 4000000000000000000 entries has 1 bytes"));
  const std::string negative = b.matrix(real, {0xFFFFFFFF, 1}, "", b.element(int8, {1}));
  EXPECT_THAT(refusal(write("c.mat", b.file(b.matrix(cell, {1, 1}, "weights", negative)))),
              HasSubstr("weights{1} has a negative size"));
}

TEST_F(Mat, RefusesMoreBytesThanAFileOfItsSizeCanMean) {
  // a variable of 128 MiB of zeros, deflated to 128 KiB
  const std::string zeros(std::size_t{1} << 27U, '\0');
  uLongf size = compressBound(zeros.size());
  std::string packed(size, '\0');
  ASSERT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                     reinterpret_cast<const Bytef*>(zeros.data()), zeros.size()),
            Z_OK);
  packed.resize(size);
  const MatBuilder b;
  EXPECT_THAT(
      refusal(write("bomb.mat", b.file(b.number(15) + b.number(static_cast<std::uint32_t>(size)) + packed))),
      HasSubstr("bomb.mat: a variable: it is 75"));
}

TEST_F(Mat, RefusesEmptyMatricesAndNestedCells) {
  const MatBuilder b;
  EXPECT_THAT(refusal(write("a.mat", b.file(b.matrix(cell, {1, 1}, "weights", b.element(14, ""))))),
              HasSubstr("weights{1}: weight is empty"));
  const std::string inner = b.matrix(cell, {1, 1}, "", b.element(14, ""));
  EXPECT_THAT(refusal(write("b.mat", b.file(b.matrix(cell, {1, 1}, "weights", inner)))),
              HasSubstr("weights{1}: it is not a full double or single matrix"));
  EXPECT_THAT(refusal(write("c.mat", b.file(b.matrix(cell, {2, 2}, "weights", "")))),
              HasSubstr("weights: the cell is 2x2 but must be 1xL or Lx1"));
}

TEST_F(Mat, RefusesBiasesThatDoNotMatch) {
  const MatBuilder b;
  const std::string one = b.matrix(real, {1, 1}, "", b.element(int8, {1}));
  const std::string weights = b.matrix(cell, {1, 1}, "weights", one);
  EXPECT_THAT(refusal(write("a.mat", b.file(weights + b.matrix(cell, {1, 2}, "biases", one + one)))),
              HasSubstr("biases has 2 entries but weights has 1"));
  const std::string square = b.matrix(real, {2, 2}, "", b.element(int8, {1, 1, 1, 1}));
  EXPECT_THAT(refusal(write("b.mat", b.file(weights + b.matrix(cell, {1, 1}, "biases", square)))),
              HasSubstr("biases{1}: it is 2x2 but must be a vector"));
  EXPECT_THAT(refusal(write("c.mat", b.file(weights + weights))),
              HasSubstr("holds the variable weights twice"));
}

}  // namespace
}  // namespace geolip
