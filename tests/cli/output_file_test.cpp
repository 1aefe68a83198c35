#include <cli/output_file.hpp>

#include <gmock/gmock.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cli/exit_code.hpp>
#include <cli/fake_library.hpp>

namespace geolip::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::read_file;
using testing::TemporaryFolder;
using testing::write_file;

std::string refusal(const fs::path& path) {
  try {
    const OutputFile file(path);
  } catch (const FileError& error) {
    return error.what();
  }
  return "";
}

TEST(OutputFile, AppearsOnlyWhenItIsWritten) {
  const TemporaryFolder folder;
  const OutputFile file(folder / "a.json");
  EXPECT_THAT(folder.names(), IsEmpty());
  file.write("text");
  EXPECT_THAT(folder.names(), ElementsAre("a.json"));
  EXPECT_EQ(read_file(folder / "a.json"), "text");
}

TEST(OutputFile, ReplacesAFileAndKeepsItsMode) {
  const TemporaryFolder folder;
  write_file(folder / "a.json", "a much longer text than the new one");
  ASSERT_EQ(chmod((folder / "a.json").c_str(), 0640), 0);
  const OutputFile file(folder / "a.json");
  EXPECT_EQ(read_file(folder / "a.json"), "a much longer text than the new one");
  file.write("new");
  EXPECT_EQ(read_file(folder / "a.json"), "new");
  EXPECT_THAT(folder.names(), ElementsAre("a.json"));
  struct stat status {};
  ASSERT_EQ(stat((folder / "a.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(OutputFile, FollowsALink) {
  const TemporaryFolder folder;
  write_file(folder / "real.json", "old");
  fs::create_symlink(folder / "real.json", folder / "link.json");
  OutputFile(folder / "link.json").write("new");
  EXPECT_TRUE(fs::is_symlink(folder / "link.json"));
  EXPECT_EQ(read_file(folder / "real.json"), "new");
}

TEST(OutputFile, WritesToADeviceDirectly) {
  OutputFile("/dev/null").write("gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(OutputFile, RefusesABadPathAtOnce) {
  const TemporaryFolder folder;
  const std::string missing = (folder / "none/a.json").string();
  EXPECT_EQ(refusal(missing), missing + ": cannot be written (No such file or directory)");
  const std::string directory = (folder / "").string();
  EXPECT_EQ(refusal(directory), directory + ": cannot be written (it is a directory)");
  EXPECT_EQ(refusal("/dev/full/a.json"), "/dev/full/a.json: cannot be written (Not a directory)");
}

TEST(OutputFile, RefusesAFolderWithoutPermission) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TemporaryFolder folder;
  fs::create_directory(folder / "closed");
  ASSERT_EQ(chmod((folder / "closed").c_str(), 0500), 0);
  EXPECT_THAT(refusal(folder / "closed/a.json"), ::testing::HasSubstr("Permission denied"));
  write_file(folder / "fixed.json", "old");
  ASSERT_EQ(chmod((folder / "fixed.json").c_str(), 0400), 0);
  EXPECT_THAT(refusal(folder / "fixed.json"), ::testing::HasSubstr("Permission denied"));
}

TEST(OutputFile, LeavesTheOldFileWhenWritingFails) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "sub");
  write_file(folder / "sub/a.json", "old");
  const OutputFile file(folder / "sub/a.json");
  // The target turns into a folder while the work goes on: the rename fails.
  fs::rename(folder / "sub/a.json", folder / "kept");
  fs::create_directories(folder / "sub/a.json/full");
  EXPECT_THROW(file.write("new"), FileError);
  EXPECT_EQ(read_file(folder / "kept"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "sub"), fs::directory_iterator()), 1);
  // The folder goes away altogether.
  fs::remove_all(folder / "sub");
  EXPECT_THROW(file.write("new"), FileError);
}

TEST(OutputFile, ReportsADeviceThatIsFull) {
  const OutputFile file("/dev/full");
  try {
    file.write("text");
    FAIL() << "no exception";
  } catch (const FileError& error) {
    EXPECT_STREQ(error.what(), "/dev/full: cannot be written (No space left on device)");
  }
}

std::string conflict(const OutputFile& file, const fs::path& input) {
  try {
    file.require_apart(std::vector<fs::path>{input});
  } catch (const FileError& error) {
    return error.what();
  }
  return "";
}

TEST(OutputFile, IsNoneOfTheInputsByAnyName) {
  const TemporaryFolder folder;
  write_file(folder / "net.onnx", "bytes");
  fs::create_symlink("net.onnx", folder / "soft");
  fs::create_hard_link(folder / "net.onnx", folder / "hard");
  fs::create_directory_symlink(".", folder / "same");
  for (const char* name : {"net.onnx", "soft", "hard", "same/net.onnx"}) {
    const OutputFile file(folder / name);
    EXPECT_THAT(conflict(file, folder / "net.onnx"), ::testing::HasSubstr("it is the input")) << name;
  }
  EXPECT_EQ(conflict(OutputFile(folder / "new.json"), folder / "net.onnx"), "");
}

TEST(OutputFile, IsNoOtherOutputByAnyName) {
  const TemporaryFolder folder;
  fs::create_directory_symlink(".", folder / "same");
  const OutputFile file(folder / "new.json");
  EXPECT_THROW(OutputFile(folder / "same/new.json").require_apart(file), FileError);
  OutputFile(folder / "other.json").require_apart(file);
  OutputFile("/dev/null").require_apart(OutputFile("/dev/null"));
}

}  // namespace
}  // namespace geolip::cli
