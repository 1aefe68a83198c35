// MATLAB 5 files (save -v6 and -v7): the cell `weights` of LipSDP and GeoLIP, and an optional cell `biases`.
// The format is walked here, not by a library: the Mat_VarReadNextInfo of matio 1.5.23 took 2 to 10 GB for
// files of 200 to 450 bytes in which one name length, cell count or matrix size was damaged, and to check
// these before it takes the same walk, through the compressed and nested elements too.
#include <formats/inflate.hpp>
#include <formats/numbers.hpp>
#include <formats/weight_chain.hpp>

#include <map>

namespace geolip::formats {
namespace {

constexpr std::size_t header_size = 128;
constexpr std::size_t version_offset = 124;
constexpr int known_version = 1;
constexpr int hdf5_version = 2;

// array classes (mx...CLASS)
constexpr std::uint32_t class_cell = 1;
constexpr std::uint32_t class_double = 6;
constexpr std::uint32_t class_single = 7;
constexpr std::uint32_t class_opaque = 17;
constexpr std::uint32_t flag_complex = 0x800;

// types of data elements (mi... in MathWorks' description of the format)
constexpr std::uint32_t type_int32 = 5;
constexpr std::uint32_t type_uint32 = 6;
constexpr std::uint32_t type_matrix = 14;
constexpr std::uint32_t type_compressed = 15;

template <class T>
double number(Bytes bytes, bool swapped) {
  const auto value = static_cast<double>(load<T>(bytes, swapped));
  // beyond 2^53 an integer need not be a double
  if (sizeof(T) == 8 && std::is_integral_v<T> && !(std::abs(value) <= 0x1p53))
    fail("a matrix holds an integer that is no double");
  return value;
}

/// A type of data elements that are numbers.
struct NumberType {
  std::uint32_t type;
  std::size_t size;
  double (*read)(Bytes bytes, bool swapped);
};
constexpr std::array<NumberType, 10> number_types{{{1, 1, number<std::int8_t>},
                                                   {2, 1, number<std::uint8_t>},
                                                   {3, 2, number<std::int16_t>},
                                                   {4, 2, number<std::uint16_t>},
                                                   {type_int32, 4, number<std::int32_t>},
                                                   {type_uint32, 4, number<std::uint32_t>},
                                                   {7, 4, number<float>},
                                                   {9, 8, number<double>},
                                                   {12, 8, number<std::int64_t>},
                                                   {13, 8, number<std::uint64_t>}}};

/// A data element: its type and the bytes between its tag and its padding.
struct Element {
  std::uint32_t type = 0;
  Bytes body;
};

/// Takes data elements off the front of a piece of a file. Every size is checked against what is there.
class Cursor {
 public:
  /// \param swapped the file's byte order is not this machine's.
  Cursor(Bytes bytes, bool swapped) : rest_(bytes), swapped_(swapped) {}

  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

  Element next() {
    constexpr std::size_t tag_size = 8;
    if (rest_.size() < tag_size) fail("the file ends inside a data element");
    const auto first = load<std::uint32_t>(rest_, swapped_);
    // Four bytes or fewer may share the tag: the upper half of its first word is then their number.
    if (const std::uint32_t small = first >> 16U; small != 0) {
      if (small > 4) fail("a data element has a damaged tag");
      const Element element{first & 0xFFFFU, rest_.subspan(4, small)};
      rest_ = rest_.subspan(tag_size);
      return element;
    }
    const std::size_t size = load<std::uint32_t>(rest_.subspan(4), swapped_);
    rest_ = rest_.subspan(tag_size);
    if (size > rest_.size()) fail("a data element of ", size, " bytes is cut off after ", rest_.size());
    const Element element{first, rest_.first(size)};
    // Compressed elements are not padded to 8 bytes, all others are; the last one's padding may be missing.
    const std::size_t padded = first == type_compressed ? size : (size + 7) / 8 * 8;
    rest_ = rest_.subspan(std::min(padded, rest_.size()));
    return element;
  }

 private:
  Bytes rest_;
  bool swapped_;
};

/// A matrix element up to its contents.
struct Array {
  std::uint32_t kind = 0;  ///< one of the classes
  bool complex = false;
  std::vector<Index> dims;
  std::string name;
  Cursor contents{{}, false};
};

Array open_array(const Element& element, bool swapped) {
  if (element.type != type_matrix)
    fail("a matrix is expected where the file has data of type ", element.type);
  Array array;
  Cursor cursor(element.body, swapped);
  if (cursor.at_end()) {  // MATLAB's way to write an empty cell
    array.kind = class_double;
    array.dims = {0, 0};
    return array;
  }
  const Element flags = cursor.next();
  if (flags.type != type_uint32 || flags.body.size() != 8) fail("a matrix has damaged flags");
  const auto word = load<std::uint32_t>(flags.body, swapped);
  array.kind = word & 0xFFU;
  array.complex = (word & flag_complex) != 0;
  if (array.kind == class_opaque) return array;  // has no dimensions, and nothing for us
  const Element dims = cursor.next();
  if (dims.type != type_int32 || dims.body.size() % 4 != 0 || dims.body.size() < 8)
    fail("a matrix has damaged dimensions");
  for (std::size_t i = 0; i < dims.body.size(); i += 4) {
    array.dims.push_back(load<std::int32_t>(dims.body.subspan(i), swapped));
  }
  const Element name = cursor.next();
  array.name.assign(name.body.begin(), name.body.end());
  array.contents = cursor;
  return array;
}

/// A real 2-D double or single array, row after row.
Matrix matrix_of(Array array, const std::string& where, bool swapped) {
  if (array.kind != class_double && array.kind != class_single)
    fail(where, ": it is not a full double or single matrix (array class ", array.kind, ")");
  if (array.complex) fail(where, ": it is complex but must be real");
  if (array.dims.size() != 2) fail(where, ": it is ", array.dims, " but must be a matrix");
  const Index count = checked_product(array.dims[0], array.dims[1], where);
  if (count == 0) return {};
  const Element element = array.contents.next();
  const auto* type = std::find_if(number_types.begin(), number_types.end(),
                                  [&](const NumberType& known) { return known.type == element.type; });
  if (type == number_types.end()) fail("a matrix has data of unknown type ", element.type);
  // divide, do not multiply: the count comes from the file
  if (element.body.size() % type->size != 0 ||
      element.body.size() / type->size != static_cast<std::size_t>(count))
    fail("a matrix of ", count, " entries has ", element.body.size(), " bytes of data");
  Matrix matrix(array.dims[0], array.dims[1]);
  Bytes rest = element.body;  // column after column
  for (Index j = 0; j < matrix.cols; ++j) {
    for (Index i = 0; i < matrix.rows; ++i, rest = rest.subspan(type->size))
      matrix(i, j) = type->read(rest, swapped);
  }
  return matrix;
}

/// The matrices of a cell that is one row or one column.
std::vector<Matrix> cell_of(Array array, const std::string& name, bool swapped) {
  if (array.kind != class_cell) fail(name, ": it is not a cell array (array class ", array.kind, ")");
  if (array.dims.size() != 2 || (array.dims[0] != 1 && array.dims[1] != 1))
    fail(name, ": the cell is ", array.dims, " but must be 1xL or Lx1");
  const Index count = checked_product(array.dims[0], array.dims[1], name);
  if (static_cast<std::size_t>(count) > array.contents.left() / 8)
    fail(name, ": the cell claims ", count, " entries but the file ends before");
  std::vector<Matrix> matrices;
  for (Index i = 0; i < count; ++i) {
    const std::string where = name + "{" + std::to_string(i + 1) + "}";
    matrices.push_back(matrix_of(open_array(array.contents.next(), swapped), where, swapped));
  }
  return matrices;
}

bool is_swapped(Bytes file) {
  if (file.size() < header_size) fail("this is not a MATLAB 5 file: it is shorter than the header");
  const char first = static_cast<char>(file[version_offset + 2]);
  const char second = static_cast<char>(file[version_offset + 3]);
  const bool little = first == 'I' && second == 'M';
  if (!little && !(first == 'M' && second == 'I'))
    fail("this is not a MATLAB 5 file: it has no mark of its byte order");
  const int version = file[version_offset + (little ? 1 : 0)];
  if (version == hdf5_version) fail("this is a MATLAB 7.3 file (HDF5): save it with -v7");
  if (version != known_version) fail("its version ", version, " of MATLAB's format is not known");
  return !little;
}

/// The matrices of the cells `weights` and `biases`.
std::map<std::string, std::vector<Matrix>> read_cells(Bytes file, bool swapped) {
  std::map<std::string, std::vector<Matrix>> cells;
  std::string others;
  Cursor cursor(file.subspan(header_size), swapped);
  InflateBudget budget(file.size());
  while (!cursor.at_end()) {
    Element element = cursor.next();
    std::vector<unsigned char> inflated;
    if (element.type == type_compressed) {
      inflated = inflate_all(element.body, "a variable", budget);
      element = Cursor(inflated, swapped).next();
    }
    Array array = open_array(element, swapped);
    const std::string name = array.name;
    if (name != "weights" && name != "biases") {
      if (!name.empty()) others += (others.empty() ? "" : ", ") + printable(name);
      continue;
    }
    if (cells.contains(name)) fail("the file holds the variable ", name, " twice");
    cells[name] = cell_of(std::move(array), name, swapped);
  }
  if (!cells.contains("weights")) {
    fail("the file holds no cell array 'weights'",
         others.empty() ? "" : " (its variables: " + printable(others) + ")");
  }
  return cells;
}

}  // namespace

void require_mat_header(Bytes first) { is_swapped(first); }

Parsed read_mat(Bytes file, const ReadOptions& options) {
  const bool swapped = is_swapped(file);
  auto cells = read_cells(file, swapped);
  std::vector<Matrix>& weights = cells["weights"];
  std::vector<Matrix>& biases = cells["biases"];
  if (!biases.empty() && biases.size() != weights.size())
    fail("biases has ", biases.size(), " entries but weights has ", weights.size());
  std::vector<WeightLayer> layers;
  for (std::size_t l = 0; l < weights.size(); ++l) {
    const std::string number = "{" + std::to_string(l + 1) + "}";
    WeightLayer layer{"weights" + number, std::move(weights[l]), {}};
    if (!biases.empty()) {
      const Matrix& bias = biases[l];
      if (bias.rows > 1 && bias.cols > 1)
        fail("biases", number, ": it is ", bias.rows, "x", bias.cols, " but must be a vector");
      layer.bias = bias.data;
    }
    layers.push_back(std::move(layer));
  }
  const std::size_t count = layers.size();
  const bool biased = !biases.empty();
  Network network = chain_of_weights(std::move(layers), options.activation);
  return {std::move(network), {{"weights", std::to_string(count)}, {"biases", biased ? "yes" : "no"}}};
}

}  // namespace geolip::formats
