// What the command does with files that cannot be meant: exit code 3, one sentence that names the file, and
// no more memory than an honest file of that size would take.
#include <gmock/gmock.h>

#include <sys/stat.h>
#include <zip.h>

#include <cli/child_process.hpp>
#include <cli/fake_library.hpp>
#include <support/paths.hpp>

namespace geolip::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::ChildProcess;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TemporaryFolder;
using testing::write_file;

// The command takes some tens of MiB by itself, hundreds with sanitizers, and what the tests ask for would be
// GiB.
constexpr long most_memory = 900L * 1024;

/// Runs `geolip arguments...`, which must end in exit code 3 and one line; returns that line.
std::string refusal(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), GEOLIP_COMMAND);
  ChildProcess process(std::move(arguments));
  const auto [code, text] = process.end();
  EXPECT_EQ(code, 3);
  EXPECT_EQ(text, "");
  EXPECT_LT(process.peak_memory(), most_memory);
  std::string line = process.error_line();
  EXPECT_EQ(process.error_line(), "");
  return line;
}

std::string info(const fs::path& path) { return refusal({"info", path.string()}); }

std::string npy(const std::string& shape, const std::string& data) {
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + std::string(1, '\0') +
         header + data;
}

/// An archive whose only entry, `name`, holds the bytes.
void write_archive(const fs::path& path, const std::string& name, const std::string& bytes) {
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  zip_file_add(zip, name.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), ZIP_FL_ENC_UTF_8);
  ASSERT_EQ(zip_close(zip), 0);
}

std::string names(const fs::path& path) { return "geolip: " + path.string() + ": "; }

TEST(BadInput, WhatIsNoFileIsNotRead) {
  const TemporaryFolder folder;
  const fs::path pipe = folder / "pipe.nnet";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(info(pipe), names(pipe) + "this is not a regular file");
  fs::create_directory(folder / "folder.npz");
  EXPECT_EQ(info(folder / "folder.npz"), names(folder / "folder.npz") + "this is a directory, not a file");
  for (const char* device : {"/dev/zero", "/dev/random", "/dev/null"}) {
    const fs::path link = folder / (fs::path(device).filename().string() + ".onnx");
    fs::create_symlink(device, link);
    EXPECT_EQ(info(link), names(link) + "this is not a regular file");
  }
  fs::create_symlink("loop.mat", folder / "loop.mat");
  EXPECT_THAT(info(folder / "loop.mat"),
              StartsWith(names(folder / "loop.mat") + "the file cannot be opened ("));
}

TEST(BadInput, WhatIsNoFileHoldsNoInputsEither) {
  const TemporaryFolder folder;
  const fs::path pipe = folder / "pipe.npy";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string network = geolip::test::test_data() + "/tiny.onnx";
  for (const std::string& path : {pipe.string(), std::string("/dev/zero")}) {
    EXPECT_EQ(refusal({"estimate", network, "--inputs", path}), names(path) + "this is not a regular file");
  }
  EXPECT_EQ(refusal({"estimate", network, "--inputs", "/"}), names("/") + "this is a directory, not a file");
}

TEST(BadInput, WhatIsOfAnotherKindIsNotReadToItsEnd) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> refusals{
      {"zeros.nnet", "this is not a .nnet file: it is no text"},
      {"zeros.mat", "this is not a MATLAB 5 file: it has no mark of its byte order"},
      {"zeros.npz", "this is not a .npz archive"},
      {"zeros.onnx", "this is not an ONNX model, or a damaged one"}};
  for (const auto& [name, why] : refusals) {
    write_file(folder / name, "");
    fs::resize_file(folder / name, std::uintmax_t{2'000'000'000});
    EXPECT_EQ(info(folder / name), std::string("geolip: ").append(name).append(": ").append(why));
  }
  write_file(folder / "zeros.jsonl", "");
  fs::resize_file(folder / "zeros.jsonl", std::uintmax_t{2'000'000'000});
  EXPECT_EQ(refusal({"report", (folder / "zeros.jsonl").string()}),
            names(folder / "zeros.jsonl") + "line 1 is no result of geolip sweep");
}

TEST(BadInput, ClaimsOfGigabytesTakeNoMemory) {
  const TemporaryFolder folder;
  const fs::path inputs = folder / "claim.npy";
  write_file(inputs, npy("(16384, 16384)", std::string(900, '\0')));  // 2 GiB
  EXPECT_EQ(refusal({"estimate", geolip::test::test_data() + "/tiny.onnx", "--inputs", inputs.string()}),
            names(inputs) + "the header announces 2147483648 bytes of values but the file holds 900");
  write_archive(folder / "claim.npz", "w1.npy", npy("(16384, 16384)", std::string(900, '\0')));
  EXPECT_THAT(info(folder / "claim.npz"), HasSubstr("w1: its shape 16384x16384 needs 2147483648 bytes"));
  write_file(folder / "claim.nnet", "1,32768,32768,32768,\n32768,32768,\n" + std::string(100000, '1'));
  EXPECT_THAT(info(folder / "claim.nnet"), StartsWith("geolip: claim.nnet: "));
  write_file(folder / "sparse.mat", "x");
  fs::resize_file(folder / "sparse.mat", std::uintmax_t{1} << 40U);
  EXPECT_THAT(info(folder / "sparse.mat"), HasSubstr("the file has 1099511627776 bytes, but at most"));
}

TEST(BadInput, BombsDoNotGoOff) {
  const TemporaryFolder folder;
  const std::string zeros(std::size_t{5} << 24U, '\0');
  write_archive(folder / "bomb.npz", "w1.npy", npy("(10485760, 1)", zeros));
  ASSERT_LT(fs::file_size(folder / "bomb.npz"), 1U << 18U);
  EXPECT_THAT(info(folder / "bomb.npz"), HasSubstr("far more than a file of this size can mean"));
}

TEST(BadInput, NamesThatAreNoTextStayOnOneLine) {
  const TemporaryFolder folder;
  const std::string odd = (folder / "odd\xff\xfe\n\x1b[2Jname.onnx").string();
  EXPECT_THAT(info(odd), AllOf(StartsWith("geolip: "), HasSubstr("name.onnx: there is no such file")));
}

TEST(BadInput, NothingElsePrintsErrors) {
  const TemporaryFolder folder;
  std::string bytes = testing::read_file(geolip::test::test_data() + "/tiny.onnx");
  bytes.replace(bytes.find("Relu"), 4, "R\xfflu");  // protobuf has an opinion on text that is not UTF-8
  write_file(folder / "odd.onnx", bytes);
  EXPECT_EQ(info(folder / "odd.onnx"), "geolip: odd.onnx: relu: operator R?lu is not supported");
  write_file(folder / "cut.onnx", bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(info(folder / "cut.onnx"), "geolip: cut.onnx: this is not an ONNX model, or a damaged one");
}

TEST(BadInput, ReportsGoNowhereButIntoFiles) {
  const TemporaryFolder folder;
  const std::string network = geolip::test::test_data() + "/tiny.onnx";
  for (const std::string& path : {std::string("/proc/none.json"), (folder / "none/a.json").string()}) {
    EXPECT_THAT(refusal({"info", network, "--json", path}), StartsWith(names(path) + "cannot be written ("));
  }
  fs::create_symlink("loop.json", folder / "loop.json");
  EXPECT_EQ(refusal({"info", network, "--json", (folder / "loop.json").string()}),
            names(folder / "loop.json") + "cannot be written (Too many levels of symbolic links)");
}

TEST(BadInput, QuestionsBeyondAllMemoryAreRefused) {
  const TemporaryFolder folder;
  write_archive(folder / "wide.npz", "w1.npy", npy("(100000, 1)", std::string(800000, '\0')));
  ChildProcess process({GEOLIP_COMMAND, "estimate", (folder / "wide.npz").string(), "--outputs", "pairs"});
  EXPECT_EQ(process.end().first, 2);
  EXPECT_LT(process.peak_memory(), most_memory);
  EXPECT_THAT(process.error_line(), HasSubstr("'pairs' brings the list to 4999950000 objectives"));
}

}  // namespace
}  // namespace geolip::cli
