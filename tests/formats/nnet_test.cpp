#include <formats/support.hpp>

namespace geolip {
namespace {

using test::data_file;
using test::refusal;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

class Nnet : public test::Files {
 protected:
  /// tiny.nnet with one piece of its text replaced.
  std::string refusal_with(const std::string& from, const std::string& to) const {
    std::string text = test::contents(data_file("tiny.nnet"));
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    text.replace(at, from.size(), to);
    return refusal(write("net.nnet", text));
  }
};

TEST_F(Nnet, ReadsTheNetworkInItsOwnUnits) {
  const NetworkFile file = read_network(data_file("tiny.nnet"));
  EXPECT_EQ(file.network.evaluate(test::tiny_input), test::tiny_output_with_biases);
  EXPECT_EQ(file.network.layers().size(), 3U);
}

TEST_F(Nnet, StatesTheHeadersScaling) {
  const NetworkFile file = read_network(data_file("tiny.nnet"));
  EXPECT_THAT(file.facts, Contains(Pair("input minimums", "-1 -2 -3")));
  EXPECT_THAT(file.facts, Contains(Pair("input maximums", "1 2 3")));
  EXPECT_THAT(file.facts, Contains(Pair("input means", "0.5 0.25 0")));
  EXPECT_THAT(file.facts, Contains(Pair("input ranges", "2 4 8")));
  EXPECT_THAT(file.facts, Contains(Pair("output mean", "10")));
  EXPECT_THAT(file.facts, Contains(Pair("output range", "16")));
}

TEST_F(Nnet, FoldsTheScalingInOnDemand) {
  ReadOptions options;
  options.physical_units = true;
  const NetworkFile file = read_network(data_file("tiny.nnet"), options);
  EXPECT_EQ(file.network.layers().size(), 5U);
  EXPECT_EQ(file.network.evaluate(test::tiny_input), (std::vector<double>{40.5625, 66.75}));
}

TEST_F(Nnet, RefusesHeadersThatContradictThemselves) {
  EXPECT_THAT(refusal_with("2,3,2,4,", "2,4,2,4,"),
              HasSubstr("the header states 4 inputs and 2 outputs but layers"));
  EXPECT_THAT(refusal_with("2,3,2,4,", "0,3,2,4,"), HasSubstr("the number of layers is 0"));
  EXPECT_THAT(refusal_with("2,3,2,4,", "2,3,2,-4,"), HasSubstr("the largest layer's size is -4"));
  EXPECT_THAT(refusal_with("2,3,2,4,", "2.5,3,2,4,"),
              HasSubstr("the number of layers: '2.5' is not a number that"));
}

TEST_F(Nnet, RefusesClaimsBeyondTheFile) {
  EXPECT_THAT(refusal_with("3,4,2,", "3,200,2,"),
              HasSubstr("the weights of layer1: the file ends before its 600"));
  EXPECT_THAT(refusal_with("3,4,2,", "3,99999999999999999999,2,"),
              HasSubstr("is not a number that fits here"));
}

TEST_F(Nnet, RefusesTextAndLeftovers) {
  EXPECT_THAT(refusal_with("0.5,0.25", "0.5,abc"), HasSubstr("the means: 'abc' is not a number"));
  const std::string text = test::contents(data_file("tiny.nnet"));
  EXPECT_EQ(refusal(write("more.nnet", text + "1.0,\n")),
            "more.nnet: the file goes on after the last layer's biases");
  EXPECT_THAT(refusal(write("less.nnet", text.substr(0, text.size() - 8))), HasSubstr("biases of layer2"));
  EXPECT_THAT(refusal(write("comment.nnet", "// nothing else")),
              HasSubstr("the file ends where the number of layers should be"));
}

TEST_F(Nnet, RefusesNumbersThatAreNotFinite) {
  EXPECT_THAT(refusal_with("0.5,-1.5,", "nan,-1.5,"),
              HasSubstr("layer1: weight has an entry that is not finite"));
}

TEST_F(Nnet, RefusesPhysicalUnitsOfAnEmptyRange) {
  ReadOptions options;
  options.physical_units = true;
  std::string text = test::contents(data_file("tiny.nnet"));
  text.replace(text.find("2.0,4.0,8.0"), 11, "2.0,0.0,8.0");
  EXPECT_THAT(refusal(write("zero.nnet", text), options), HasSubstr("the range of input 1 is zero"));
}

}  // namespace
}  // namespace geolip
