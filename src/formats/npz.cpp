// NumPy's .npz: a zip archive of arrays, weights and biases told apart by their names.
#include "formats/inflate.hpp"
#include "formats/npy.hpp"
#include "formats/reader.hpp"
#include "formats/weight_chain.hpp"

#include <geolip/error.hpp>

#include <zip.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <set>

namespace geolip::formats {
namespace {

constexpr std::array<std::string_view, 6> weight_prefixes{"w", "W", "weight", "weights", "arr_", "kernel"};
constexpr std::array<std::string_view, 4> bias_prefixes{"b", "B", "bias", "biases"};

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;
using ArchiveFile = std::unique_ptr<zip_file_t, CloseFile>;

Archive open_archive(Bytes file) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(file.data(), file.size(), 0, &error);
  zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr) {
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    if (source != nullptr) zip_source_free(source);
    throw NetworkError("this is not a .npz archive (" + printable(reason) + ")");
  }
  zip_error_fini(&error);
  return Archive(archive);
}

/// Reads up to `count` bytes in pieces, so that memory grows with what the archive really holds.
std::vector<unsigned char> read_up_to(zip_file_t* file, std::size_t count) {
  std::vector<unsigned char> bytes;
  std::array<unsigned char, 1U << 16U> chunk{};
  while (bytes.size() < count) {
    const zip_int64_t got = zip_fread(file, chunk.data(), std::min(chunk.size(), count - bytes.size()));
    if (got < 0) {
      throw NetworkError("its compressed data are damaged");
    }
    if (got == 0) break;
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + got);
  }
  return bytes;
}

struct NamedArray {
  std::string name;
  std::vector<Index> shape;
  std::vector<double> values;
};

NamedArray read_array(zip_t* archive, zip_uint64_t index, const std::string& name, InflateBudget& budget) {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(archive, index, 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0) {
    throw NetworkError("its entry in the archive is damaged");
  }
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) {
    throw NetworkError("it is compressed by method " + std::to_string(stat.comp_method) +
                       " but only stored and deflated arrays are known");
  }
  const ArchiveFile file(zip_fopen_index(archive, index, 0));
  if (!file) {
    throw NetworkError("it cannot be opened (" + printable(zip_strerror(archive)) + ")");
  }
  std::vector<unsigned char> head = read_up_to(file.get(), npy_prefix);
  const std::size_t size = npy_header_size(head);
  const std::vector<unsigned char> rest = read_up_to(file.get(), size - npy_prefix);
  head.insert(head.end(), rest.begin(), rest.end());
  if (head.size() != size) {
    throw NetworkError("it ends inside its NumPy header");
  }
  const NpyHeader header = parse_npy_header(head);
  const Index bytes = checked_product(header.count, static_cast<Index>(header.itemsize), "its shape");
  if (static_cast<zip_uint64_t>(bytes) != stat.size - std::min<zip_uint64_t>(stat.size, size)) {
    throw NetworkError("its shape " + dimensions(header.shape) + " needs " + std::to_string(bytes) +
                       " bytes of data but the archive states " + std::to_string(stat.size) +
                       " with the header");
  }
  budget.take(static_cast<std::size_t>(stat.size), "its data");
  const std::vector<unsigned char> data = read_up_to(file.get(), static_cast<std::size_t>(bytes));
  // One byte further so that the library reaches the end of the entry and compares its checksum.
  if (data.size() != static_cast<std::size_t>(bytes) || !read_up_to(file.get(), 1).empty()) {
    throw NetworkError("its data do not have the " + std::to_string(bytes) + " bytes that its shape needs");
  }
  return {name, header.shape, npy_numbers(header, data)};
}

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
      throw NetworkError("'" + array.name + "' and '" + arrays.begin()->second.name + "' both look like " +
                         what + ": name all alike");
    }
    prefix = name.prefix;
    if (const auto other = arrays.find(name.number); other != arrays.end()) {
      throw NetworkError("'" + array.name + "' and '" + other->second.name + "' have the same number");
    }
    arrays.emplace(name.number, std::move(array));
  }
};

std::vector<WeightLayer> pair_up(Role& weights, Role& biases) {
  if (weights.arrays.empty()) {
    throw NetworkError("the archive holds no weights (w1, w2, ... or arr_0, arr_1, ...)");
  }
  std::vector<WeightLayer> layers;
  const Index first = weights.arrays.begin()->first;
  for (auto& [number, array] : weights.arrays) {
    // subtract, do not add: the first may be the largest number there is
    const auto before = static_cast<Index>(layers.size());
    if (number - first != before) {
      throw NetworkError("the weights jump from " + std::to_string(first + before - 1) + " to '" +
                         array.name + "'");
    }
    if (array.shape.size() != 2) {
      throw NetworkError(array.name + ": it is " + dimensions(array.shape) + " but must be a matrix");
    }
    WeightLayer layer;
    layer.name = array.name;
    layer.weight.rows = array.shape[0];
    layer.weight.cols = array.shape[1];
    layer.weight.data = std::move(array.values);
    if (const auto bias = biases.arrays.find(number); bias != biases.arrays.end()) {
      const std::vector<Index>& shape = bias->second.shape;
      if (std::count_if(shape.begin(), shape.end(), [](Index d) { return d != 1; }) > 1) {
        throw NetworkError(bias->second.name + ": it is " + dimensions(shape) + " but must be a vector");
      }
      layer.bias = std::move(bias->second.values);
      biases.arrays.erase(bias);
    }
    layers.push_back(std::move(layer));
  }
  if (!biases.arrays.empty()) {
    throw NetworkError("'" + biases.arrays.begin()->second.name + "' has no weights of the same number");
  }
  return layers;
}

}  // namespace

Parsed read_npz(Bytes file, const ReadOptions& options) {
  const Archive archive = open_archive(file);
  Role weights{"weights", {}, {}};
  Role biases{"biases", {}, {}};
  InflateBudget budget(file.size());
  const zip_int64_t entries = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const char* raw = zip_get_name(archive.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    std::string name = raw == nullptr ? "" : printable(raw);
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    const LayerName parsed = parse_name(name);
    if (!parsed.weight && !parsed.bias) {
      throw NetworkError("the array '" + name +
                         "' is neither weights (w1, W1, weight1, weights1, arr_0) nor a bias (b1, bias1)");
    }
    try {
      NamedArray array = read_array(archive.get(), static_cast<zip_uint64_t>(i), name, budget);
      (parsed.weight ? weights : biases).add(parsed, std::move(array));
    } catch (const NetworkError& error) {
      std::string text = error.what();
      if (!text.starts_with('\'')) text.insert(0, name + ": ");
      throw NetworkError(text);
    }
  }
  const bool biased = !biases.arrays.empty();
  std::vector<WeightLayer> layers = pair_up(weights, biases);
  const std::size_t count = layers.size();
  Network network = chain_of_weights(std::move(layers), options.activation);
  return {std::move(network), {{"weights", std::to_string(count)}, {"biases", biased ? "yes" : "no"}}};
}

}  // namespace geolip::formats
