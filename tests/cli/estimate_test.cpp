#include <cli/estimate.hpp>

#include <geolip/baselines.hpp>
#include <geolip/version.hpp>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include <limits>
#include <random>

#include <cli/estimate_table.hpp>
#include <cli/fake_library.hpp>

namespace geolip::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using testing::fake_estimate;
using testing::fake_library;
using testing::fake_read_network;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using testing::read_file;
using testing::run_command;
using testing::TemporaryFolder;
using testing::write_file;

/// The fake library with its bounds changed.
Library changed(const std::function<void(Result&)>& change) {
  return {fake_read_network, [change](const Network& network, const Query& query, const Settings& settings) {
            Result result = fake_estimate(network, query, settings);
            change(result);
            return result;
          }};
}

/// Seconds, which differ from run to run, replaced by "T".
std::string without_time(std::string text) {
  const std::size_t in = text.find("certified to 1e-4 in ");
  if (in == std::string::npos) return text;
  const std::size_t begin = in + std::string("certified to 1e-4 in ").size();
  return text.replace(begin, text.find(' ', begin) - begin, "T");
}

TEST(Estimate, PrintsATable) {
  const Outcome outcome = run_command({"estimate", "some/net.onnx", "--outputs", "all,1-0,vector"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(
      without_time(outcome.out),
      "network  net.onnx (2-3-2)\n"
      "norm     l2\n"
      "device   cpu (a fake)\n"
      "needs    about 2.5 GB, and 12 s for each certificate\n"
      "\n"
      "output     lower     upper      gap  status     seconds\n"
      "     0  1.000000  1.500100  6.7e-05  certified     0.94\n"
      "     1  2.000000  2.500100  4.0e-05  certified     0.94\n"
      "   1-0  3.000000  3.500100  2.9e-05  certified     0.94\n"
      "vector  4.000000  4.500100  2.3e-05  certified     0.94\n"
      "\n"
      "4 of 4 certified to 1e-4 in T s\n"
      "certified: a dual certificate in float64, or the product of norms, gives a bound at most 1e-4 of it\n"
      "           above the relaxation's optimum\n");
}

TEST(Estimate, CallsNothingVerifiedThatReadingRounded) {
  Library library = changed([](Result& result) {
    for (Bound& bound : result.bounds) {
      bound.status = Status::verified;
      bound.proofs.resize(1);
    }
  });
  library.read_network = [](const std::filesystem::path& path, const ReadOptions& options) {
    NetworkFile file = fake_read_network(path, options);
    file.source.rounded = true;
    return file;
  };
  const Outcome outcome = run_command({"estimate", "net.onnx"}, library);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("  certified  "));
  EXPECT_THAT(outcome.out, Not(HasSubstr("  verified  ")));
  EXPECT_THAT(outcome.out,
              HasSubstr("not verified: weights of this file are computed with rounding when it is read"));
  const Outcome report = run_command({"estimate", "net.onnx", "--json", "-"}, library);
  EXPECT_THAT(report.out, Not(HasSubstr("\"verified\": true")));
  EXPECT_THAT(report.out, HasSubstr("\"not_verified\": \"weights of this file"));
}

TEST(Estimate, SaysWhatVerifiedMeans) {
  const auto verify_first = [](Result& result) {
    result.bounds[0].status = Status::verified;
    result.bounds[0].proofs.resize(1);
    result.bounds[0].verification_loss = 3e-9;
    result.bounds[1].reason = "the proofs would take longer than the bounds";
  };
  const Outcome outcome = run_command({"estimate", "net.onnx"}, changed(verify_first));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("6.7e-05  verified      0.94\n"));
  EXPECT_THAT(
      outcome.out,
      HasSubstr(
          "verified: proved with every rounding error covered, which cost at most 3.0e-09 of the bound,\n"
          "          and at most 1e-4 above the relaxation's optimum\n"));
  EXPECT_THAT(outcome.out, HasSubstr("not verified: the proofs would take longer than the bounds\n"));
}

TEST(Estimate, SaysWhatALimitMeans) {
  const Outcome outcome = run_command({"estimate", "net.onnx"}, changed([](Result& result) {
                                        result.bounds[1].status = Status::limit;
                                        result.bounds[1].relaxation = 2.0;
                                      }));
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(without_time(outcome.out),
              HasSubstr("1 of 2 certified to 1e-4 in T s; a limit ended the run at a gap of 2.1e-01\n"
                        "limit: the gap was not met, but the upper bounds are valid all the same\n"));
}

/// One objective without bounds.
void fail_first(Result& result) {
  Bound& bound = result.bounds[0];
  bound.lower = bound.relaxation = 0.0;
  bound.upper = std::numeric_limits<double>::infinity();
  bound.status = Status::failed;
  bound.reason = "it overflows";
}

TEST(Estimate, SaysWhatFailedAndEndsWithCode3) {
  const Outcome outcome = run_command({"estimate", "net.onnx"}, changed(fail_first));
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("  failed  "));
  EXPECT_THAT(without_time(outcome.out), HasSubstr("1 of 2 certified to 1e-4 in T s\n"
                                                   "failed: output 0: it overflows\n"));
}

TEST(EstimateJson, HasNoNumberForTheBoundOfAnObjectiveThatFailed) {
  const Outcome outcome = run_command({"estimate", "net.onnx", "--json", "-"}, changed(fail_first));
  EXPECT_EQ(outcome.code, 3);
  const json results = json::parse(outcome.out)["results"];
  EXPECT_EQ(results[0]["status"], "failed");
  EXPECT_EQ(results[0]["reason"], "it overflows");
  EXPECT_TRUE(results[0]["upper"].is_null());
  EXPECT_TRUE(results[1]["upper"].is_number());
}

TEST(Estimate, PrintsBaselinesBesideTheBounds) {
  const Outcome outcome = run_command({"estimate", "net.onnx", "--outputs", "0", "--baselines"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("output  gradient     lower     upper   product  tighter"));
  EXPECT_THAT(outcome.out, HasSubstr("1000 random inputs"));
}

TEST(Estimate, PrintsNumbersThatAreStillBounds) {
  std::mt19937_64 engine(5);
  std::normal_distribution<double> normal(0.0, 100.0);
  for (int repeat = 0; repeat < 300; ++repeat) {
    const double upper = std::pow(10.0, normal(engine));
    const double lower = upper * std::generate_canonical<double, 53>(engine);
    const Outcome outcome =
        run_command({"estimate", "net.onnx", "--outputs", "0"}, changed([&](Result& result) {
                      result.bounds[0].lower = lower;
                      result.bounds[0].upper = upper;
                    }));
    std::istringstream row(outcome.out.substr(outcome.out.find("seconds\n") + 8));
    std::string output;
    std::string printed_lower;
    std::string printed_upper;
    row >> output >> printed_lower >> printed_upper;
    EXPECT_LE(std::strtod(printed_lower.c_str(), nullptr), lower) << outcome.out;
    EXPECT_GE(std::strtod(printed_upper.c_str(), nullptr), upper) << outcome.out;
  }
}

TEST(Estimate, ShowsProgressOnATerminalOnly) {
  const std::string shown = "\r\x1b[K1 of 2 certified, gap 1.1e-02, sweep 30, rank 16, 0.5 s\r\x1b[K";
  EXPECT_EQ(run_command({"estimate", "net.onnx"}, fake_library(), 80).err, shown);
  EXPECT_EQ(run_command({"estimate", "net.onnx"}, fake_library(), 0).err, "");
  EXPECT_EQ(run_command({"estimate", "net.onnx", "--quiet"}, fake_library(), 80).err, "");
}

TEST(Estimate, ClearsItsProgressBeforeAnError) {
  const Library library{fake_read_network,
                        [](const Network& network, const Query& query, const Settings& settings) {
                          fake_estimate(network, query, settings);
                          throw std::bad_alloc();
                          return Result();
                        }};
  const Outcome outcome = run_command({"estimate", "net.onnx"}, library, 80);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("0.5 s\r\x1b[Kgeolip: memory ran out"));
}

TEST(Estimate, SaysWhatItNeedsBeforeTheWork) {
  const Library library{fake_read_network,
                        [](const Network& network, const Query& query, const Settings& settings) {
                          fake_estimate(network, query, settings);
                          throw std::bad_alloc();
                          return Result();
                        }};
  EXPECT_EQ(run_command({"estimate", "net.onnx"}, library).out,
            "network  net.onnx (2-3-2)\n"
            "norm     l2\n"
            "device   cpu (a fake)\n"
            "needs    about 2.5 GB, and 12 s for each certificate\n"
            "\n");
  EXPECT_EQ(run_command({"estimate", "net.onnx", "--json", "-"}, library).out, "");
}

TEST(Estimate, SaysNothingOfSmallNeedsAndTheHeaderOnce) {
  const Library library{fake_read_network, [](const Network& network, const Query& query, const Settings&) {
                          Result result = fake_estimate(network, query, {});
                          result.prediction = {1e6, 1e5, 1e6, 0.0, 1};
                          return result;  // where nothing is to be done begin() is not called
                        }};
  EXPECT_THAT(run_command({"estimate", "net.onnx"}, library).out,
              ::testing::StartsWith("network  net.onnx (2-3-2)\n"
                                    "norm     l2\n"
                                    "device   cpu (a fake)\n"
                                    "\n"
                                    "output "));
}

TEST(EstimateJson, HasTheDocumentedSchema) {
  const TemporaryFolder folder;
  const std::string path = (folder / "r.json").string();
  const Outcome outcome = run_command({"estimate", "net.onnx", "--norm", "linf", "--outputs", "1,0-1,vector",
                                       "--seed", "18446744073709551615", "--json", path});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("3 of 3 certified"));
  EXPECT_THAT(folder.names(), ElementsAre("r.json"));
  const json report = json::parse(read_file(path));
  EXPECT_EQ(report["tool"], "geolip");
  EXPECT_EQ(report["version"], version);
  EXPECT_EQ(report["device"], "cpu (a fake)");
  EXPECT_EQ(report["network"], json({{"path", "net.onnx"},
                                     {"sha256", std::string(64, 'a')},
                                     {"inputs", 2},
                                     {"outputs", 2},
                                     {"layers", 3}}));
  EXPECT_EQ(report["settings"], json({{"norm", "linf"},
                                      {"outputs", "1,0-1,vector"},
                                      {"gap", 1e-4},
                                      {"max_iterations", 20000},
                                      {"time_limit", nullptr},
                                      {"rank", 0},
                                      {"max_rank", 128},
                                      {"precision", "auto"},
                                      {"verify", "auto"},
                                      {"seed", 18446744073709551615ULL},
                                      {"starts", 64},
                                      {"threads", 0},
                                      {"device", "auto"},
                                      {"activation", nullptr},
                                      {"logits", false},
                                      {"physical_units", false}}));
  EXPECT_EQ(report["predicted"], json({{"bytes", 2.5e9},
                                       {"certificate_bytes", 2e9},
                                       {"certificate_multiplications", 3e11},
                                       {"certificate_seconds", 12.0},
                                       {"problems_at_once", 3},
                                       {"certificates_at_once", 1},
                                       {"weights_on_host", false}}));
  ASSERT_EQ(report["results"].size(), 3U);
  EXPECT_EQ(report["results"][0], json({{"output", 1},
                                        {"norm", "linf"},
                                        {"lower", 1.0},
                                        {"relaxation", 1.5},
                                        {"upper", 1.5001},
                                        {"status", "certified"},
                                        {"reason", nullptr},
                                        {"verified", false},
                                        {"verification_loss", 0.0},
                                        {"iterations", 40},
                                        {"rank", 16},
                                        {"precision", "float32"},
                                        {"seconds",
                                         {{"ascent", 0.25},
                                          {"certificate", 0.5},
                                          {"rounding", 0.125},
                                          {"verification", 0.0625},
                                          {"total", 0.9375}}}}));
  EXPECT_EQ(report["results"][1]["output"], json({0, 1}));
  EXPECT_EQ(report["results"][2]["output"], "vector");
}

TEST(EstimateJson, KeepsEveryBitOfADouble) {
  std::mt19937_64 engine(3);
  std::normal_distribution<double> normal(0.0, 100.0);
  for (int repeat = 0; repeat < 200; ++repeat) {
    const double lower = std::pow(10.0, normal(engine));
    const double upper = lower * (1.0 + std::generate_canonical<double, 53>(engine));
    const Outcome outcome =
        run_command({"estimate", "net.onnx", "--outputs", "0", "--json", "-"}, changed([&](Result& result) {
                      result.bounds[0].lower = lower;
                      result.bounds[0].upper = upper;
                    }));
    const json report = json::parse(outcome.out);  // and nothing else is printed
    EXPECT_EQ(report["results"][0]["lower"].get<double>(), lower);
    EXPECT_EQ(report["results"][0]["upper"].get<double>(), upper);
  }
}

TEST(EstimateJson, HoldsTheBaselinesAskedFor) {
  const Outcome outcome =
      run_command({"estimate", "net.onnx", "--outputs", "0", "--baselines", "--seed", "5", "--json", "-"});
  const json report = json::parse(outcome.out);
  const Network network = fake_read_network("net.onnx", {}).network;
  const json expected{
      {"gradient", gradient_bound(network, Norm::l2, Objective::output(0), random_inputs(1000, 2, 5))},
      {"product", product_bound(network, Norm::l2, Objective::output(0))}};
  EXPECT_EQ(report["results"][0]["baselines"], expected);
  EXPECT_EQ(report["settings"]["baseline_inputs"], json({{"path", nullptr}, {"count", 1000}}));
}

TEST(EstimateJson, SurvivesAPathThatIsNoUtf8) {
  const Outcome outcome = run_command({"estimate", "n\xFF.onnx", "--json", "-"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(json::parse(outcome.out)["network"]["path"], "n\xEF\xBF\xBD.onnx");
}

TEST(EstimateJson, AnUnwritablePathIsReportedBeforeTheWork) {
  bool worked = false;
  const Library library{[&](const std::filesystem::path& path, const ReadOptions& options) {
                          worked = true;
                          return fake_read_network(path, options);
                        },
                        fake_estimate};
  const TemporaryFolder folder;
  const std::string path = (folder / "none/r.json").string();
  const Outcome outcome = run_command({"estimate", "net.onnx", "--json", path}, library);
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err, "geolip: " + path + ": cannot be written (No such file or directory)\n");
  EXPECT_FALSE(worked);
}

TEST(EstimateJson, AFailedRunLeavesTheOldReport) {
  const TemporaryFolder folder;
  const std::string path = (folder / "r.json").string();
  write_file(path, "old");
  const Outcome outcome = run_command({"estimate", "missing.onnx", "--json", path});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_THAT(folder.names(), ElementsAre("r.json"));
}

TEST(Estimate, TakesGradientsAtTheInputsOfAFile) {
  const TemporaryFolder folder;
  const std::string path = (folder / "x.npy").string();
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }\n";
  std::string bytes = std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header;
  const std::vector<double> x{1.0, -1.0};
  bytes.append(reinterpret_cast<const char*>(x.data()), 16);
  write_file(path, bytes);
  const json report = json::parse(
      run_command({"estimate", "net.onnx", "--outputs", "0", "--inputs", path, "--json", "-"}).out);
  const Network network = fake_read_network("net.onnx", {}).network;
  Matrix inputs(1, 2);
  inputs.data = x;
  EXPECT_EQ(report["results"][0]["baselines"]["gradient"],
            gradient_bound(network, Norm::l2, Objective::output(0), inputs));
  EXPECT_EQ(report["settings"]["baseline_inputs"], json({{"path", path}, {"count", 1}}));

  const Outcome missing = run_command({"estimate", "net.onnx", "--inputs", "none.npy"});
  EXPECT_EQ(missing.code, 3);
  EXPECT_EQ(missing.err, "geolip: none.npy: there is no such file\n");
}

TEST(Estimate, ReportsAnOutputThatTakesNothing) {
  std::ostringstream err;
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EstimateArguments arguments;
  arguments.network.path = "net.onnx";
  EXPECT_ANY_THROW(estimate(arguments, fake_library(), {out, err, 0}));
}

TEST(NetworkSize, ShortensLongNetworks) {
  Network network(4);
  for (int k = 0; k < 20; ++k) network.add({"w", Dense{Matrix(4, 4), {}}});
  EXPECT_EQ(network_size(network), "4-4-4-4-...-4-4, 20 linear layers");
}

}  // namespace
}  // namespace geolip::cli
