// Objectives and norms as text.
#include <geolip/error.hpp>
#include <geolip/query.hpp>
#include <geolip/result.hpp>
#include <support/messages.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace geolip {
namespace {

std::string parsed(std::string_view text, Index outputs) {
  std::string joined;
  for (const Objective& o : parse_objectives(text, outputs)) joined += to_string(o) + " ";
  return joined;
}

std::string refusal(std::string_view text, Index outputs = 4) {
  return test::message_of<QueryError>([&] { parse_objectives(text, outputs); });
}

TEST(ParseObjectives, ReadsEveryForm) {
  EXPECT_EQ(parsed("all", 3), "0 1 2 ");
  EXPECT_EQ(parsed("pairs", 3), "0-1 0-2 1-2 ");
  EXPECT_EQ(parsed("vector", 3), "vector ");
  EXPECT_EQ(parsed("2", 3), "2 ");
  EXPECT_EQ(parsed("2-0", 3), "2-0 ");
  EXPECT_EQ(parsed("0,2-1,vector,all", 3), "0 2-1 vector 0 1 2 ");
}

TEST(ParseObjectives, NamesThePartAtFault) {
  EXPECT_EQ(refusal("x"), "outputs: 'x' is none of all, pairs, vector, K, K-J");
  EXPECT_EQ(refusal("0,1x"), "outputs: '1x' is none of all, pairs, vector, K, K-J");
  EXPECT_EQ(refusal("-1"), "outputs: '-1' is none of all, pairs, vector, K, K-J");
  EXPECT_EQ(refusal("1--2"), "outputs: '1--2' is none of all, pairs, vector, K, K-J");
  EXPECT_EQ(refusal("1 "), "outputs: '1 ' is none of all, pairs, vector, K, K-J");
  EXPECT_EQ(refusal("99999999999999999999"),
            "outputs: '99999999999999999999' is none of all, pairs, vector, K, K-J");
  EXPECT_EQ(refusal("4"), "outputs: '4' names output 4 but the network's outputs are 0 to 3");
  EXPECT_EQ(refusal("1-7"), "outputs: '1-7' names output 7 but the network's outputs are 0 to 3");
  EXPECT_EQ(refusal("2-2"), "outputs: '2-2' is not a difference of two outputs");
  EXPECT_EQ(refusal("2-"), "outputs: '2-' is not a difference of two outputs");
  EXPECT_EQ(refusal(""), "outputs: an entry is empty");
  EXPECT_EQ(refusal("1,"), "outputs: an entry is empty");
  EXPECT_EQ(refusal("1,,2"), "outputs: an entry is empty");
  EXPECT_EQ(refusal("pairs", 1), "outputs: 'pairs' needs at least two outputs but the network has one");
}

TEST(ParseObjectives, RefusesMoreThanCouldBeBoundedAtOnce) {
  EXPECT_EQ(parse_objectives("pairs", 1000).size(), 499500U);
  EXPECT_EQ(refusal("pairs", 100000),
            "outputs: 'pairs' brings the list to 4999950000 objectives, but of a network with 100000 outputs "
            "at most "
            "10737 can be bounded at once");
  EXPECT_EQ(
      refusal("all", 100000),
      "outputs: 'all' brings the list to 100000 objectives, but of a network with 100000 outputs at most "
      "10737 can be bounded at once");
  EXPECT_EQ(parse_objectives("0,99999-0", 100000).size(), 2U);
  EXPECT_EQ(
      refusal("pairs,pairs,0,pairs", 1000),
      "outputs: 'pairs' brings the list to 1498501 objectives, but of a network with 1000 outputs at most "
      "1048576 can be bounded at once");
  // one objective can always be asked for, and the largest numbers of pairs do not overflow
  EXPECT_EQ(parse_objectives("2-1", Index{1} << 40U).size(), 1U);
  for (const char* text : {"0,pairs", "0,all"}) {
    EXPECT_THAT(refusal(text, std::numeric_limits<Index>::max()),
                ::testing::HasSubstr("brings the list to 9223372036854775807 objectives"));
  }
}

TEST(ParseObjectives, QuotesNoMoreThanFitsInASentence) {
  EXPECT_EQ(refusal("a\nb\xff"), "outputs: 'a?b?' is none of all, pairs, vector, K, K-J");
  EXPECT_EQ(refusal(std::string(1000, '9') + "x"),
            "outputs: '" + std::string(40, '9') + "...' is none of all, pairs, vector, K, K-J");
}

TEST(Norms, LeadBothWays) {
  for (const char* name : {"linf", "l2", "l1"}) EXPECT_EQ(to_string(norm_from_name(name)), name);
  EXPECT_EQ(test::message_of<QueryError>([] { norm_from_name("l3"); }),
            "norm 'l3' is not known (linf, l2, l1)");
}

TEST(Bounds, GapIsRelativeToTheUpperBound) {
  Bound bound;
  EXPECT_EQ(bound.gap(), 0.0);
  bound.upper = 4.0;
  bound.relaxation = 3.0;
  EXPECT_EQ(bound.gap(), 0.25);
  bound.upper = std::numeric_limits<double>::infinity();
  EXPECT_EQ(bound.gap(), 1.0);
}

TEST(Results, AreCertifiedIfEveryBoundIs) {
  Result result;
  EXPECT_TRUE(result.certified());
  result.bounds.resize(2);
  result.bounds[0].status = Status::certified;
  EXPECT_FALSE(result.certified());
  result.bounds[1].status = Status::certified;
  EXPECT_TRUE(result.certified());
  EXPECT_FALSE(result.failed());
  result.bounds[1].status = Status::failed;
  EXPECT_FALSE(result.certified());
  EXPECT_TRUE(result.failed());
  EXPECT_EQ(to_string(Status::limit), "limit");
  EXPECT_EQ(to_string(Status::certified), "certified");
}

}  // namespace
}  // namespace geolip
