#include <checker/canonical.hpp>

#include <checker/claimed_network.hpp>
#include <checker/layers.hpp>

#include <algorithm>
#include <cmath>

namespace geolip::checker {
namespace {

using nlohmann::json;

std::uint32_t crc32(Bytes bytes) {
  std::uint32_t crc = ~0U;
  for (const unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ (0xedb88320U & (0U - (crc & 1U)));
  }
  return ~crc;
}

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

struct Entry {
  std::string_view name;
  Bytes data;
};

/// The stored entries of an archive. Its directory has to repeat what stands before the entries and nothing
/// else, so that all programs that read it find the same.
std::vector<Entry> entries_of(Bytes file) {
  constexpr std::size_t header = 30;
  const std::string_view local("PK\x03\x04\x14\0\0\0\0\0\0\0\x21\0", 14);
  const std::string_view end("PK\x05\x06\0\0\0\0", 8);
  const auto put = [](std::string& to, std::size_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) to += static_cast<char>(value >> 8U * i);
  };
  std::vector<Entry> entries;
  std::string directory;
  std::size_t at = 0;
  while (file.size() - at >= header && text_of(file.subspan(at)).starts_with(local)) {
    const Bytes fields = file.subspan(at, header);
    const std::size_t size = load<std::uint32_t>(fields.subspan(18));
    const std::size_t name = load<std::uint16_t>(fields.subspan(26));
    if (load<std::uint32_t>(fields.subspan(22)) != size || load<std::uint16_t>(fields.subspan(28)) != 0 ||
        name + size > file.size() - at - header)
      throw ReadError("an entry of the archive is damaged");
    entries.push_back({text_of(file.subspan(at + header, name)), file.subspan(at + header + name, size)});
    if (crc32(entries.back().data) != load<std::uint32_t>(fields.subspan(14)))
      throw ReadError("the checksum of " + in_quotes(entries.back().name) + " is wrong");
    directory.append("PK\x01\x02\x14", 5).append(1, '\0').append(text_of(fields.subspan(4))).append(10, '\0');
    put(directory, at, 4);
    directory.append(entries.back().name);
    at += header + name + size;
  }
  const std::size_t length = directory.size();
  directory.append(end);
  put(directory, entries.size(), 2);
  put(directory, entries.size(), 2);
  put(directory, length, 4);
  put(directory, at, 4);
  put(directory, 0, 2);
  if (entries.empty() || text_of(file.subspan(at)) != directory)
    throw ReadError("it is no canonical network file (geolip export makes one)");
  return entries;
}

struct Array {
  std::vector<Index> shape;
  Bytes data;
};

/// NumPy's header of such an array, byte for byte.
std::string header_of(std::string_view type, const std::vector<Index>& shape) {
  std::string text = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  text += shape.size() == 1 ? ",), }" : "), }";
  text.append(63 - (10 + text.size()) % 64, ' ').append("\n");
  std::string start("\x93NUMPY\x01\0", 8);
  start += static_cast<char>(text.size() & 255U);
  return start + static_cast<char>(text.size() >> 8U) + text;
}

Array array_of(const Entry& entry, std::string_view type, std::size_t rank) {
  const auto fail = [&](const char* what) { throw ReadError(in_quotes(entry.name) + " " + what); };
  Array array;
  std::string_view rest = text_of(entry.data);
  rest.remove_prefix(std::min(rest.find('('), rest.size()));
  Index count = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    rest.remove_prefix(std::min(rest.find_first_of("0123456789"), rest.size()));
    Index size = 0;
    for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9' && size < Index{1} << 48U; rest.remove_prefix(1))
      size = 10 * size + (rest[0] - '0');
    if (__builtin_mul_overflow(count, size, &count) || count > Index{1} << 48U)
      fail("has an impossible size");
    array.shape.push_back(size);
  }
  const std::string header = header_of(type, array.shape);
  if (!text_of(entry.data).starts_with(header))
    fail("is not an array of the type and rank that it must have");
  array.data = entry.data.subspan(header.size());
  if (array.data.size() != 8 * at(count)) fail("has not as many bytes as its shape asks for");
  return array;
}

template <class T>
std::vector<T> numbers_of(const Array& array) {
  std::vector<T> numbers(array.data.size() / sizeof(T));
  if (!numbers.empty()) std::memcpy(numbers.data(), array.data.data(), array.data.size());
  return numbers;
}

/// Reads the layers, and in step with them the archive's entries.
class Reader {
 public:
  Reader(const std::vector<Entry>& entries, Index largest) : entries_(entries), largest_(largest) {}

  Network read(Object& root) {
    Network network;
    network.inputs = root.index("inputs");
    if (network.inputs < 1 || network.inputs > largest_) root.refuse("inputs", "is out of range");
    sizes_ = {network.inputs};
    for (const json& layer : root.list("layers")) network.layers.push_back(read_layer(layer));
    if (next_ + 1 != entries_.size()) throw ReadError("the archive holds an array that no layer names");
    network.outputs = sizes_.back();
    return network;
  }

 private:
  Layer read_layer(const json& value) {
    number_ = std::to_string(sizes_.size() - 1);
    Object object(value, "layer " + number_);
    Layer layer{printable(object.text("name")), Concat{}, object.indices("reads")};
    const std::string kind = object.text("kind");
    const Index size = object.index("size");
    if (size < 1 || size > largest_) object.refuse("size", "is out of range");
    if (layer.reads.empty()) object.refuse("reads", "is empty");
    for (const Index t : layer.reads) {
      if (t >= static_cast<Index>(sizes_.size()))
        object.refuse("reads", "names a tensor that is not there yet");
    }
    std::vector<Index> sizes;
    for (const Index t : layer.reads) sizes.push_back(sizes_[at(t)]);
    arrays_ = &object.list("arrays");
    named_ = 0;
    layer.op = operation(kind, object, sizes.front(), size);
    object.finish();
    if (named_ != arrays_->size()) object.refuse("arrays", "names too many");
    if (outputs_of(layer, sizes) != size) object.refuse("size", "is not that of what it makes");
    sizes_.push_back(size);
    return layer;
  }

  decltype(Layer::op) operation(const std::string& kind, Object& object, Index inputs, Index size) {
    if (kind == "dense") {
      const Array weight = next("weight", "<f8", 2);
      shifts("bias", size);
      return Dense{weight.shape[0], weight.shape[1], numbers_of<double>(weight)};
    }
    if (kind == "scale") {
      Scale scale = scale_of(numbers_of<double>(next("scale", "<f8", 1)));
      shifts("shift", size);
      return scale;
    }
    if (kind == "permutation") return Permutation{numbers_of<Index>(next("source", "<i8", 1))};
    if (kind == "conv" || kind == "conv_transpose") return convolution(object, kind != "conv", inputs, size);
    if (kind == "sparse") {
      Sparse sparse;
      sparse.cols = inputs;
      sparse.offset = numbers_of<Index>(next("offset", "<i8", 1));
      sparse.column = numbers_of<Index>(next("column", "<i8", 1));
      sparse.value = numbers_of<double>(next("value", "<f8", 1));
      return sparse;
    }
    if (kind == "add") return Sum{numbers_of<double>(next("coefficients", "<f8", 1))};
    if (kind == "concat") return Concat{};
    std::vector<std::vector<double>> parameters;
    const std::vector<const char*> names = parameters_of(kind);
    for (const char* name : names) parameters.push_back(numbers_of<double>(next(name, "<f8", 1)));
    return slopes_of(kind, parameters, inputs);
  }

  Sparse convolution(Object& layer, bool transposed, Index inputs, Index size) {
    Object object(layer.get("geometry"), "layer " + number_ + ": 'geometry'");
    const auto list = [&](const char* key, std::size_t count) {
      std::vector<Index> result = object.indices(key);
      if (result.size() != count) object.refuse(key, "has not " + std::to_string(count) + " numbers");
      return result;
    };
    const std::vector<Index> image = list("image", 3);
    const std::vector<Index> stride = list("stride", 2);
    const std::vector<Index> dilation = list("dilation", 2);
    std::vector<Index> pads;
    for (const json& pair : object.list("pads")) {
      if (!pair.is_array() || pair.size() != 2) object.refuse("pads", "has not pairs of numbers");
      for (const json& pad : pair) pads.push_back(object.index_of(pad, "pads"));
    }
    if (pads.size() != 6 || pads[0] != 0 || pads[1] != 0) object.refuse("pads", "is not that of an image");
    const Index groups = object.index("groups");
    object.finish();
    const Array weight = next("weight", "<f8", 4);
    const std::vector<double> numbers = numbers_of<double>(weight);
    const Convolution conv{image[0],
                           weight.shape[0],
                           groups,
                           {image[1], image[2]},
                           {weight.shape[2], weight.shape[3]},
                           {stride[0], stride[1]},
                           {dilation[0], dilation[1]},
                           {pads[2], pads[4]},
                           {pads[3], pads[5]},
                           numbers};
    const auto [from, to] = sizes_of(conv);
    if (weight.shape[1] != conv.channels / conv.groups) layer.refuse("geometry", "does not fit the weight");
    if (transposed ? to != inputs || from != size : from != inputs || to != size)
      layer.refuse("geometry", "does not fit the sizes of the tensors");
    shifts("bias", transposed ? conv.channels : conv.filters);
    return rows_of(conv, transposed);
  }

  /// The layer's next array, which is the archive's next entry.
  Array next(const char* what, std::string_view type, std::size_t rank) {
    const std::string name = number_ + "." + what;
    const bool named = named_ < arrays_->size() && (*arrays_)[named_] == name;
    if (!named || entries_[next_].name != name + ".npy")
      throw ReadError("the array " + in_quotes(name) + " does not stand where it must");
    ++named_;
    return array_of(entries_[next_++], type, rank);
  }
  /// Biases and shifts change no slope, but have to be there.
  void shifts(const char* what, Index size) {
    const Array array = next(what, "<f8", 1);
    const std::vector<double> numbers = numbers_of<double>(array);
    if (array.shape[0] != size ||
        !std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); })) {
      throw ReadError("layer " + number_ + ": its " + what +
                      " has another size, or a number that is not finite");
    }
  }

  const std::vector<Entry>& entries_;
  Index largest_;
  std::size_t next_ = 0;  // entry
  std::string number_;    // of the layer
  std::vector<Index> sizes_;
  const json::array_t* arrays_ = nullptr;  // the names of the layer's arrays
  std::size_t named_ = 0;                  // how many of them were read
};

}  // namespace

Source read_source(const json& value) {
  Object object(value, "'source'");
  Source source;
  source.file = object.text("file");
  source.sha256 = object.hash("sha256");
  for (const json& entry : object.list("external")) {
    Object file(entry, "an external file");
    std::string location = file.text("location");
    source.external.emplace_back(std::move(location), file.hash("sha256"));
    file.finish();
  }
  Object reading(object.get("reading"), "'reading'");
  if (reading.find("activation") != nullptr) source.activation = reading.text("activation");
  if (reading.find("logits") != nullptr) source.logits = reading.flag("logits");
  if (reading.find("physical_units") != nullptr) source.physical_units = reading.flag("physical_units");
  reading.finish();
  source.rounded = object.flag("rounded");
  object.finish();
  return source;
}

CanonicalNetwork read_canonical(Bytes file, Index largest_tensor) {
  constexpr int deepest = 6;  // file, layers, layer, geometry, pads, pair
  const std::vector<Entry> entries = entries_of(file);
  if (entries.back().name != "network.json")
    throw ReadError("the last entry of the archive is not network.json");
  const json root = parse_json(entries.back().data, "network.json", deepest);
  Object object(root, "network.json");
  if (object.text("format") != "geolip-network") throw ReadError("network.json has another format");
  if (const json& version = object.get("version"); !version.is_number_unsigned() || version != 1U)
    throw ReadError("the version of network.json is not known (only version 1 is)");
  CanonicalNetwork result;
  result.source = read_source(object.get("source"));
  result.network = Reader(entries, largest_tensor).read(object);
  object.finish();
  result.sha256 = sha256(file);
  return result;
}

}  // namespace geolip::checker
