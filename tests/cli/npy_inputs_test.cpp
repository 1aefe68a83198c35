#include <cli/npy_inputs.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include <cli/exit_code.hpp>
#include <cli/fake_library.hpp>

namespace geolip::cli {
namespace {

using testing::TemporaryFolder;
using testing::write_file;

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// A .npy file; version 1 has a two-byte header length, later ones four.
std::string npy(const std::string& header, const std::string& values, char version = 1) {
  std::string file = "\x93NUMPY";
  file += version;
  file += '\0';
  const auto n = static_cast<unsigned>(header.size());
  for (unsigned i = 0; i < (version == 1 ? 2U : 4U); ++i) file += static_cast<char>(n >> 8U * i & 0xFFU);
  return file + header + values;
}

std::string header(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }   \n";
}

class NpyInputs : public ::testing::Test {
 protected:
  Matrix read(const std::string& bytes) {
    write_file(folder_ / "x.npy", bytes);
    return read_npy_inputs(folder_ / "x.npy");
  }
  /// The refusal without the file's name.
  std::string refusal(const std::string& bytes) {
    const std::string name = (folder_ / "x.npy").string() + ": ";
    try {
      read(bytes);
    } catch (const FileError& error) {
      const std::string what = error.what();
      EXPECT_EQ(what.substr(0, name.size()), name);
      return what.substr(name.size());
    }
    return "";
  }

  TemporaryFolder folder_;
};

const std::string six = bytes_of<double>({1, 2, 3, 4, 5, 6});

TEST_F(NpyInputs, ReadsEveryOrderTypeAndVersion) {
  for (const char version : {'\1', '\2', '\3'}) {
    const Matrix c = read(npy(header("<f8", "False", "(2, 3)"), six, version));
    EXPECT_EQ(c.rows, 2);
    EXPECT_EQ(c.cols, 3);
    EXPECT_EQ(c.data, (std::vector<double>{1, 2, 3, 4, 5, 6}));
  }
  const Matrix f = read(npy(header("<f8", "True", "(2, 3)"), six));
  EXPECT_EQ(f.data, (std::vector<double>{1, 3, 5, 2, 4, 6}));
  const Matrix s = read(npy(header("<f4", "False", "(3, 1)"), bytes_of<float>({0.5F, -1.0F, 0.1F})));
  EXPECT_EQ(s.data, (std::vector<double>{0.5, -1.0, static_cast<double>(0.1F)}));
}

TEST_F(NpyInputs, RefusesWhatIsNoMatrixOfFloats) {
  EXPECT_EQ(refusal(npy(header("<i8", "False", "(2, 3)"), six)),
            "its type is <i8 but must be float16, float32 or float64");
  EXPECT_EQ(refusal(npy(header("<f8", "False", "(6,)"), six)),
            "its shape is 6 but must be (inputs, coordinates)");
  EXPECT_EQ(refusal(npy(header("<f8", "False", "(1, 2, 3)"), six)),
            "its shape is 1x2x3 but must be (inputs, coordinates)");
  EXPECT_EQ(refusal(npy(header("<f8", "False", "(0, 3)"), "")), "the array is empty");
  EXPECT_EQ(refusal(npy(header("<f8", "Maybe", "(2, 3)"), six)), "its header has a damaged fortran_order");
  EXPECT_EQ(refusal(npy(header("<f8", "False", "(2; 3)"), six)), "its header has a damaged shape");
  EXPECT_EQ(refusal(npy("{}", six)), "its header has no 'descr'");
}

TEST_F(NpyInputs, RefusesSizesThatDoNotMatch) {
  EXPECT_EQ(refusal(npy(header("<f8", "False", "(2, 3)"), six + "x")),
            "the header announces 48 bytes of values but the file holds 49");
  EXPECT_EQ(refusal(npy(header("<f8", "False", "(2, 4)"), six)),
            "the header announces 64 bytes of values but the file holds 48");
  EXPECT_EQ(refusal(npy(header("<f8", "False", "(4294967296, 4294967296)"), six)),
            "its shape is larger than any memory");
  EXPECT_EQ(refusal(npy(header("<f8", "False", "(99999999999999999999, 1)"), six)),
            "its header has a damaged shape");
  EXPECT_EQ(refusal(npy(header("<f8", "False", "(4000000000, 1)"), six)),
            "the header announces 32000000000 bytes of values but the file holds 48");
}

TEST_F(NpyInputs, RefusesBrokenFiles) {
  EXPECT_EQ(refusal(""), "the file is empty");
  EXPECT_EQ(refusal("PK\x03\x04 something"), "it is not a NumPy array");
  EXPECT_EQ(refusal(npy("{}", "", 9)), "its NumPy format version 9 is not known");
  EXPECT_EQ(refusal(npy(std::string(100000, ' '), "", 2)), "its NumPy header has 100000 bytes");
  const std::string whole = npy(header("<f8", "False", "(2, 3)"), six);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refusal(whole.substr(0, size)), "") << size;
  }
}

TEST_F(NpyInputs, SurvivesEveryChangedByteOfTheHeader) {
  const std::string whole = npy(header("<f8", "False", "(2, 3)"), six);
  for (std::size_t at = 0; at + six.size() < whole.size(); ++at) {
    for (const char byte : {'\0', '\'', '(', ')', ',', '9', '\xFF'}) {
      std::string changed = whole;
      changed[at] = byte;
      refusal(changed);  // whatever is read, nothing but FileError is thrown
    }
  }
}

TEST_F(NpyInputs, RefusesValuesThatAreNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refusal(npy(header("<f8", "False", "(2, 2)"), bytes_of<double>({0, 0, 0, nan}))),
            "input 1 has a coordinate that is not finite (1)");
}

TEST_F(NpyInputs, RefusesWhatIsNoFile) {
  const std::string missing = (folder_ / "none.npy").string();
  try {
    read_npy_inputs(missing);
    FAIL() << "no exception";
  } catch (const FileError& error) {
    EXPECT_EQ(error.what(), missing + ": there is no such file");
  }
  EXPECT_THROW(read_npy_inputs(folder_ / ""), FileError);
  EXPECT_THROW(read_npy_inputs("/dev/zero"), FileError);
}

}  // namespace
}  // namespace geolip::cli
