#include <formats/reader.hpp>
#include <formats/support.hpp>

#include <sys/stat.h>

#include <cstdlib>

namespace geolip {
namespace {

using test::data_file;
using test::refusal;
using ::testing::HasSubstr;

class ReadNetwork : public test::Files {};

TEST_F(ReadNetwork, ChoosesTheFormatByTheExtensionInAnyCase) {
  EXPECT_EQ(read_network(data_file("plain.mat")).format, "mat");
  EXPECT_EQ(read_network(data_file("eclipse.npz")).format, "npz");
  EXPECT_EQ(read_network(data_file("tiny.nnet")).format, "nnet");
  EXPECT_EQ(read_network(data_file("tiny.onnx")).format, "onnx");
  const auto upper = write("NET.Mat", test::contents(data_file("plain.mat")));
  EXPECT_EQ(read_network(upper).format, "mat");
}

TEST_F(ReadNetwork, StatesTheHashOfTheBytes) {
  // of the three letters "abc", from FIPS 180
  const std::vector<unsigned char> abc{'a', 'b', 'c'};
  EXPECT_EQ(formats::sha256(abc), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string bytes = test::contents(data_file("plain.mat"));
  EXPECT_EQ(read_network(data_file("plain.mat")).sha256,
            formats::sha256({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}));
}

TEST_F(ReadNetwork, NamesTheFileThatIsNotThere) {
  EXPECT_EQ(refusal(directory() / "none.onnx"),
            (directory() / "none.onnx").string() + ": there is no such file");
}

TEST_F(ReadNetwork, RefusesWhatIsNoFile) {
  std::filesystem::create_directory(directory() / "folder.onnx");
  EXPECT_THAT(refusal(directory() / "folder.onnx"), HasSubstr("this is a directory, not a file"));
  std::filesystem::create_symlink("/dev/zero", directory() / "endless.npz");
  EXPECT_THAT(refusal(directory() / "endless.npz"), HasSubstr("this is not a regular file"));
  EXPECT_EQ(refusal(""), "the path of the network's file is empty");
}

TEST_F(ReadNetwork, RefusesPipesAndDevicesWithoutReading) {
  const auto pipe = directory() / "pipe.mat";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(refusal(pipe), HasSubstr("this is not a regular file"));
  std::filesystem::create_symlink("/dev/random", directory() / "random.onnx");
  EXPECT_THAT(refusal(directory() / "random.onnx"), HasSubstr("this is not a regular file"));
}

TEST_F(ReadNetwork, RefusesLinksThatLeadNowhere) {
  std::filesystem::create_symlink("loop.onnx", directory() / "loop.onnx");
  EXPECT_THAT(refusal(directory() / "loop.onnx"), HasSubstr("the file cannot be opened (Too many levels of"));
  std::filesystem::create_symlink("none.onnx", directory() / "dangling.onnx");
  EXPECT_THAT(refusal(directory() / "dangling.onnx"), HasSubstr("there is no such file"));
  EXPECT_THAT(refusal(directory() / (std::string(300, 'a') + ".onnx")),
              HasSubstr("the file cannot be opened (File name too long)"));
}

TEST_F(ReadNetwork, RefusesAFileThatEndsBeforeItsSize) {
  // sysfs states a page for every file, as one that shrinks while it is read states too much
  const std::filesystem::path shorter = "/sys/devices/system/cpu/online";
  if (!std::filesystem::exists(shorter)) GTEST_SKIP() << "there is no sysfs";
  std::filesystem::create_symlink(shorter, directory() / "shorter.nnet");
  EXPECT_THAT(refusal(directory() / "shorter.nnet"), HasSubstr("the file cannot be read to its end"));
}

TEST_F(ReadNetwork, RefusesFilesThatAreTooLargeBeforeItTakesMemory) {
  // sparse: they take no space
  std::filesystem::resize_file(write("large.onnx", "x"), std::uintmax_t{3} << 30U);
  EXPECT_THAT(refusal(directory() / "large.onnx"),
              HasSubstr("the file has 3221225472 bytes, but at most 2147483648 can be read"));
  for (const char* name : {"large.mat", "large.npz", "large.nnet"}) {
    std::filesystem::resize_file(write(name, "x"), std::uintmax_t{1} << 40U);
    EXPECT_THAT(refusal(directory() / name),
                HasSubstr("the file has 1099511627776 bytes, but at most 8589934592"));
  }
}

TEST_F(ReadNetwork, RefusesAnEmptyFileOfEveryFormat) {
  for (const char* name : {"e.onnx", "e.mat", "e.npz", "e.nnet"}) {
    EXPECT_EQ(refusal(write(name, "")), (directory() / name).string() + ": the file is empty");
  }
}

TEST_F(ReadNetwork, RefusesUnknownExtensions) {
  EXPECT_THAT(refusal(write("net.txt", "x")),
              HasSubstr("the extension .txt is none of .onnx, .mat, .npz, .nnet"));
  EXPECT_THAT(refusal(write("net", "x")), HasSubstr("needs one of the extensions"));
}

TEST_F(ReadNetwork, RefusesFilesOfAnotherFormatThanTheirName) {
  EXPECT_THAT(refusal(write("a.mat", test::contents(data_file("eclipse.npz")))),
              HasSubstr("a.mat: this is not a MATLAB 5 file"));
  EXPECT_THAT(refusal(write("a.npz", test::contents(data_file("plain.mat")))),
              HasSubstr("a.npz: this is not a .npz archive"));
  EXPECT_THAT(refusal(write("a.onnx", test::contents(data_file("plain.mat")))),
              HasSubstr("a.onnx: this is not an ONNX model"));
  EXPECT_THAT(refusal(write("a.nnet", test::contents(data_file("plain.mat")))), HasSubstr("a.nnet: "));
}

TEST_F(ReadNetwork, RefusesOptionsThatTheFormatCannotFollow) {
  ReadOptions activation;
  activation.activation = Activation(ActivationKind::tanh);
  EXPECT_THROW(read_network(data_file("tiny.onnx"), activation), QueryError);
  EXPECT_THROW(read_network(data_file("tiny.nnet"), activation), QueryError);
  ReadOptions units;
  units.physical_units = true;
  EXPECT_THROW(read_network(data_file("plain.mat"), units), QueryError);
}

TEST_F(ReadNetwork, KeepsMessagesOnOneLine) {
  const std::string message = refusal(write("odd\nname.mat", "x"));
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace geolip
