#include <geolip/io.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cli/fake_library.hpp>
#include <support/paths.hpp>

namespace geolip::cli {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;
using testing::TemporaryFolder;

Outcome run(std::vector<std::string> arguments) {
  Library library = testing::fake_library();
  library.read_network = read_network;
  arguments.insert(arguments.begin(), "export");
  return testing::run_command(arguments, library);
}

TEST(Export, WritesWhatEveryCommandReads) {
  const TemporaryFolder folder;
  const std::string network = geolip::test::test_data() + "/tiny.nnet";
  const std::string target = (folder / "tiny.npz").string();
  const Outcome outcome = run({network, target, "--physical-units"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const NetworkFile file = read_network(target);
  EXPECT_EQ(outcome.out, file.sha256 + "  " + target + "\n");
  EXPECT_TRUE(file.source.reading.physical_units);
  // a canonical file again: the same bytes
  EXPECT_EQ(run({target, (folder / "again.npz").string()}).code, 0);
  EXPECT_EQ(testing::read_file(folder / "again.npz"), testing::read_file(target));
}

TEST(Export, SaysWhatIsMissingOrWrong) {
  const TemporaryFolder folder;
  const std::string network = geolip::test::test_data() + "/tiny.nnet";
  const auto expect = [&](const std::vector<std::string>& arguments, int code, const std::string& sentence) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(sentence));
    EXPECT_TRUE(folder.names().empty());
  };
  expect({}, 2, "export needs a NETWORK (see geolip export --help)");
  expect({network}, 2, "export needs a FILE.npz (see geolip export --help)");
  expect({network, (folder / "a.npz").string(), "b"}, 2, "'b'");
  expect({"none.nnet", (folder / "a.npz").string()}, 3, "none.nnet: there is no such file");
  expect({network, (folder / "none/a.npz").string()}, 3, "cannot be written");
  expect({network, (folder / "a.npz").string(), "--activation", "tanh"}, 2, "names its own");
}

}  // namespace
}  // namespace geolip::cli
