#include <cli/sweep/manifest.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include <cli/exit_code.hpp>
#include <cli/fake_library.hpp>

namespace geolip::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<SweepRun> parse(const std::string& toml) { return parse_manifest(toml, "s.toml", "nets"); }

/// "network norm outputs settings" of each run.
std::vector<std::string> questions(const std::vector<SweepRun>& runs) {
  std::vector<std::string> result;
  for (const SweepRun& run : runs) {
    result.push_back(run.network + ' ' + run.norm + ' ' + run.outputs + ' ' + run.settings.dump());
  }
  return result;
}

std::string refusal(const std::string& text, const std::string& name = "s.toml") {
  try {
    parse_manifest(text, name, ".");
  } catch (const FileError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Manifest, CombinesAllLists) {
  const std::vector<SweepRun> runs = parse(R"(
    networks = ["a.onnx", "b.mat"]
    norms = ["linf", "l2"]
    outputs = ["all", 3]
    [settings]
    gap = [1e-2, 1e-3]
    baselines = true
  )");
  EXPECT_EQ(runs.size(), 16U);
  EXPECT_THAT(std::vector<std::string>(questions(runs)).front(),
              R"(a.onnx linf all {"gap":0.01,"baselines":true})");
  EXPECT_THAT(questions(runs)[1], R"(a.onnx linf all {"gap":0.001,"baselines":true})");
  EXPECT_THAT(questions(runs)[2], R"(a.onnx linf 3 {"gap":0.01,"baselines":true})");
  EXPECT_THAT(questions(runs)[15], R"(b.mat l2 3 {"gap":0.001,"baselines":true})");
  EXPECT_THAT(runs[0].arguments,
              ElementsAre("nets/a.onnx", "--norm=linf", "--outputs=all", "--gap=0.01", "--baselines"));
  EXPECT_EQ(runs[0].path, "nets/a.onnx");
}

TEST(Manifest, HasTheDefaultsOfEstimate) {
  EXPECT_THAT(questions(parse("networks = 'a.onnx'")), ElementsAre("a.onnx l2 all {}"));
}

TEST(Manifest, BlocksInheritWhatStandsAboveThem) {
  const std::vector<SweepRun> runs = parse(R"(
    networks = "a.onnx"
    [settings]
    gap = 1e-2
    rank = 8
    [[sweep]]
    norms = "l1"
    [[sweep]]
    networks = "b.onnx"
    settings = {gap = 1e-3}
  )");
  EXPECT_THAT(questions(runs), ElementsAre(R"(a.onnx l1 all {"gap":0.01,"rank":8})",
                                           R"(b.onnx l2 all {"gap":0.001,"rank":8})"));
}

TEST(Manifest, RunsWhatIsAskedTwiceOnce) {
  EXPECT_EQ(parse("networks = ['a.onnx', 'a.onnx']\nnorms = ['l2', 'l2']").size(), 1U);
}

TEST(Manifest, JsonSaysTheSame) {
  const auto json = parse_manifest(
      R"({"networks": "a.onnx", "norms": ["linf"], "settings": {"gap": [0.01, 0.001]}})", "s.json", "nets");
  const auto toml = parse("networks = 'a.onnx'\nnorms = ['linf']\n[settings]\ngap = [0.01, 0.001]");
  EXPECT_EQ(questions(json), questions(toml));
  EXPECT_EQ(json[1].id, toml[1].id);
}

TEST(Manifest, IdsTellQuestionsApartAndNotFolders) {
  const std::vector<SweepRun> runs =
      parse("networks = ['a', 'b']\nnorms = ['l1', 'l2']\n[settings]\ngap = [0.1, 0.2]");
  std::set<std::string> ids;
  for (const SweepRun& run : runs) ids.insert(run.id);
  EXPECT_EQ(ids.size(), runs.size());
  EXPECT_EQ(parse_manifest("networks = 'a'", "s.toml", "x")[0].id,
            parse_manifest("networks = 'a'", "s.toml", "y")[0].id);
}

TEST(Manifest, PatternsMatchFilesBesideIt) {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "nets");
  for (const char* name : {"nets/b.onnx", "nets/a.onnx", "nets/c.mat"})
    testing::write_file(folder / name, "");
  const auto runs =
      parse_manifest("networks = ['nets/*.onnx', 'nets/a.onnx', 'nets/c.mat']", "s.toml", folder / "");
  EXPECT_THAT(questions(runs),
              ElementsAre("nets/a.onnx l2 all {}", "nets/b.onnx l2 all {}", "nets/c.mat l2 all {}"));
  EXPECT_EQ(runs[0].path, folder / "nets/a.onnx");
  testing::write_file(folder / "s.toml", "networks = 'nets/*.mat'");
  EXPECT_THAT(questions(read_manifest(folder / "s.toml")), ElementsAre("nets/c.mat l2 all {}"));
}

TEST(Manifest, ANetworkNamedLikeAnOptionIsNone) {
  EXPECT_EQ(parse_manifest("networks = '--quiet'", "s.toml", "")[0].arguments[0], "./--quiet");
}

TEST(Manifest, RefusesWhatItDoesNotUnderstandByName) {
  EXPECT_THAT(refusal("networks = ["), HasSubstr("s.toml: line 1 is no TOML: "));
  EXPECT_THAT(refusal("{", "s.json"), HasSubstr("s.json is no JSON: error at line 1"));
  EXPECT_EQ(refusal("[1e999]", "s.json"), "s.json: number overflow parsing '1e999'");
  EXPECT_EQ(refusal("", "s.yaml"), "s.yaml: a manifest's name ends in .toml or .json");
  EXPECT_EQ(refusal("[1]", "s.json"), "s.json: it is no table of keys");
  EXPECT_EQ(refusal(""), "s.toml: networks is missing");
  EXPECT_EQ(refusal("networks = []"), "s.toml: networks is an empty list");
  EXPECT_EQ(refusal("networks = 1.5"), "s.toml: networks: 1.5 is no text");
  EXPECT_EQ(refusal("network = 'a'"),
            "s.toml: 'network' is none of networks, norms, outputs, settings, sweep");
  EXPECT_EQ(refusal("networks = 'none*'"), "s.toml: networks: no file matches 'none*'");
  EXPECT_EQ(refusal("networks = 'a'\nnorms = 'l3'"), "s.toml: norms: 'l3' is not one of linf, l2, l1");
  EXPECT_EQ(refusal("networks = 'a'\n[settings]\ngap = 2"),
            "s.toml: settings.gap: '2' is not a number between 0 and 1, both excluded");
  EXPECT_THAT(refusal("networks = 'a'\n[settings]\ngpa = 2"),
              HasSubstr("s.toml: settings.gpa is no setting; there are gap, "));
  EXPECT_EQ(refusal("networks = 'a'\n[settings]\nlogits = 1"),
            "s.toml: settings.logits: 1 is not true or false");
  EXPECT_EQ(refusal("networks = 'a'\n[settings]\ngap = []"), "s.toml: settings.gap is an empty list");
  EXPECT_EQ(refusal("networks = 'a'\n[settings]\nrank = 64\nmax_rank = 32"),
            "s.toml: settings.rank: 64 is larger than --max-rank 32");
  EXPECT_EQ(refusal("networks = 'a'\nsweep = 1"), "s.toml: sweep is no list of tables ([[sweep]])");
  EXPECT_EQ(refusal("[[sweep]]\nnetworks = 'a'\n[[sweep]]\nnorms = 'l2'"),
            "s.toml: sweep 2: networks is missing");
  EXPECT_EQ(refusal("networks = 2020-01-01"), "s.toml: line 1 has a date or a time, which no setting is");
}

// toml++ must not see characters that might be white space to it: what it then does is undefined.
TEST(Manifest, TakesCharactersBeyondAsciiInStringsAndComments) {
  EXPECT_THAT(
      questions(parse("\xEF\xBB\xBFnetworks = [\"\u03c2.onnx\", '\u03c3\"#.onnx'] # \u03c4 \"\n# '\u03c5\n"
                      "outputs = \"\"\"a\u2028\\\n\u00a0b\"\"\" # \u03c6\n")),
      ElementsAre("\u03c2.onnx l2 a\u2028\u00a0b {}", "\u03c3\"#.onnx l2 a\u2028\u00a0b {}"));
  // characters of the plane that they travel through
  EXPECT_THAT(
      questions(parse("networks = ['\U000F0080\U000F00C3\U000F0100', '\\u00e9', \"\\u00e9\"]")),
      ElementsAre("\U000F0080\U000F00C3\U000F0100 l2 all {}", "\\u00e9 l2 all {}", "\u00e9 l2 all {}"));
  EXPECT_EQ(refusal("networks = 'a'\n'n\u00f6rms' = 1"),
            "s.toml: 'n\u00f6rms' is none of networks, norms, outputs, settings, sweep");
}

TEST(Manifest, RefusesStrayCharactersAsNoToml) {
  for (const char* stray :
       {"\u00a0", "\u03c2", "\u0499", "\u1680", "\u2028", "\u3000", "\ufeff", "\U0001F600"}) {
    const std::string c = stray;
    for (const std::string& text :
         {"\n" + c + " = 1", "\n[a" + c + "]", "\nnetworks = [1" + c + "]", "\nnetworks = [1\"" + c + "\"]",
          "\nnetworks = 1[" + c, "\nnetworks = 1979-05-27 '" + c + "'", "\nnetworks = ''" + c,
          "\nnetworks = \"a\\\"\"" + c, "\nnetworks = 1" + c, "\nnetworks = true" + c,
          "\nnetworks =" + c + "1", "\nnetworks = '''a'''" + c}) {
      EXPECT_THAT(refusal(text), StartsWith("s.toml: line 2 is no TOML: ")) << text;
    }
  }
  EXPECT_EQ(refusal("networks = [\n'a\xE9']"), "s.toml: line 2 is not in UTF-8");
  EXPECT_EQ(refusal("networks = [\n\"\\U000F0080\"]"), "s.toml: line 2 is not in UTF-8");
}

TEST(Manifest, RefusesMoreRunsThanAnyoneWaitsFor) {
  std::string seeds;
  for (int i = 0; i < 1001; ++i) seeds += (i == 0 ? "" : ",") + std::to_string(i);
  const std::string text = "networks = 'a'\noutputs = [" + seeds + "]\n[settings]\nseed = [" + seeds + "]";
  EXPECT_EQ(refusal(text), "s.toml: that is more than 1000000 runs");
}

TEST(Manifest, RefusesFilesThatCannotBeRead) {
  EXPECT_THROW(read_manifest("no/such.toml"), FileError);
  EXPECT_THROW(read_manifest(std::filesystem::temp_directory_path()), FileError);
}

}  // namespace
}  // namespace geolip::cli
