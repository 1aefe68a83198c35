// NumPy's .npz: a zip archive of arrays, weights and biases told apart by their names.
#include "checker/files/npy.hpp"
#include "checker/files/weight_chain.hpp"
#include "checker/files/zip.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace geolip::checker {
namespace {

struct Name {
  bool weight = false;  ///< or a bias
  std::string prefix;
  Index number = 0;
};

/// "w1" is weights, "bias_2" a bias; anything else is refused.
Name parse_name(std::string_view name) {
  constexpr std::array<std::string_view, 5> weights{"w", "W", "weight", "weights", "kernel"};
  constexpr std::array<std::string_view, 4> biases{"b", "B", "bias", "biases"};
  const std::size_t digits = name.find_last_not_of("0123456789") + 1;
  Name parsed;
  parsed.prefix = name.substr(0, digits);
  std::string_view bare = parsed.prefix;
  if (bare.ends_with('_')) bare.remove_suffix(1);
  parsed.weight = parsed.prefix == "arr_" || std::find(weights.begin(), weights.end(), bare) != weights.end();
  const bool bias = std::find(biases.begin(), biases.end(), bare) != biases.end();
  const std::string_view number = name.substr(digits);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), parsed.number);
  if ((!parsed.weight && !bias) || error != std::errc() || end != number.data() + number.size()) {
    throw ReadError("the array " + in_quotes(name) + " is neither weights nor a bias");
  }
  return parsed;
}

struct Named {
  std::string name;
  NpyArray array;
};

/// The arrays of one role by their numbers, all with the same prefix.
struct Role {
  std::string prefix;
  std::map<Index, Named> arrays;

  void add(const Name& parsed, Named named) {
    if (!arrays.empty() && prefix != parsed.prefix) {
      throw ReadError(in_quotes(named.name) + " and " + in_quotes(arrays.begin()->second.name) +
                      " are not named alike");
    }
    prefix = parsed.prefix;
    if (arrays.contains(parsed.number))
      throw ReadError(in_quotes(named.name) + " has the number of another array");
    arrays.emplace(parsed.number, std::move(named));
  }
};

std::vector<Weight> pair_up(Role& weights, Role& biases) {
  std::vector<Weight> layers;
  for (auto& [number, named] : weights.arrays) {
    NpyArray& array = named.array;
    if (number != weights.arrays.begin()->first + static_cast<Index>(layers.size())) {
      throw ReadError("there are no weights between " + in_quotes(layers.back().name) + " and " +
                      in_quotes(named.name));
    }
    if (array.shape.size() != 2) {
      throw ReadError(printable(named.name) + ": it is " + shape_text(array.shape) + " but must be a matrix");
    }
    Weight weight{printable(named.name), Dense{array.shape[0], array.shape[1], std::move(array.values)}, {}};
    if (const auto bias = biases.arrays.find(number); bias != biases.arrays.end()) {
      const Shape& shape = bias->second.array.shape;
      if (std::count_if(shape.begin(), shape.end(), [](Index d) { return d != 1; }) > 1) {
        throw ReadError(in_quotes(bias->second.name) + " is " + shape_text(shape) + " but must be a vector");
      }
      weight.bias = static_cast<Index>(bias->second.array.values.size());
      require_finite(bias->second.array.values, in_quotes(bias->second.name));
      biases.arrays.erase(bias);
    }
    layers.push_back(std::move(weight));
  }
  if (!biases.arrays.empty()) {
    throw ReadError(in_quotes(biases.arrays.begin()->second.name) + " has no weights of the same number");
  }
  return layers;
}

}  // namespace

Network read_npz(Bytes file, const Reading& reading) {
  Role weights;
  Role biases;
  for (const ZipEntry& entry : zip_entries(file)) {
    std::string_view name = entry.name;
    if (name.ends_with(".npy")) name.remove_suffix(4);
    const Name parsed = parse_name(name);
    Named named{std::string(name), {}};
    try {
      read_entry(entry, [&](const auto& take) { named.array = read_npy(entry.size, take); });
    } catch (const ReadError& error) {
      throw ReadError(printable(name) + ": " + error.what());
    }
    (parsed.weight ? weights : biases).add(parsed, std::move(named));
  }
  return chain_of(pair_up(weights, biases), reading.activation.value_or("relu"));
}

}  // namespace geolip::checker
