#include <formats/canonical.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

namespace geolip::formats {
namespace {

using nlohmann::json;

constexpr const char* description = "network.json";
constexpr std::size_t largest_description = std::size_t{1} << 28U;
constexpr int deepest = 6;  // file, layers, layer, geometry, pads, pair
constexpr Index largest_index = Index{1} << 48U;

/// Parses strict JSON, no deeper than descriptions are and without doubled keys.
json parse(const std::string& text) {
  // the parser passes over a byte order mark, and takes a zero byte for the end
  if (!text.starts_with('{') || text.find('\0') != std::string::npos) fail("it is no JSON object");
  std::vector<std::set<std::string>> keys;
  const auto watch = [&keys](int depth, json::parse_event_t event, json& parsed) {
    if (depth > deepest) fail("it is nested too deeply");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      fail("it has the key '", printable(parsed.get<std::string>()), "' twice in one place");
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::exception&) {
    fail("it is not valid JSON");
  }
}

/// An object all of whose keys are asked for, and what its values must be.
class Object {
 public:
  Object(const json& value, std::string where) : value_(value), where_(std::move(where)) {
    if (!value.is_object()) fail(where_, " is not an object");
  }

  const json* find(const char* key) {
    asked_.insert(key);
    const auto found = value_.find(key);
    return found == value_.end() ? nullptr : &*found;
  }
  const json& get(const char* key) {
    const json* found = find(key);
    if (found == nullptr) fail(where_, " lacks '", key, "'");
    return *found;
  }
  std::string text(const char* key) {
    const json& value = get(key);
    if (!value.is_string()) fail(name(key), " is not a text");
    return value.get<std::string>();
  }
  bool flag(const char* key) {
    const json& value = get(key);
    if (!value.is_boolean()) fail(name(key), " is neither true nor false");
    return value.get<bool>();
  }
  const json::array_t& list(const char* key) {
    const json& value = get(key);
    if (!value.is_array()) fail(name(key), " is not a list");
    return value.get_ref<const json::array_t&>();
  }
  Index index(const char* key) { return index_of(get(key), key); }
  std::vector<Index> indices(const char* key) {
    std::vector<Index> result;
    for (const json& entry : list(key)) result.push_back(index_of(entry, key));
    return result;
  }
  std::string hash(const char* key) {
    std::string value = text(key);
    if (value.size() != 64 || value.find_first_not_of("0123456789abcdef") != std::string::npos)
      fail(name(key), " is not a SHA-256 in 64 lower-case hexadecimal digits");
    return value;
  }
  void finish() const {
    for (const auto& [key, value] : value_.items()) {
      if (!asked_.contains(key)) fail(where_, " has the unknown key '", printable(key), "'");
    }
  }
  Index index_of(const json& value, const char* key) const {
    const bool whole = value.is_number_unsigned() && value.get<std::uint64_t>() <= largest_index;
    if (!whole) fail(name(key), " is not a whole number that fits here");
    return value.get<Index>();
  }

 private:
  std::string name(const char* key) const { return where_ + ": '" + key + "'"; }

  const json& value_;
  std::string where_;
  std::set<std::string> asked_;
};

Source read_source(const json& value) {
  Object object(value, "'source'");
  Source source;
  source.file = object.text("file");
  source.sha256 = object.hash("sha256");
  for (const json& entry : object.list("external")) {
    Object file(entry, "an external file");
    source.external.push_back({file.text("location"), file.hash("sha256")});
    file.finish();
  }
  Object reading(object.get("reading"), "'reading'");
  if (reading.find("activation") != nullptr) {
    try {
      source.reading.activation = activation_from_name(reading.text("activation"));
    } catch (const QueryError& error) {
      fail(error.what());
    }
  }
  if (reading.find("logits") != nullptr) source.reading.logits = reading.flag("logits");
  if (reading.find("physical_units") != nullptr)
    source.reading.physical_units = reading.flag("physical_units");
  reading.finish();
  source.rounded = object.flag("rounded");
  object.finish();
  return source;
}

/// Makes a network of what the description says.
class Reader {
 public:
  explicit Reader(Archive& archive) : archive_(archive) {
    for (std::size_t i = 0; i < archive.names().size(); ++i) {
      if (!entries_.emplace(archive.names()[i], i).second)
        fail("the archive holds '", archive.names()[i], "' twice");
    }
  }

  Parsed read() {
    try {
      return read_description(parse(archive_.text(take(description), largest_description)));
    } catch (const NetworkError& error) {
      fail("network.json: ", error.what());
    }
  }

 private:
  Parsed read_description(const json& root) {
    Object object(root, "the description");
    if (object.text("format") != "geolip-network") fail("'format' is not that of a network");
    if (const json& version = object.get("version"); !version.is_number_unsigned() || version != 1U)
      fail("its version is not known (only version 1 is)");
    Source source = read_source(object.get("source"));
    Network network(object.index("inputs"));
    for (const json& layer : object.list("layers")) read_layer(layer, network);
    object.finish();
    if (!entries_.empty()) fail("no layer has the array '", entries_.begin()->first, "'");
    Facts facts{{"made from", printable(source.file)}};
    return {std::move(network), std::move(facts), {}, source.rounded, std::move(source)};
  }

  void read_layer(const json& value, Network& network) {
    number_ = network.layers().size();
    Object object(value, "layer " + std::to_string(number_));
    Layer layer{printable(object.text("name")), Concat{}};
    const std::string kind = object.text("kind");
    std::vector<Index> reads = object.indices("reads");
    const Index size = object.index("size");
    names_.clear();
    for (const json& name : object.list("arrays")) {
      if (!name.is_string()) fail("the name of an array is not a text");
      names_.push_back(name.get<std::string>());
    }
    used_ = 0;
    for (const Index t : reads) {
      if (t > static_cast<Index>(number_)) fail("layer ", number_, " reads a tensor that is not there yet");
    }
    const Index inputs = reads.empty() ? 0 : network.size(reads.front());
    layer.op = operation(kind, object, inputs);
    object.finish();
    if (used_ != names_.size()) fail("layer ", number_, " has an array too many");
    network.add(std::move(layer), std::move(reads));
    if (network.outputs() != size)
      fail("layer ", number_, " has the size ", size, " where it makes ", network.outputs());
  }

  decltype(Layer::op) operation(const std::string& kind, Object& object, Index inputs) {
    if (kind == "dense") {
      Dense dense;
      std::vector<Index> shape;
      dense.weight.data = numbers("weight", 2, &shape);
      dense.weight.rows = shape[0];
      dense.weight.cols = shape[1];
      dense.bias = numbers("bias");
      return dense;
    }
    if (kind == "scale") {
      Affine affine{numbers("scale"), {}};
      affine.shift = numbers("shift");
      return affine;
    }
    if (kind == "permutation") return Permutation{whole_numbers("source")};
    if (kind == "conv") {
      Conv conv = convolution(object);
      conv.bias = numbers("bias");
      return conv;
    }
    if (kind == "conv_transpose") {
      ConvTranspose transpose{convolution(object), {}};
      transpose.bias = numbers("bias");
      return transpose;
    }
    if (kind == "sparse") {
      Sparse sparse;
      sparse.inputs = inputs;
      sparse.offset = whole_numbers("offset");
      sparse.column = whole_numbers("column");
      sparse.value = numbers("value");
      return sparse;
    }
    if (kind == "add") return Add{numbers("coefficients")};
    if (kind == "concat") return Concat{};
    return activation(kind);
  }

  Activation activation(const std::string& kind) {
    if (kind == "prelu") {
      std::vector<double> slopes = numbers("slope");
      if (slopes.size() != 1) return Activation::prelu(std::move(slopes));
      if (slopes[0] == 1.0) return Activation(ActivationKind::identity);
      if (slopes[0] == 0.0 && !std::signbit(slopes[0])) return Activation(ActivationKind::relu);
      return Activation(ActivationKind::leaky_relu, slopes[0]);
    }
    if (kind == "elu") {
      const double alpha = number("alpha");
      const double width = number("width");
      const double factor = number("factor");
      if (width == 1.0 && factor == 1.0) return Activation(ActivationKind::elu, alpha);
      if (width == 1.0) return Activation(ActivationKind::selu, alpha, factor);
      if (width == alpha && factor == 1.0) return Activation(ActivationKind::celu, alpha);
      fail("an elu of these parameters is not known");
    }
    if (kind == "clip") {
      const double scale = number("scale");
      const double shift = number("shift");
      const double low = number("low");
      const double high = number("high");
      if (scale == 1.0 && shift == 0.0) return Activation(ActivationKind::clip, low, high);
      if (low == 0.0 && high == 1.0) return Activation(ActivationKind::hard_sigmoid, scale, shift);
      fail("a clip of these parameters is not known");
    }
    for (const ActivationKind known :
         {ActivationKind::sigmoid, ActivationKind::tanh, ActivationKind::softplus, ActivationKind::gelu,
          ActivationKind::gelu_tanh, ActivationKind::silu, ActivationKind::hard_swish, ActivationKind::mish,
          ActivationKind::softsign}) {
      if (kind == to_string(known)) return Activation(known);
    }
    fail("the kind '", printable(kind), "' is not known");
  }

  Conv convolution(Object& layer) {
    Object geometry(layer.get("geometry"), "'geometry'");
    Conv conv;
    const auto pair = [&](const std::vector<Index>& list, const char* key) {
      if (list.size() != 2) fail("'", key, "' has not two numbers");
      return std::array<Index, 2>{list[0], list[1]};
    };
    const std::vector<Index> image = geometry.indices("image");
    if (image.size() != 3) fail("'image' has not three numbers");
    conv.channels = image[0];
    conv.image = {image[1], image[2]};
    conv.stride = pair(geometry.indices("stride"), "stride");
    conv.dilation = pair(geometry.indices("dilation"), "dilation");
    conv.groups = geometry.index("groups");
    const json::array_t& pads = geometry.list("pads");
    if (pads.size() != 3) fail("'pads' has not three pairs");
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (!pads[axis].is_array() || pads[axis].size() != 2) fail("'pads' has not three pairs");
      const Index before = geometry.index_of(pads[axis][0], "pads");
      const Index after = geometry.index_of(pads[axis][1], "pads");
      if (axis == 0 && (before != 0 || after != 0)) fail("'pads' adds channels");
      if (axis > 0) conv.pads_before[axis - 1] = before;
      if (axis > 0) conv.pads_after[axis - 1] = after;
    }
    geometry.finish();
    std::vector<Index> shape;
    conv.weight = numbers("weight", 4, &shape);
    conv.filters = shape[0];
    conv.kernel = {shape[2], shape[3]};
    if (conv.groups < 1 || conv.channels % conv.groups != 0 || shape[1] != conv.channels / conv.groups)
      fail("the weight of layer ", number_, " does not fit its channels and groups");
    return conv;
  }

  /// The entry of that name, once.
  std::size_t take(const std::string& name) {
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) fail("the archive does not hold '", printable(name), "'");
    const std::size_t index = entry->second;
    entries_.erase(entry);
    return index;
  }

  RawArray array(const char* what, std::size_t rank, char kind) {
    const std::string name = std::to_string(number_) + "." + what;
    if (used_ >= names_.size() || names_[used_++] != name)
      fail("layer ", number_, " does not name its array '", name, "'");
    try {
      RawArray raw = archive_.array(take(name + ".npy"), kind);
      if (raw.header.swapped || raw.header.fortran || raw.header.itemsize != 8 ||
          raw.header.shape.size() != rank) {
        fail("it is ", raw.header.shape, " but must have ", rank,
             " dimensions, of 64 bits in this machine's order");
      }
      return raw;
    } catch (const NetworkError& error) {
      fail(name, ": ", error.what());
    }
  }
  template <class T>
  static std::vector<T> values(const RawArray& raw) {
    std::vector<T> result(raw.data.size() / sizeof(T));
    if (!result.empty()) std::memcpy(result.data(), raw.data.data(), raw.data.size());
    return result;
  }
  std::vector<double> numbers(const char* what, std::size_t rank = 1, std::vector<Index>* shape = nullptr) {
    const RawArray raw = array(what, rank, 'f');
    if (shape != nullptr) *shape = raw.header.shape;
    return values<double>(raw);
  }
  std::vector<Index> whole_numbers(const char* what) { return values<Index>(array(what, 1, 'i')); }
  double number(const char* what) {
    const std::vector<double> one = numbers(what);
    if (one.size() != 1) fail("'", what, "' is not one number");
    return one[0];
  }

  Archive& archive_;
  std::map<std::string, std::size_t> entries_;  // that were not read yet
  std::size_t number_ = 0;                      // of the layer that is read
  std::vector<std::string> names_;              // of its arrays
  std::size_t used_ = 0;
};

}  // namespace

bool is_canonical(const Archive& archive) {
  return std::find(archive.names().begin(), archive.names().end(), description) != archive.names().end();
}

Parsed read_canonical(Archive& archive) { return Reader(archive).read(); }

}  // namespace geolip::formats
