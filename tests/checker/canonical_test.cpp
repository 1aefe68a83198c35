// The checker's reader of canonical files, and attacks on it.
#include <checker/canonical.hpp>

#include <geolip/io.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include <checker/certificates.hpp>
#include <solve/checker.hpp>
#include <support/random_graphs.hpp>

namespace geolip::checker {
namespace {

using testing::array;
using testing::bytes_of;
using testing::Entries;
using ::testing::HasSubstr;
using testing::packed;
using testing::refusal;
using testing::tiny_entries;

using Numbers = std::vector<double>;

std::string refused(const std::string& file) {
  return refusal([&] { read_canonical(bytes_of(file)); });
}
std::string refused(const Entries& entries) { return refused(packed(entries)); }

/// What is said of the tiny network's file with another text in its description.
std::string refused_with(const std::string& old, const std::string& now) {
  Entries entries = tiny_entries();
  std::string& text = entries.back().second;
  const auto at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  text.replace(at, old.size(), now);
  return refused(entries);
}

NetworkFile file_of(geolip::Network network) {
  const std::string hash(64, 'c');
  return {std::move(network), "nnet", hash, {}, {"tiny.nnet", hash, {}, {}, false}};
}

TEST(CheckersCanonical, ReadsTheTinyNetwork) {
  const CanonicalNetwork& tiny = testing::tiny_network();
  EXPECT_EQ(tiny.network.inputs, 2);
  EXPECT_EQ(tiny.network.outputs, 1);
  EXPECT_EQ(tiny.source.file, "tiny.nnet");
  EXPECT_EQ(std::get<Dense>(tiny.network.layers.at(0).op).weight, (Numbers{1, 2, 3, -1}));
  EXPECT_EQ(std::get<Slopes>(tiny.network.layers.at(1).op).upper, (Numbers{1, 1}));
}

// By hand and by the product: the same bytes.
TEST(CheckersCanonical, TheProductWritesWhatThePageSays) {
  geolip::Network network(2);
  geolip::Dense first{Matrix(2, 2), {0.5, -3}};
  first.weight.data = {1, 2, 3, -1};
  geolip::Dense last{Matrix(1, 2), {7}};
  last.weight.data = {1, -1};
  network.add({"first", first});
  network.add({"relu", Activation(ActivationKind::relu)});
  network.add({"last", last});
  EXPECT_EQ(canonical_bytes(file_of(std::move(network))), testing::tiny_file());
}

void expect_same(const Network& a, const Network& b) {
  EXPECT_EQ(a.inputs, b.inputs);
  EXPECT_EQ(a.outputs, b.outputs);
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (std::size_t l = 0; l < a.layers.size(); ++l) {
    EXPECT_EQ(a.layers[l].name, b.layers[l].name);
    EXPECT_EQ(a.layers[l].reads, b.layers[l].reads);
    EXPECT_EQ(a.layers[l].op, b.layers[l].op) << a.layers[l].name;
  }
}

// One truth: what a run proves in memory is the file's network to the last bit.
TEST(CheckersCanonical, IsTheNetworkThatRunsProveAbout) {
  test::Random random(29);
  for (int round = 0; round < 100; ++round) {
    const NetworkFile file = file_of(test::random_graph(random, 12, 20));
    expect_same(read_canonical(bytes_of(canonical_bytes(file))).network,
                solve::checker_network(file.network));
  }
  for (int kind = 0; kind <= static_cast<int>(ActivationKind::softsign); ++kind) {
    geolip::Network network(2);
    network.add({"act", static_cast<ActivationKind>(kind) == ActivationKind::prelu
                            ? Activation::prelu({0.25, -1.0})
                            : Activation(static_cast<ActivationKind>(kind))});
    const NetworkFile file = file_of(std::move(network));
    expect_same(read_canonical(bytes_of(canonical_bytes(file))).network,
                solve::checker_network(file.network));
  }
}

TEST(CheckersCanonical, RefusesOtherDescriptions) {
  EXPECT_THAT(refused_with("{\"format\"", "\xef\xbb\xbf{\"format\""), HasSubstr("not a JSON object"));
  EXPECT_THAT(refused_with("]}\n", std::string("]}\n\0", 4)), HasSubstr("not a JSON object"));
  EXPECT_THAT(refused_with("]}\n", "]}\n{}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refused_with("\"inputs\":2", "\"inputs\":2,\"inputs\":2"),
              HasSubstr("has the key 'inputs' twice"));
  EXPECT_THAT(refused_with("\"size\":1", "\"size\":1,\"s\\u0069ze\":1"),
              HasSubstr("has the key 'size' twice"));
  EXPECT_THAT(refused_with("\"inputs\":2", "\"inputs\":2,\"speed\":1"), HasSubstr("unknown key 'speed'"));
  EXPECT_THAT(refused_with("\"size\":1", "\"size\":1,\"mass\":1"),
              HasSubstr("layer 2 has the unknown key 'mass'"));
  EXPECT_THAT(refused_with("\"size\":1", "\"size\":1,\"geometry\":{}"), HasSubstr("unknown key 'geometry'"));
  EXPECT_THAT(refused_with("\"inputs\":2,", ""), HasSubstr("lacks 'inputs'"));
  EXPECT_THAT(refused_with("\"inputs\":2", "\"inputs\":3"), HasSubstr("first: the weight does not fit"));
  EXPECT_THAT(refused_with("\"inputs\":2", "\"inputs\":0"), HasSubstr("'inputs' is out of range"));
  EXPECT_THAT(refused_with("\"inputs\":2", "\"inputs\":281474976710656"),
              HasSubstr("'inputs' is out of range"));
  EXPECT_THAT(refused_with("\"version\":1", "\"version\":2"), HasSubstr("version"));
  EXPECT_THAT(refused_with("geolip-network", "geolip-certificate"), HasSubstr("another format"));
  EXPECT_THAT(refused_with("\"kind\":\"prelu\"", "\"kind\":\"relu\""), HasSubstr("'relu' is not known"));
  EXPECT_THAT(refused_with("\"kind\":\"prelu\"", "\"kind\":\"tanh\""), HasSubstr("'arrays' names too many"));
  EXPECT_THAT(refused_with("\"size\":1", "\"size\":2"), HasSubstr("its bias has another size"));
  EXPECT_THAT(refused_with("\"size\":1", "\"size\":-1"), HasSubstr("not a whole number"));
  EXPECT_THAT(refused_with("\"reads\":[1]", "\"reads\":[2]"), HasSubstr("a tensor that is not there yet"));
  EXPECT_THAT(refused_with("\"reads\":[1]", "\"reads\":[]"), HasSubstr("'reads' is empty"));
  EXPECT_THAT(refused_with("\"reads\":[1]", "\"reads\":[1,1]"), HasSubstr("reads 2 tensors"));
  EXPECT_THAT(refused_with("\"1.slope\"", "\"2.bias\""), HasSubstr("does not stand where it must"));
  EXPECT_THAT(refused_with("\"1.slope\"", "\"1.slope\",\"2.bias\""), HasSubstr("'arrays' names too many"));
  EXPECT_THAT(refused_with("\"rounded\":false", "\"rounded\":0"), HasSubstr("neither true nor false"));
  EXPECT_THAT(refused_with("\"external\":[]", "\"external\":[{}]"), HasSubstr("lacks 'location'"));
}

TEST(CheckersCanonical, RefusesOtherArrays) {
  const auto refused_array = [](std::size_t entry, const std::string& data) {
    Entries entries = tiny_entries();
    entries[entry].second = data;
    return refused(entries);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {nan, infinity, -infinity}) {
    EXPECT_THAT(refused_array(0, array("2, 2", Numbers{1, 2, bad, -1})), HasSubstr("a weight is not finite"));
    EXPECT_THAT(refused_array(1, array("2,", Numbers{1, bad})), HasSubstr("bias has"));
    EXPECT_THAT(refused_array(2, array("1,", Numbers{bad})), HasSubstr("give no slopes"));
  }
  EXPECT_THAT(refused_array(0, array("4, 1", Numbers{1, 2, 3, -1})), HasSubstr("the weight does not fit"));
  EXPECT_THAT(refused_array(0, array("4,", Numbers{1, 2, 3, -1})), HasSubstr("type and rank"));
  EXPECT_THAT(refused_array(0, array("2, 2", std::vector<Index>{1, 2, 3, -1})), HasSubstr("type and rank"));
  EXPECT_THAT(refused_array(0, array("2, 2", Numbers{1, 2, 3})), HasSubstr("as its shape asks for"));
  EXPECT_THAT(refused_array(0, array("2, 2", Numbers{1, 2, 3, 4, 5})), HasSubstr("as its shape asks for"));
  EXPECT_THAT(refused_array(0, array("281474976710656, 2", Numbers{1})), HasSubstr("impossible size"));
  EXPECT_THAT(refused_array(0, array("99999999999999999999, 2", Numbers{1})), HasSubstr("impossible size"));
  EXPECT_THAT(refused_array(1, array("1,", Numbers{1})), HasSubstr("bias has another size"));
  EXPECT_THAT(refused_array(2, array("3,", Numbers{0, 0, 0})), HasSubstr("has 3 numbers"));
  EXPECT_THAT(refused_array(0, "no array"), HasSubstr("type and rank"));
  EXPECT_THAT(refused_array(0, ""), HasSubstr("type and rank"));
  // headers that NumPy might understand otherwise
  const std::string good = tiny_entries()[0].second;
  for (const auto& [old, now] :
       std::vector<std::pair<std::string, std::string>>{{"'<f8'", "'>f8'"},
                                                        {"False", "True "},
                                                        {"(2, 2), }", "(2, 2), 'shape': (2, 2), }"},
                                                        {"(2, 2)", "(2,2) "}}) {
    std::string changed = good;
    changed.replace(changed.find(old), old.size(), now);
    EXPECT_THAT(refused_array(0, changed), HasSubstr("type and rank")) << now;
  }
}

TEST(CheckersCanonical, RefusesOtherArchives) {
  const std::string no_file = "it is no canonical network file (geolip export makes one)";
  const Entries entries = tiny_entries();
  EXPECT_EQ(refused(entries), "(it was read)");
  EXPECT_EQ(refused(std::string()), no_file);
  EXPECT_EQ(refused(Entries{}), no_file);
  const std::string file = testing::tiny_file();
  EXPECT_EQ(refused(file + "x"), no_file);
  EXPECT_EQ(refused("x" + file), no_file);
  Entries changed = entries;
  changed.insert(changed.begin(), entries[0]);  // an entry twice
  EXPECT_THAT(refused(changed), HasSubstr("does not stand where it must"));
  changed = entries;
  changed.insert(changed.begin() + 5, {"2.bias.npy", entries[4].second});
  EXPECT_THAT(refused(changed), HasSubstr("an array that no layer names"));
  changed = entries;
  std::swap(changed[0], changed[1]);
  EXPECT_THAT(refused(changed), HasSubstr("does not stand where it must"));
  changed = entries;
  changed.pop_back();
  EXPECT_THAT(refused(changed), HasSubstr("not network.json"));
  changed = entries;
  changed.push_back(entries.back());  // two descriptions
  EXPECT_NE(refused(changed), "(it was read)");
  // the directory says otherwise than what stands before the entries
  const std::size_t directory = file.find("PK\x01\x02");
  for (std::size_t at = directory; at < file.size(); ++at) {
    std::string other = file;
    other[at] = static_cast<char>(other[at] + 1);
    ASSERT_EQ(refused(other), no_file) << at;
  }
  // a name in the directory that is another entry's
  std::string renamed = file;
  renamed.replace(renamed.find("0.bias.npy", directory), 10, "2.bias.npy");
  EXPECT_EQ(refused(renamed), no_file);
  std::string wrong = file;
  wrong[wrong.find("PK\x01\x02") - 2] = ' ';
  EXPECT_THAT(refused(wrong), HasSubstr("the checksum of 'network.json' is wrong"));
  for (std::size_t n = 0; n < file.size(); ++n) ASSERT_NE(refused(file.substr(0, n)), "(it was read)") << n;
}

TEST(CheckersCanonical, RefusesRandomBytes) {
  std::mt19937 random(31);
  const std::string file = testing::tiny_file();
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = round % 2 == 0 ? file : std::string(random() % 300, '\0');
    for (std::size_t k = 0; k < (round % 2 == 0 ? 3 : bytes.size()) && !bytes.empty(); ++k)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    const std::string reason = refused(bytes);
    ASSERT_EQ(reason.find('\n'), std::string::npos);
    ASSERT_TRUE(bytes == file || reason != "(it was read)");
  }
}

}  // namespace
}  // namespace geolip::checker
