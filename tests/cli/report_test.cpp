#include <cli/results/report_results.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cli/exit_code.hpp>
#include <cli/fake_library.hpp>
#include <cli/results/result_lines.hpp>

namespace geolip::cli {
namespace {

using ::testing::HasSubstr;
using testing::run_command;
using testing::write_file;

/// A line of results with one result, output 3.
std::string line(const std::string& id, const std::string& network, const std::string& settings,
                 const std::string& status = "verified", const std::string& more = "") {
  return R"({"tool":"geolip","version":"0.1.0","device":"cpu, 2 threads","network":{"path":"x","sha256":"abc"},)"
         R"("results":[{"output":3,"norm":"l2","lower":1.23456789,"relaxation":1.99,"upper":2.0000001,"status":")" +
         status +
         R"(","verified":true,"verification_loss":1e-9,"iterations":40,"rank":16,"seconds":{"total":0.5})" +
         more + R"(}],"run":{"id":")" + id + R"(","network":")" + network +
         R"(","norm":"l2","outputs":"3","settings":)" + settings +
         R"(,"exit_code":0,"error":null,"started":"2026-01-31T12:00:00Z","seconds":0.75,"cpu_seconds":1.5,)"
         R"("peak_memory":1048576,"host":"h"}})"
         "\n";
}

/// The text with `other` in place of `part`.
std::string with(std::string text, const std::string& part, const std::string& other) {
  return text.replace(text.find(part), part.size(), other);
}

std::string failed_line(const std::string& id) {
  return R"({"tool":"geolip","version":"0.1.0","run":{"id":")" + id +
         R"(","network":"b|c.onnx","norm":"l2","outputs":"all","settings":{},"exit_code":3,"error":"b: no, \"really\"",)"
         R"("started":"2026-01-31T12:00:00Z","seconds":0.1,"cpu_seconds":0.1,"peak_memory":1,"host":"h"}})"
         "\n";
}

class ReportCommand : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  testing::Outcome report(std::vector<std::string> words) const {
    words.insert(words.begin(), "report");
    return run_command(words);
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ReportCommand, PrintsATableWithBoundsRoundedOutwards) {
  write_file(path("r.jsonl"), line("1", "a.onnx", "{}") + failed_line("2"));
  const testing::Outcome outcome = report({path("r.jsonl")});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            "network   norm  output    lower    upper      gap  status    seconds\n"
            "a.onnx    l2         3  1.23456  2.00001  5.1e-03  verified     0.75\n"
            "b|c.onnx  l2       all  -        -              -  failed       0.10\n"
            "\n"
            "1 results of 2 runs: 1 verified, 0 certified, 0 at a limit; 1 run failed\n"
            "failed: b|c.onnx l2 all: b: no, \"really\"\n");
}

TEST_F(ReportCommand, ShowsTheSettingsThatVaryAndNoOthers) {
  write_file(path("r.jsonl"), line("1", "a", R"({"gap":0.01,"max_rank":64})") +
                                  line("2", "a", R"({"gap":1e-4,"max_rank":64})"));
  const testing::Outcome outcome = report({path("r.jsonl")});
  EXPECT_THAT(outcome.out, HasSubstr("network  norm  output  --gap    lower"));
  EXPECT_THAT(outcome.out, HasSubstr("a        l2         3   1e-4  1.23456"));
}

TEST_F(ReportCommand, TakesTheLastLineOfARunFromAllFiles) {
  write_file(path("1.jsonl"), failed_line("1") + line("2", "a", "{}", "limit"));
  write_file(path("2.jsonl"), line("1", "a", "{}") + R"({"tool":"geo)");
  EXPECT_THAT(report({path("1.jsonl"), path("2.jsonl")}).out,
              HasSubstr("2 results of 2 runs: 1 verified, 0 certified, 1 at a limit\n"));
}

TEST_F(ReportCommand, WritesCsvInFullPrecision) {
  write_file(path("r.jsonl"),
             with(line("1", "a,b", R"({"gap":0.01})"), R"(1.99,"upper":2.0000001)", R"(1.5,"upper":2.0)") +
                 failed_line("2"));
  const testing::Outcome outcome = report({path("r.jsonl"), "--csv", "-"});
  EXPECT_EQ(
      outcome.out,
      "id,network,sha256,norm,output,setting_gap,lower,relaxation,upper,gap,status,verified,verification_"
      "loss,"
      "iterations,rank,gradient,product,ascent_seconds,certificate_seconds,rounding_seconds,"
      "verification_seconds,batch_seconds,run_seconds,cpu_seconds,peak_memory,device,host,started,version,"
      "error\r\n"
      "1,\"a,b\",abc,l2,3,0.01,1.23456789,1.5,2,0.25,verified,true,1e-9,40,16,,,,,,,"
      "0.5,0.75,1.5,1048576,\"cpu, 2 threads\",h,2026-01-31T12:00:00Z,0.1.0,\r\n"
      "2,b|c.onnx,,l2,all,,,,,,failed,,,,,,,,,,,,0.1,0.1,1,,h,2026-01-31T12:00:00Z,0.1.0,\"b: no, "
      "\"\"really\"\"\"\r\n");
}

TEST_F(ReportCommand, WritesMarkdown) {
  write_file(path("r.jsonl"),
             line("1", "a", "{}", "certified", R"(,"baselines":{"gradient":0.5,"product":3.25})") +
                 failed_line("2"));
  EXPECT_EQ(report({path("r.jsonl"), "--markdown", path("r.md")}).code, 0);
  EXPECT_EQ(testing::read_file(path("r.md")),
            "| network | norm | output | gradient | lower | upper | product | gap | status | seconds |\n"
            "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |\n"
            "| a | l2 | 3 | 0.500000 | 1.23456 | 2.00001 | 3.25000 | 5.1e-03 | certified | 0.75 |\n"
            "| b\\|c.onnx | l2 | all | - | - | - | - | - | failed | 0.10 |\n");
}

TEST_F(ReportCommand, BoundsThatAreNotFiniteAreNoNumbers) {
  write_file(path("r.jsonl"), with(line("1", "a", "{}"), "2.0000001", "null"));
  EXPECT_THAT(report({path("r.jsonl")}).out,
              HasSubstr("a        l2         3  1.23456      -    -  verified     0.75\n"));
  EXPECT_THAT(report({path("r.jsonl"), "--csv=-"}).out, HasSubstr(",1.23456789,1.99,,,verified,"));
}

TEST_F(ReportCommand, RefusesWhatIsNoResult) {
  EXPECT_EQ(report({}).err, "geolip: report needs a file of RESULTS (see geolip report --help)\n");
  EXPECT_EQ(report({path("none")}).code, 3);
  EXPECT_EQ(report({path(".")}).code, 3);
  const std::string good = line("1", "a", "{}");
  write_file(path("r.jsonl"), good + "{}\n");
  EXPECT_THAT(report({path("r.jsonl")}).err, HasSubstr("r.jsonl: line 2 is no result of geolip sweep"));
  // Every key that is relied on, missing or of another type.
  for (const char* key :
       {"tool",       "version",   "device",     "network", "sha256",      "results",     "output",
        "norm",       "lower",     "relaxation", "upper",   "status",      "verified",    "verification_loss",
        "iterations", "rank",      "seconds",    "total",   "run",         "id",          "outputs",
        "settings",   "exit_code", "error",      "started", "cpu_seconds", "peak_memory", "host"}) {
    std::string text = good;
    const std::string quoted = '"' + std::string(key) + '"';
    text.replace(text.rfind(quoted), quoted.size(), "\"other\"");
    EXPECT_THROW(parse_result_line(text, "r", 1), FileError) << key;
    text = good;
    text.insert(text.rfind(quoted) + quoted.size() + 1, "[");
    EXPECT_THROW(parse_result_line(text, "r", 1), FileError) << key;
  }
  EXPECT_EQ(report({path("r.jsonl"), "--csv=-", "--markdown=-"}).code, 2);
}

TEST_F(ReportCommand, MarksTextThatASpreadsheetWouldRun) {
  for (const std::string start : {"=", "+", "-", "@", "\\t"}) {  // a tab as JSON writes it
    write_file(path("r.jsonl"),
               line("1", start + "cmd()", R"({"max_rank":-1})") + line("2", "a", R"({"max_rank":64})"));
    const std::string csv = report({path("r.jsonl"), "--csv", "-"}).out;
    EXPECT_THAT(csv, HasSubstr("1,'" + (start == "\\t" ? "\t" : start) + "cmd(),abc,l2,3,-1,1.23456789"));
  }
}

TEST_F(ReportCommand, WritesOverNoneOfItsFiles) {
  const std::string text = line("1", "a", "{}");
  write_file(path("r.jsonl"), text);
  EXPECT_EQ(report({path("r.jsonl"), "--csv", path("r.jsonl")}).code, exit_file);
  EXPECT_EQ(report({path("r.jsonl"), "--markdown", path("r.jsonl")}).code, exit_file);
  EXPECT_EQ(report({path("r.jsonl"), "--csv", path("new"), "--markdown", path("new")}).code, exit_file);
  EXPECT_EQ(testing::read_file(path("r.jsonl")), text);
}

}  // namespace
}  // namespace geolip::cli
