// Canonical files are written here and read in read_canonical.cpp. The bytes must never depend on anything but
// the network and its source: certificates name their SHA-256.
#include <formats/fail.hpp>
#include <formats/source_json.hpp>

#include <network/activation_form.hpp>

#include <zlib.h>

#include <nlohmann/json.hpp>

#include <bit>
#include <limits>

namespace geolip {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

// Keys stand in the order in which they are written here.
using Json = nlohmann::ordered_json;

/// A zip archive of stored entries that all have the same time, as NumPy and any unzip program read it.
class Zip {
 public:
  void add(const std::string& name, std::string_view first, std::string_view second) {
    const std::size_t size = first.size() + second.size();
    if (size > largest || bytes_.size() > largest - size || ++entries_ >= most_entries)
      formats::fail("the network is too large for a canonical file, which has at most 4 GiB");
    uLong crc = crc32_z(0, nullptr, 0);
    for (const std::string_view part : {first, second}) {
      if (!part.empty()) crc = crc32_z(crc, reinterpret_cast<const unsigned char*>(part.data()), part.size());
    }
    const std::size_t offset = bytes_.size();
    // version 2.0, no flags, stored, midnight of 1 January 1980
    std::string common;
    for (const std::uint32_t field : {20U, 0U, 0U, 0U, 0x21U}) put(common, field, 2);
    for (const std::size_t field : {static_cast<std::size_t>(crc), size, size}) put(common, field, 4);
    put(common, name.size(), 2);
    put(common, 0, 2);
    bytes_.append("PK\x03\x04").append(common).append(name).append(first).append(second);
    directory_.append("PK\x01\x02");
    put(directory_, 20, 2);
    directory_.append(common).append(10, '\0');
    put(directory_, offset, 4);
    directory_.append(name);
  }

  std::string finish() && {
    const std::size_t offset = bytes_.size();
    bytes_.append(directory_).append("PK\x05\x06").append(4, '\0');
    put(bytes_, entries_, 2);
    put(bytes_, entries_, 2);
    put(bytes_, directory_.size(), 4);
    put(bytes_, offset, 4);
    put(bytes_, 0, 2);
    return std::move(bytes_);
  }

 private:
  // with room for the directory
  static constexpr std::size_t largest = (std::size_t{1} << 32U) - (std::size_t{1} << 23U);
  static constexpr std::size_t most_entries = 65535;

  static void put(std::string& to, std::size_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> 8U * static_cast<unsigned>(i));
  }

  std::string bytes_;
  std::string directory_;
  std::size_t entries_ = 0;
};

/// An array of numbers, written as NumPy itself would.
template <class T>
void add_array(Zip& zip, const std::string& name, const std::vector<Index>& shape,
               const std::vector<T>& values) {
  std::string dims;
  for (const Index d : shape) dims += std::to_string(d) + (shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1) dims.resize(dims.size() - 2);
  std::string header = "{'descr': '<";
  header.append(std::is_same_v<T, double> ? "f8" : "i8");
  header.append("', 'fortran_order': False, 'shape': (").append(dims).append("), }");
  constexpr std::size_t prefix = 10;
  constexpr std::size_t alignment = 64;
  header.append(alignment - 1 - (prefix + header.size()) % alignment, ' ').append("\n");
  std::string start("\x93NUMPY\x01\0", 8);
  start += static_cast<char>(header.size() & 255U);
  start += static_cast<char>(header.size() >> 8U);
  zip.add(name + ".npy", start + header,
          {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

/// Writes the arrays of one layer, and what they are into its description.
class LayerWriter {
 public:
  LayerWriter(Zip& zip, Json& json, std::size_t layer, Index size, std::size_t tensors)
      : zip_(zip), json_(json), prefix_(std::to_string(layer) + "."), size_(size), tensors_(tensors) {}

  void operator()(const Dense& dense) {
    start("dense");
    array("weight", {dense.weight.rows, dense.weight.cols}, dense.weight.data);
    shift("bias", dense.bias, dense.weight.rows);
  }
  void operator()(const Affine& affine) {
    start("scale");
    array("scale", {size_}, affine.scale);
    shift("shift", affine.shift, size_);
  }
  void operator()(const Permutation& permutation) {
    start("permutation");
    array("source", {size_}, permutation.source);
  }
  void operator()(const Conv& conv) {
    start("conv");
    convolution(conv, conv.bias, conv.filters);
  }
  void operator()(const ConvTranspose& transpose) {
    start("conv_transpose");
    convolution(transpose.conv, transpose.bias, transpose.conv.channels);
  }
  void operator()(const Sparse& sparse) {
    start("sparse");
    array("offset", {sparse.outputs() + 1}, sparse.offset);
    array("column", {static_cast<Index>(sparse.column.size())}, sparse.column);
    array("value", {static_cast<Index>(sparse.value.size())}, sparse.value);
  }
  void operator()(const Add& add) {
    start("add");
    array("coefficients", {static_cast<Index>(tensors_)},
          add.coefficients.empty() ? std::vector<double>(tensors_, 1.0) : add.coefficients);
  }
  void operator()(const Concat&) { start("concat"); }
  void operator()(const Activation& activation) {
    const network::ActivationForm form = network::form_of(activation);
    start(form.kind);
    for (const auto& [name, values] : form.parameters)
      array(name, {static_cast<Index>(values.size())}, values);
  }

 private:
  void start(const std::string& kind) {
    json_["kind"] = kind;
    json_["arrays"] = Json::array();
  }
  template <class T>
  void array(const char* name, const std::vector<Index>& shape, const std::vector<T>& values) {
    json_["arrays"].push_back(prefix_ + name);
    add_array(zip_, prefix_ + name, shape, values);
  }
  /// What is added, one number each; nothing means zeros.
  void shift(const char* name, const std::vector<double>& values, Index size) {
    array(name, {size}, values.empty() ? std::vector<double>(static_cast<std::size_t>(size), 0.0) : values);
  }
  void convolution(const Conv& conv, const std::vector<double>& bias, Index channels) {
    array("weight", {conv.filters, conv.channels / conv.groups, conv.kernel[0], conv.kernel[1]}, conv.weight);
    shift("bias", bias, channels);
    Json pads = Json::array({Json::array({0, 0})});
    for (std::size_t axis = 0; axis < 2; ++axis)
      pads.push_back(Json::array({conv.pads_before[axis], conv.pads_after[axis]}));
    json_["geometry"] = {{"image", Json::array({conv.channels, conv.image[0], conv.image[1]})},
                         {"pads", pads},
                         {"stride", conv.stride},
                         {"dilation", conv.dilation},
                         {"groups", conv.groups}};
  }

  Zip& zip_;
  Json& json_;
  std::string prefix_;
  Index size_;
  std::size_t tensors_;
};

}  // namespace

namespace formats {

nlohmann::ordered_json source_json(const Source& source) {
  Json json{{"file", source.file}, {"sha256", source.sha256}, {"external", Json::array()}};
  for (const ExternalFile& external : source.external)
    json["external"].push_back({{"location", external.location}, {"sha256", external.sha256}});
  Json& reading = json["reading"] = Json::object();
  const std::optional<Activation>& activation = source.reading.activation;
  // the slopes of a prelu have no name, but stand in the layers
  if (activation && activation->kind() != ActivationKind::prelu)
    reading["activation"] = to_string(activation->kind());
  if (source.reading.logits) reading["logits"] = true;
  if (source.reading.physical_units) reading["physical_units"] = true;
  json["rounded"] = source.rounded;
  return json;
}

}  // namespace formats

std::string canonical_bytes(const NetworkFile& file) {
  const Network& network = file.network;
  Zip zip;
  Json json{{"format", "geolip-network"}, {"version", 1}, {"source", formats::source_json(file.source)}};
  json["inputs"] = network.inputs();
  Json& layers = json["layers"] = Json::array();
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    const Layer& layer = network.layers()[l];
    const std::vector<Index>& reads = network.read_by(static_cast<Index>(l));
    const Index size = network.size(static_cast<Index>(l + 1));
    Json description{{"name", layer.name}, {"kind", ""}, {"reads", reads}, {"size", size}};
    std::visit(LayerWriter(zip, description, l, size, reads.size()), layer.op);
    layers.push_back(std::move(description));
  }
  // Text that is no UTF-8, a file name perhaps, gets replacement characters rather than an exception.
  zip.add("network.json", json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", {});
  return std::move(zip).finish();
}

}  // namespace geolip
