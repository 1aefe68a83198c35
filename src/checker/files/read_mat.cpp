// MATLAB 5 files (save -v6, -v7): the cell `weights` and an optional cell `biases`.
#include "checker/files/inflate.hpp"
#include "checker/files/weight_chain.hpp"

#include <algorithm>
#include <cmath>

namespace geolip::checker {
namespace {

constexpr std::size_t header_size = 128;
constexpr std::size_t tag_size = 8;

// data types (mi...)
constexpr std::uint32_t mi_int32 = 5;
constexpr std::uint32_t mi_uint32 = 6;
constexpr std::uint32_t mi_matrix = 14;
constexpr std::uint32_t mi_compressed = 15;
// array classes (mx...CLASS)
constexpr std::uint32_t mx_cell = 1;
constexpr std::uint32_t mx_double = 6;
constexpr std::uint32_t mx_single = 7;
constexpr std::uint32_t mx_opaque = 17;

struct Element {
  std::uint32_t type = 0;
  Bytes body;
};

/// Takes data elements off the front of a piece of a file.
struct Cursor {
  Bytes rest;
  bool swapped;

  Element next() {
    if (rest.size() < tag_size) throw ReadError("the file ends inside a data element");
    const auto first = load<std::uint32_t>(rest, swapped);
    const std::uint32_t small = first >> 16U;
    if (small != 0) {  // up to four bytes share the tag
      if (small > 4) throw ReadError("a data element has a damaged tag");
      const Element element{first & 0xFFFFU, rest.subspan(4, small)};
      rest = rest.subspan(tag_size);
      return element;
    }
    const std::size_t size = load<std::uint32_t>(rest.subspan(4), swapped);
    rest = rest.subspan(tag_size);
    if (size > rest.size()) throw ReadError("a data element is cut off");
    const Element element{first, rest.first(size)};
    const std::size_t padded = first == mi_compressed ? size : (size + 7) / 8 * 8;
    rest = rest.subspan(std::min(padded, rest.size()));
    return element;
  }
};

/// The one data element inside a compressed one.
std::vector<unsigned char> inflate_element(Bytes stream, bool swapped) {
  Inflater inflater(stream, Inflater::Wrapping::zlib);
  std::vector<unsigned char> bytes = inflater.read(tag_size);
  const auto type = load<std::uint32_t>(bytes, swapped);
  const std::size_t size = load<std::uint32_t>(Bytes(bytes).subspan(4), swapped);
  if (type != mi_matrix) throw ReadError("a compressed element holds no matrix");
  const std::vector<unsigned char> body = inflater.read(size);
  inflater.finish();
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

struct Array {
  std::uint32_t kind = 0;
  bool complex = false;
  Shape dims;
  std::string name;
  Cursor contents{{}, false};
};

Array open_array(const Element& element, bool swapped) {
  if (element.type != mi_matrix) throw ReadError("a data element is no matrix where one must be");
  Array array;
  Cursor cursor{element.body, swapped};
  if (cursor.rest.empty()) {  // how an empty entry of a cell is written
    array.kind = mx_double;
    array.dims = {0, 0};
    return array;
  }
  const Element flags = cursor.next();
  if (flags.type != mi_uint32 || flags.body.size() != 8) throw ReadError("a matrix has damaged flags");
  const auto word = load<std::uint32_t>(flags.body, swapped);
  array.kind = word & 0xFFU;
  array.complex = (word & 0x800U) != 0;
  if (array.kind == mx_opaque) return array;
  const Element dims = cursor.next();
  if (dims.type != mi_int32 || dims.body.size() % 4 != 0 || dims.body.size() < 8) {
    throw ReadError("a matrix has damaged dimensions");
  }
  for (Bytes rest = dims.body; !rest.empty(); rest = rest.subspan(4)) {
    array.dims.push_back(load<std::int32_t>(rest, swapped));
  }
  const Element name = cursor.next();
  array.name.assign(name.body.begin(), name.body.end());
  array.contents = cursor;
  return array;
}

template <typename T>
void append(Bytes body, bool swapped, std::vector<double>& values) {
  if (body.size() % sizeof(T) != 0) throw ReadError("a matrix has data of a broken length");
  values.reserve(body.size() / sizeof(T));
  for (; !body.empty(); body = body.subspan(sizeof(T))) {
    const T value = load<T>(body, swapped);
    const auto real = static_cast<double>(value);
    if constexpr (sizeof(T) == 8 && !std::is_floating_point_v<T>) {
      // beyond 2^53 an integer need not be a double
      if (!(std::abs(real) <= 0x1p53)) throw ReadError("a matrix holds an integer that is no double");
    }
    values.push_back(real);
  }
}

std::vector<double> numbers_of(const Element& element, bool swapped) {
  std::vector<double> values;
  switch (element.type) {
    case 1:
      append<std::int8_t>(element.body, swapped, values);
      break;
    case 2:
      append<std::uint8_t>(element.body, swapped, values);
      break;
    case 3:
      append<std::int16_t>(element.body, swapped, values);
      break;
    case 4:
      append<std::uint16_t>(element.body, swapped, values);
      break;
    case mi_int32:
      append<std::int32_t>(element.body, swapped, values);
      break;
    case mi_uint32:
      append<std::uint32_t>(element.body, swapped, values);
      break;
    case 7:
      append<float>(element.body, swapped, values);
      break;
    case 9:
      append<double>(element.body, swapped, values);
      break;
    case 12:
      append<std::int64_t>(element.body, swapped, values);
      break;
    case 13:
      append<std::uint64_t>(element.body, swapped, values);
      break;
    default:
      throw ReadError("a matrix has data of unknown type " + std::to_string(element.type));
  }
  return values;
}

/// A real matrix, row after row; in the file it lies column after column.
Dense matrix_of(Array array, const std::string& where, bool swapped) {
  if ((array.kind != mx_double && array.kind != mx_single) || array.complex || array.dims.size() != 2) {
    throw ReadError(where + ": it is not a full, real matrix of doubles or singles");
  }
  Dense dense{array.dims[0], array.dims[1], {}};
  const Index count = product(dense.rows, dense.cols, where);
  if (count == 0) return {};
  const std::vector<double> values = numbers_of(array.contents.next(), swapped);
  if (values.size() != static_cast<std::size_t>(count)) {
    throw ReadError(where + ": it is " + shape_text(array.dims) + " but has " +
                    std::to_string(values.size()) + " numbers");
  }
  dense.weight.reserve(values.size());
  for (Index i = 0; i < dense.rows; ++i) {
    for (Index j = 0; j < dense.cols; ++j) {
      dense.weight.push_back(values[static_cast<std::size_t>(j * dense.rows + i)]);
    }
  }
  return dense;
}

std::vector<Dense> cell_of(Array array, bool swapped) {
  const std::string& name = array.name;
  if (array.kind != mx_cell || array.dims.size() != 2 || (array.dims[0] != 1 && array.dims[1] != 1)) {
    throw ReadError(name + ": it is not a cell of one row or column");
  }
  const Index count = product(array.dims[0], array.dims[1], name);
  std::vector<Dense> matrices;
  for (Index i = 0; i < count; ++i) {  // ends with the file's bytes at the latest
    const std::string where = name + "{" + std::to_string(i + 1) + "}";
    matrices.push_back(matrix_of(open_array(array.contents.next(), swapped), where, swapped));
  }
  return matrices;
}

bool is_swapped(Bytes file) {
  constexpr std::size_t mark = 126;
  if (file.size() < header_size) throw ReadError("this is not a MATLAB 5 file: it is too short");
  const bool little = file[mark] == 'I' && file[mark + 1] == 'M';
  if (!little && !(file[mark] == 'M' && file[mark + 1] == 'I')) {
    throw ReadError("this is not a MATLAB 5 file: it has no mark of its byte order");
  }
  if (load<std::uint16_t>(file.subspan(124), !little) != 0x0100) {
    throw ReadError("this is not a MATLAB 5 file but one of another version");
  }
  return !little;
}

}  // namespace

Network read_mat(Bytes file, const Reading& reading) {
  const bool swapped = is_swapped(file);
  std::optional<std::vector<Dense>> weights;
  std::optional<std::vector<Dense>> biases;
  Cursor cursor{file.subspan(header_size), swapped};
  while (!cursor.rest.empty()) {
    Element element = cursor.next();
    std::vector<unsigned char> inflated;
    if (element.type == mi_compressed) {
      inflated = inflate_element(element.body, swapped);
      element = Cursor{inflated, swapped}.next();
    }
    Array array = open_array(element, swapped);
    if (array.name != "weights" && array.name != "biases") continue;
    auto& cell = array.name == "weights" ? weights : biases;
    if (cell) throw ReadError("the file holds the variable " + array.name + " twice");
    cell = cell_of(std::move(array), swapped);
  }
  if (!weights) throw ReadError("the file holds no cell array 'weights'");
  if (biases && !biases->empty() && biases->size() != weights->size()) {
    throw ReadError("biases has " + std::to_string(biases->size()) + " entries but weights has " +
                    std::to_string(weights->size()));
  }
  std::vector<Weight> layers;
  for (std::size_t l = 0; l < weights->size(); ++l) {
    Weight weight{"weights{" + std::to_string(l + 1) + "}", std::move((*weights)[l]), std::nullopt};
    if (biases && !biases->empty()) {
      const Dense& bias = (*biases)[l];
      if (bias.rows > 1 && bias.cols > 1) throw ReadError(weight.name + ": its bias is no vector");
      require_finite(bias.weight, weight.name + ": its bias");
      weight.bias = static_cast<Index>(bias.weight.size());
    }
    layers.push_back(std::move(weight));
  }
  return chain_of(std::move(layers), reading.activation.value_or("relu"));
}

}  // namespace geolip::checker
