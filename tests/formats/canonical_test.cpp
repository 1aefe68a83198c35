// Canonical files: what is written is read back exactly, and nothing else is read.
#include <formats/support.hpp>

#include <support/random_graphs.hpp>

#include <nlohmann/json.hpp>

#include <zip.h>

#include <bit>
#include <limits>

namespace geolip {
namespace {

using nlohmann::json;
using test::data_file;
using test::refusal;
using ::testing::HasSubstr;

constexpr double infinity = std::numeric_limits<double>::infinity();

NetworkFile file_of(Network network) {
  const std::string hash(64, 'a');
  return {
      std::move(network), "onnx", hash, {}, {"net.onnx", hash, {{"w.bin", std::string(64, 'b')}}, {}, false}};
}

using Entries = std::vector<std::pair<std::string, std::string>>;

class Canonical : public test::Files {
 protected:
  NetworkFile written_and_read(const NetworkFile& file) const {
    return read_network(write("file.npz", canonical_bytes(file)));
  }
  /// Fails unless the network comes back with the same values to the last bit, and is written the same again.
  void expect_round_trip(Network network) const {
    const NetworkFile file = file_of(std::move(network));
    const NetworkFile back = written_and_read(file);
    EXPECT_EQ(back.format, "canonical");
    EXPECT_EQ(canonical_bytes(back), canonical_bytes(file));
    ASSERT_EQ(back.network.layers().size(), file.network.layers().size());
    for (std::size_t l = 0; l < back.network.layers().size(); ++l) {
      EXPECT_EQ(back.network.layers()[l].name, file.network.layers()[l].name);
      EXPECT_EQ(back.network.read_by(static_cast<Index>(l)), file.network.read_by(static_cast<Index>(l)));
    }
    test::Random random(11);
    for (int round = 0; round < 5; ++round) {
      std::vector<double> x;
      for (Index i = 0; i < file.network.inputs(); ++i) x.push_back(3.0 * random.normal());
      EXPECT_EQ(back.network.evaluate(x), file.network.evaluate(x));
    }
  }

  /// The entries of a canonical file, to be changed and packed again.
  Entries unpacked(const NetworkFile& file) const {
    Entries entries;
    zip_t* zip = zip_open(write("whole.npz", canonical_bytes(file)).c_str(), ZIP_RDONLY, nullptr);
    for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0); ++i) {
      const auto index = static_cast<zip_uint64_t>(i);
      zip_stat_t stat;
      zip_stat_index(zip, index, 0, &stat);
      std::string bytes(stat.size, '\0');
      zip_file_t* entry = zip_fopen_index(zip, index, 0);
      zip_fread(entry, bytes.data(), bytes.size());
      zip_fclose(entry);
      entries.emplace_back(stat.name, std::move(bytes));
    }
    zip_discard(zip);
    return entries;
  }
  std::filesystem::path packed(const Entries& entries) const {
    const auto path = write("changed.npz", "");
    zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    for (const auto& [key, bytes] : entries)
      zip_file_add(zip, key.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), ZIP_FL_ENC_UTF_8);
    zip_close(zip);
    keep(path);
    return path;
  }

  /// What is said of a file whose description holds another text in one place.
  std::string refused_with(const NetworkFile& file, const std::string& old, const std::string& now) const {
    Entries entries = unpacked(file);
    std::string& text = entries.back().second;
    const auto at = text.find(old);
    EXPECT_NE(at, std::string::npos) << old << " in " << text;
    text.replace(at, old.size(), now);
    return refusal(packed(entries));
  }
  static NetworkFile tiny() { return read_network(data_file("tiny.onnx")); }
};

TEST_F(Canonical, BringsEveryActivationBack) {
  std::vector<Activation> activations{Activation(ActivationKind::leaky_relu, -1.0),
                                      Activation(ActivationKind::leaky_relu, 0.1 + 0.2),
                                      Activation::prelu({0.1, 0.0, -2.5}),
                                      Activation(ActivationKind::elu, 0.3),
                                      Activation(ActivationKind::celu, 0.7),
                                      Activation(ActivationKind::selu, -0.4, 1.7),
                                      Activation(ActivationKind::clip, 0.0, 6.0),
                                      Activation(ActivationKind::clip, -infinity, 1.0 / 3.0),
                                      Activation(ActivationKind::clip, -0.1, infinity),
                                      Activation(ActivationKind::hard_sigmoid, 1.0 / 6.0, 0.5)};
  for (int kind = 0; kind <= static_cast<int>(ActivationKind::softsign); ++kind) {
    if (static_cast<ActivationKind>(kind) != ActivationKind::prelu)
      activations.emplace_back(static_cast<ActivationKind>(kind));
  }
  for (const Activation& activation : activations) {
    SCOPED_TRACE(to_string(activation.kind()));
    Network network(3);
    network.add({"act", activation});
    expect_round_trip(network);
    const Network back = written_and_read(file_of(network)).network;
    const auto& read = std::get<Activation>(back.layers()[0].op);
    for (Index i = 0; i < 3; ++i) {
      EXPECT_EQ(slope_interval(read, i).lower, slope_interval(activation, i).lower);
      EXPECT_EQ(slope_interval(read, i).upper, slope_interval(activation, i).upper);
    }
  }
}

TEST_F(Canonical, BringsGraphsBack) {
  test::Random random(5);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    expect_round_trip(test::random_graph(random, 12, 20));
  }
}

TEST_F(Canonical, BringsConvolutionsBack) {
  Conv conv;
  conv.channels = 4;
  conv.image = {5, 6};
  conv.filters = 6;
  conv.kernel = {2, 3};
  conv.stride = {2, 1};
  conv.dilation = {1, 2};
  conv.pads_before = {0, 1};
  conv.pads_after = {1, 2};
  conv.groups = 2;
  test::Random random(3);
  for (Index i = 0; i < 6 * 2 * 2 * 3; ++i) conv.weight.push_back(random.normal());
  ConvTranspose transpose{conv, {1.0, -2.0, 0.1, 0.0}};
  conv.bias = {0.5, 1.5, -0.1, 0.0, 2.0, 3.0};
  Network network(conv.inputs());
  network.add({"conv", conv});
  network.add({"back", transpose});
  Permutation reversed;
  for (Index i = network.outputs(); i-- > 0;) reversed.source.push_back(i);
  network.add({"reversed", reversed});
  expect_round_trip(std::move(network));
}

TEST_F(Canonical, KeepsTheSourceAndItsReading) {
  ReadOptions options;
  options.physical_units = true;
  const NetworkFile file = read_network(data_file("tiny.nnet"), options);
  const NetworkFile back = written_and_read(file);
  EXPECT_EQ(back.source.file, "tiny.nnet");
  EXPECT_EQ(back.source.sha256, file.sha256);
  EXPECT_TRUE(back.source.reading.physical_units);
  EXPECT_FALSE(back.source.reading.activation);
  EXPECT_NE(back.sha256, file.sha256);
  options = {};
  options.activation = Activation(ActivationKind::tanh);
  const NetworkFile chosen = written_and_read(read_network(data_file("biased.npz"), options));
  EXPECT_EQ(chosen.source.reading.activation->kind(), ActivationKind::tanh);
  NetworkFile external = file_of(file.network);
  external.source.rounded = true;
  EXPECT_EQ(written_and_read(external).source.external.at(0).location, "w.bin");
  EXPECT_TRUE(written_and_read(external).source.rounded);
  EXPECT_THROW(read_network(write("file.npz", canonical_bytes(file)), options), QueryError);
}

// Certificates name these bytes by their hash: they may change only together with the version of the format.
TEST_F(Canonical, HasTheSameBytesForEver) {
  Network network(2);
  Dense dense{Matrix(1, 2), {0.5}};
  dense.weight.data = {1.0, -2.0};
  network.add({"first", dense});
  network.add({"relu", Activation(ActivationKind::relu)});
  const NetworkFile back = written_and_read(file_of(std::move(network)));
  EXPECT_EQ(back.sha256, "205be577c63459de7690b19bf0b4b18a9ab856daf361b3d7cdc7ef44ed2c7296");
}

TEST_F(Canonical, RefusesWhatItsDescriptionShouldNotSay) {
  const NetworkFile file = tiny();
  const auto expect = [&](const std::string& old, const std::string& now, const std::string& sentence) {
    EXPECT_THAT(refused_with(file, old, now), HasSubstr("changed.npz: network.json: " + sentence)) << now;
  };
  expect("{\"format\"", "\xef\xbb\xbf{\"format\"", "it is no JSON object");
  expect("]}\n", std::string("]}\n\0", 4), "it is no JSON object");
  expect("]}\n", "]}\n{}", "it is not valid JSON");
  expect("\"inputs\":3", "\"inputs\":3,\"inputs\":3", "it has the key 'inputs' twice in one place");
  expect("\"size\":4", "\"size\":4,\"s\\u0069ze\":4", "it has the key 'size' twice in one place");
  expect("\"inputs\":3", "\"inputs\":3,\"speed\":3", "the description has the unknown key 'speed'");
  expect("\"size\":4", "\"size\":4,\"mass\":4", "layer 0 has the unknown key 'mass'");
  expect("\"inputs\":3,", "", "the description lacks 'inputs'");
  expect("\"inputs\":3", "\"inputs\":3.0", "the description: 'inputs' is not a whole number");
  expect("\"inputs\":3", "\"inputs\":4", "fc1: weight is 4x3 but its input has 4 coordinates");
  expect("\"version\":1", "\"version\":2", "its version is not known");
  expect("geolip-network", "geolip-certificate", "'format' is not that of a network");
  expect("\"kind\":\"dense\"", "\"kind\":\"lstm\"", "the kind 'lstm' is not known");
  expect("\"kind\":\"dense\"", "\"kind\":\"scale\"", "layer 0 does not name its array '0.scale'");
  expect("\"size\":4", "\"size\":5", "layer 0 has the size 5 where it makes 4");
  expect("\"reads\":[1]", "\"reads\":[2]", "layer 1 reads a tensor that is not there yet");
  expect("\"reads\":[1]", "\"reads\":[]", "relu: it reads no tensor");
  expect("\"arrays\":[\"0.weight\"", "\"arrays\":[\"2.weight\"",
         "layer 0 does not name its array '0.weight'");
  expect("\"1.slope\"", "\"1.slope\",\"1.slope\"", "layer 1 has an array too many");
  expect("\"rounded\":false", "\"rounded\":0", "'source': 'rounded' is neither true nor false");
  expect("\"external\":[]", "\"external\":[{\"location\":\"w\"}]", "an external file lacks 'sha256'");
  expect("\"reading\":{}", "\"reading\":{\"activation\":\"cubic\"}", "activation 'cubic' is not known");
  expect("\"sha256\":\"", "\"sha256\":\"A", "'source': 'sha256' is not a SHA-256");
}

TEST_F(Canonical, RefusesArraysThatDoNotBelong) {
  const Entries whole = unpacked(tiny());
  ASSERT_EQ(whole.size(), 6U);
  EXPECT_EQ(whole.back().first, "network.json");
  EXPECT_EQ(read_network(packed(whole)).network.evaluate(test::tiny_input), test::tiny_output_with_biases);
  Entries entries = whole;
  entries.erase(entries.begin());
  EXPECT_THAT(refusal(packed(entries)), HasSubstr("the archive does not hold '0.weight.npy'"));
  entries = whole;
  entries.emplace_back("7.weight.npy", whole[0].second);
  EXPECT_THAT(refusal(packed(entries)), HasSubstr("no layer has the array '7.weight.npy'"));
  entries = whole;
  entries[0].second = whole[1].second;
  EXPECT_THAT(refusal(packed(entries)), HasSubstr("0.weight: it is 4 but must have 2 dimensions"));
  entries = whole;
  entries[1].second = whole[4].second;
  EXPECT_THAT(refusal(packed(entries)), HasSubstr("fc1: bias has 2 entries but 4 are needed"));
  for (const double bad : {infinity, std::numeric_limits<double>::quiet_NaN()}) {
    entries = whole;
    std::string& bytes = entries[0].second;
    const auto raw = std::bit_cast<std::array<char, 8>>(bad);
    bytes.replace(bytes.size() - 8, 8, raw.data(), 8);
    EXPECT_THAT(refusal(packed(entries)), HasSubstr("fc1: weight has an entry that is not finite"));
  }
  entries = whole;
  const auto type = entries[0].second.find("<f8");
  entries[0].second.replace(type, 3, ">f8");
  EXPECT_THAT(refusal(packed(entries)), HasSubstr("in this machine's order"));
}

// libzip makes no such archive: the second of two names of one length is written over.
TEST_F(Canonical, RefusesAnEntryThatStandsTwice) {
  std::string bytes = canonical_bytes(tiny());
  for (std::size_t at = 0; (at = bytes.find("2.bias.npy", at)) != std::string::npos;)
    bytes.replace(at, 10, "0.bias.npy");
  EXPECT_THAT(refusal(write("twice.npz", bytes)), HasSubstr("twice"));
}

}  // namespace
}  // namespace geolip
