// NumPy's .npz: a zip archive of arrays, weights and biases told apart by their names.
#include <formats/archive.hpp>
#include <formats/canonical.hpp>
#include <formats/reader.hpp>
#include <formats/weight_chain.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace geolip::formats {
namespace {

constexpr std::array<std::string_view, 6> weight_prefixes{"w", "W", "weight", "weights", "arr_", "kernel"};
constexpr std::array<std::string_view, 4> bias_prefixes{"b", "B", "bias", "biases"};

struct NamedArray {
  std::string name;
  std::vector<Index> shape;
  std::vector<double> values;
};

/// A name split into its prefix and its trailing number.
struct LayerName {
  bool weight = false;
  bool bias = false;
  std::string prefix;
  Index number = 0;
};

LayerName parse_name(const std::string& name) {
  const auto digits = name.find_last_not_of("0123456789") + 1;
  LayerName parsed;
  parsed.prefix = name.substr(0, digits);
  const auto [end, error] = std::from_chars(name.data() + digits, name.data() + name.size(), parsed.number);
  if (error != std::errc() || end != name.data() + name.size()) return {};
  // w_1 and w1 are the same name to us, but arr_ is NumPy's own
  const bool underscore = parsed.prefix.ends_with('_') && parsed.prefix != "arr_";
  const std::string bare = parsed.prefix.substr(0, parsed.prefix.size() - (underscore ? 1 : 0));
  parsed.weight = std::find(weight_prefixes.begin(), weight_prefixes.end(), bare) != weight_prefixes.end();
  parsed.bias = std::find(bias_prefixes.begin(), bias_prefixes.end(), bare) != bias_prefixes.end();
  return parsed;
}

/// The arrays of one role (weights or biases) by their numbers.
struct Role {
  std::string what;
  std::string prefix;
  std::map<Index, NamedArray> arrays;

  void add(const LayerName& name, NamedArray array) {
    if (!arrays.empty() && prefix != name.prefix) {
      fail("'", array.name, "' and '", arrays.begin()->second.name, "' both look like ", what,
           ": name all alike");
    }
    prefix = name.prefix;
    if (const auto other = arrays.find(name.number); other != arrays.end())
      fail("'", array.name, "' and '", other->second.name, "' have the same number");
    arrays.emplace(name.number, std::move(array));
  }
};

std::vector<WeightLayer> pair_up(Role& weights, Role& biases) {
  if (weights.arrays.empty()) fail("the archive holds no weights (w1, w2, ... or arr_0, arr_1, ...)");
  std::vector<WeightLayer> layers;
  const Index first = weights.arrays.begin()->first;
  for (auto& [number, array] : weights.arrays) {
    // subtract, do not add: the first may be the largest number there is
    const auto before = static_cast<Index>(layers.size());
    if (number - first != before)
      fail("the weights jump from ", first + before - 1, " to '", array.name, "'");
    if (array.shape.size() != 2) fail(array.name, ": it is ", array.shape, " but must be a matrix");
    WeightLayer layer;
    layer.name = array.name;
    layer.weight.rows = array.shape[0];
    layer.weight.cols = array.shape[1];
    layer.weight.data = std::move(array.values);
    if (const auto bias = biases.arrays.find(number); bias != biases.arrays.end()) {
      const std::vector<Index>& shape = bias->second.shape;
      if (std::count_if(shape.begin(), shape.end(), [](Index d) { return d != 1; }) > 1)
        fail(bias->second.name, ": it is ", shape, " but must be a vector");
      layer.bias = std::move(bias->second.values);
      biases.arrays.erase(bias);
    }
    layers.push_back(std::move(layer));
  }
  if (!biases.arrays.empty())
    fail("'", biases.arrays.begin()->second.name, "' has no weights of the same number");
  return layers;
}

}  // namespace

Parsed read_npz(Bytes file, const ReadOptions& options) {
  Archive archive(file);
  if (is_canonical(archive)) return read_canonical(archive);
  Role weights{"weights", {}, {}};
  Role biases{"biases", {}, {}};
  for (std::size_t i = 0; i < archive.names().size(); ++i) {
    std::string name = archive.names()[i];
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    const LayerName parsed = parse_name(name);
    if (!parsed.weight && !parsed.bias) {
      fail("the array '", name,
           "' is neither weights (w1, W1, weight1, weights1, arr_0) nor a bias (b1, bias1)");
    }
    try {
      const RawArray raw = archive.array(i);
      (parsed.weight ? weights : biases)
          .add(parsed, {name, raw.header.shape, npy_numbers(raw.header, raw.data)});
    } catch (const NetworkError& error) {
      std::string text = error.what();
      if (!text.starts_with('\'')) text.insert(0, name + ": ");
      fail(text);
    }
  }
  const bool biased = !biases.arrays.empty();
  std::vector<WeightLayer> layers = pair_up(weights, biases);
  const std::size_t count = layers.size();
  Network network = chain_of_weights(std::move(layers), options.activation);
  return {std::move(network), {{"weights", std::to_string(count)}, {"biases", biased ? "yes" : "no"}}};
}

}  // namespace geolip::formats
