#include <geolip/version.hpp>

#include <gmock/gmock.h>

#include <limits>

#include <cli/fake_library.hpp>

namespace geolip::cli {
namespace {

using testing::fake_estimate;
using testing::fake_read_network;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::run_command;
using ::testing::StartsWith;

/// The command ends with a sentence on the error stream, and prints nothing else.
void expect_refusal(const std::vector<std::string>& arguments, int code, const std::string& sentence) {
  const Outcome outcome = run_command(arguments);
  EXPECT_EQ(outcome.err, "geolip: " + sentence + "\n");
  EXPECT_EQ(outcome.code, code);
  EXPECT_EQ(outcome.out, "");
}

TEST(Arguments, AreRefusedInOneSentence) {
  expect_refusal(
      {}, 2,
      "a command is missing, one of estimate, info, export, verify, sweep and report (see geolip --help)");
  expect_refusal({"estimat"}, 2,
                 "'estimat' is not a command: there are estimate, info, export, verify, sweep and report "
                 "(see geolip --help)");
  expect_refusal({"--fast"}, 2,
                 "'--fast' is not a command: there are estimate, info, export, verify, sweep and report (see "
                 "geolip --help)");
  expect_refusal({"--fast", "estimate", "n.onnx"}, 2,
                 "'--fast' is not a command: there are estimate, info, export, verify, sweep and report (see "
                 "geolip --help)");
  expect_refusal({"estimate"}, 2, "estimate needs a NETWORK (see geolip estimate --help)");
  expect_refusal({"info"}, 2, "info needs a NETWORK (see geolip info --help)");
  expect_refusal({"estimate", "n.onnx", "--fast"}, 2,
                 "'--fast' is not an option of estimate (see geolip estimate --help)");
  expect_refusal({"estimate", "--gpa", "1e-3", "n.onnx"}, 2,
                 "'--gpa' is not an option of estimate (see geolip estimate --help)");
  expect_refusal({"estimate", "n.onnx", "m.onnx"}, 2,
                 "'m.onnx' is one argument too many of estimate (see geolip estimate --help)");
  expect_refusal({"info", "n.onnx", "--gap", "1"}, 2,
                 "'--gap' is not an option of info (see geolip info --help)");
}

TEST(Arguments, AreCheckedOneByOne) {
  const auto expect = [](const std::string& option, const std::string& value, const std::string& wanted) {
    expect_refusal({"estimate", "n.onnx", option, value}, 2, option + ": '" + value + "' is not " + wanted);
  };
  for (const std::string bad : {"0", "1", "-1", "nan", "inf", "x", "1e-4x", "", " 1e-4", "1e-999"}) {
    expect("--gap", bad, "a number between 0 and 1, both excluded");
  }
  for (const std::string bad : {"0", "-2", "nan", "10s"})
    expect("--time-limit", bad, "a number of seconds above 0");
  const std::string positive = "a whole number from 1 to 9223372036854775807";
  for (const std::string bad : {"0", "-3", "1.5", "1e3", "9223372036854775808", "many"}) {
    for (const std::string option : {"--max-rank", "--max-iterations", "--starts"}) {
      expect(option, bad, positive);
    }
  }
  expect("--rank", "-1", "a whole number from 0 to 9223372036854775807");
  expect("--seed", "-1", "a whole number from 0 to 18446744073709551615");
  expect("--threads", "-1", "a whole number from 0 to 2147483647");
  expect("--norm", "L2", "one of linf, l2, l1");
  expect("--precision", "double", "one of auto, float32, float64");
  for (const std::string bad : {"gpu", "cuda:", "cuda:x", "cuda:-1"}) {
    expect("--device", bad, "one of auto, cpu, cuda, cuda:N");
  }
}

TEST(Arguments, MustFitEachOther) {
  expect_refusal({"estimate", "n.onnx", "--rank", "64", "--max-rank", "32"}, 2,
                 "--rank: 64 is larger than --max-rank 32");
}

TEST(Arguments, MustFitTheNetwork) {
  expect_refusal({"estimate", "missing.onnx"}, 3, "missing.onnx: the file does not exist");
  expect_refusal({"info", "missing.onnx"}, 3, "missing.onnx: the file does not exist");
  expect_refusal({"estimate", "n.onnx", "--outputs", "7"}, 2,
                 "outputs: '7' names output 7 but the network's outputs are 0 to 1");
  expect_refusal({"estimate", "n.onnx", "--outputs", "0,,1"}, 2, "outputs: an entry is empty");
  expect_refusal({"estimate", "n.onnx", "--norm", "l1", "--outputs", "vector", "--baselines"}, 2,
                 "objective: 'vector' is defined for l2 and linf, not for l1");
  EXPECT_THAT(run_command({"estimate", "n.onnx", "--activation", "reul"}).err,
              StartsWith("geolip: activation 'reul' is not known (identity, relu,"));
}

TEST(Arguments, MissingValuesAndRepetitionsAreRefused) {
  expect_refusal({"estimate", "n.onnx", "--gap"}, 2, "--gap: its value is missing");
  expect_refusal({"estimate", "n.onnx", "--gap", "1e-2", "--gap", "1e-3"}, 2,
                 "--gap: it is given more than once");
}

/// The settings and options that the library is called with.
struct Seen {
  Query query;
  Settings settings;
  ReadOptions read;
  std::filesystem::path path;
};

Seen seen_by_library(std::vector<std::string> arguments) {
  Seen seen;
  const Library library{[&](const std::filesystem::path& path, const ReadOptions& options) {
                          seen.path = path;
                          seen.read = options;
                          return fake_read_network(path, options);
                        },
                        [&](const Network& network, const Query& query, const Settings& settings) {
                          seen.query = query;
                          seen.settings = settings;
                          return fake_estimate(network, query, settings);
                        }};
  arguments.insert(arguments.begin(), "estimate");
  const Outcome outcome = run_command(arguments, library);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.code, 0);
  return seen;
}

TEST(Arguments, DefaultToTheLibrarysSettings) {
  const Seen seen = seen_by_library({"n.onnx"});
  const Settings settings;
  EXPECT_EQ(seen.path, "n.onnx");
  EXPECT_EQ(seen.query.norm, Norm::l2);
  EXPECT_EQ(seen.query.objectives.size(), 2U);
  EXPECT_EQ(seen.settings.gap, settings.gap);
  EXPECT_EQ(seen.settings.max_iterations, settings.max_iterations);
  EXPECT_EQ(seen.settings.time_limit, settings.time_limit);
  EXPECT_EQ(seen.settings.rank, settings.rank);
  EXPECT_EQ(seen.settings.max_rank, settings.max_rank);
  EXPECT_EQ(seen.settings.starts, settings.starts);
  EXPECT_EQ(seen.settings.device, "auto");
  EXPECT_FALSE(seen.read.activation.has_value());
  EXPECT_FALSE(seen.read.logits);
  EXPECT_FALSE(seen.read.physical_units);
}

TEST(Arguments, ReachTheLibrary) {
  const Seen seen = seen_by_library({"--norm",
                                     "linf",
                                     "--outputs",
                                     "0,1-0,vector",
                                     "--gap",
                                     "1e-6",
                                     "--device",
                                     "cuda:1",
                                     "--rank",
                                     "8",
                                     "--max-rank",
                                     "64",
                                     "--seed",
                                     "18446744073709551615",
                                     "--threads",
                                     "3",
                                     "n.mat",
                                     "--precision",
                                     "float64",
                                     "--max-iterations",
                                     "99",
                                     "--time-limit",
                                     "1.5",
                                     "--starts",
                                     "7",
                                     "--activation",
                                     "tanh",
                                     "--logits",
                                     "--physical-units",
                                     "--quiet"});
  EXPECT_EQ(seen.path, "n.mat");
  EXPECT_EQ(seen.query.norm, Norm::linf);
  ASSERT_EQ(seen.query.objectives.size(), 3U);
  EXPECT_EQ(to_string(seen.query.objectives[1]), "1-0");
  EXPECT_EQ(seen.settings.gap, 1e-6);
  EXPECT_EQ(seen.settings.device, "cuda:1");
  EXPECT_EQ(seen.settings.rank, 8);
  EXPECT_EQ(seen.settings.max_rank, 64);
  EXPECT_EQ(seen.settings.seed, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(seen.settings.threads, 3);
  EXPECT_EQ(seen.settings.precision, Precision::float64);
  EXPECT_EQ(seen.settings.max_iterations, 99);
  EXPECT_EQ(seen.settings.time_limit, 1.5);
  EXPECT_EQ(seen.settings.starts, 7);
  ASSERT_TRUE(seen.read.activation.has_value());
  EXPECT_EQ(seen.read.activation->kind(), ActivationKind::tanh);
  EXPECT_TRUE(seen.read.logits);
  EXPECT_TRUE(seen.read.physical_units);
}

TEST(Arguments, TheLargestRankFollowsTheFirst) {
  EXPECT_EQ(seen_by_library({"n.onnx", "--rank", "300"}).settings.max_rank, 300);
}

TEST(Arguments, ARankOfZeroIsTheDefault) {
  EXPECT_EQ(seen_by_library({"n.onnx", "--rank", "0"}).settings.rank, Settings().rank);
}

TEST(Arguments, TwoDashesEndTheOptions) {
  EXPECT_EQ(seen_by_library({"--norm", "linf", "--", "--odd.onnx"}).path, "./--odd.onnx");
  EXPECT_EQ(seen_by_library({"--", "n.onnx"}).path, "n.onnx");
  expect_refusal({"estimate", "n.onnx", "--", "--quiet"}, 2,
                 "'./--quiet' is one argument too many of estimate (see geolip estimate --help)");
}

TEST(Arguments, HelpFitsATerminal) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"estimate", "--help"}, {"info", "--help"}}) {
    std::istringstream lines(run_command(arguments).out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110U) << line;
  }
}

TEST(Arguments, HelpAndVersionArePrinted) {
  Outcome outcome = run_command({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, std::string("geolip ") + version + "\n");
  EXPECT_EQ(run_command({"estimate", "--version"}).out, outcome.out);

  outcome = run_command({"--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("estimate"));
  EXPECT_THAT(outcome.out, HasSubstr("info"));

  outcome = run_command({"estimate", "--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  for (const std::string word : {"NETWORK",          "--norm",       "--outputs", "--gap",
                                 "--device",         "--precision",  "--rank",    "--max-rank",
                                 "--max-iterations", "--time-limit", "--starts",  "--seed",
                                 "--threads",        "--activation", "--logits",  "--physical-units",
                                 "--baselines",      "--inputs",     "--json",    "--quiet",
                                 "Examples",         "Exit codes"}) {
    EXPECT_THAT(outcome.out, HasSubstr(word));
  }
}

}  // namespace
}  // namespace geolip::cli
