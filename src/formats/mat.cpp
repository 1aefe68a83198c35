// MATLAB 5 files (save -v6 and -v7): the cell `weights` of LipSDP and GeoLIP, and an optional cell `biases`.
// The format is walked here, not by a library: the Mat_VarReadNextInfo of matio 1.5.23 took 2 to 10 GB for
// files of 200 to 450 bytes in which one name length, cell count or matrix size was damaged, and to check
// these before it takes the same walk, through the compressed and nested elements too.
#include <formats/inflate.hpp>
#include <formats/mat_element.hpp>
#include <formats/reader.hpp>
#include <formats/weight_chain.hpp>

#include <geolip/error.hpp>

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

/// A matrix element up to its contents.
struct Array {
  std::uint32_t kind = 0;  ///< one of the classes
  bool complex = false;
  std::vector<Index> dims;
  std::string name;
  MatCursor contents{{}, false};
};

Array open_array(const MatElement& element, bool swapped) {
  if (element.type != MatType::matrix) {
    throw NetworkError("a matrix is expected where the file has data of type " +
                       std::to_string(static_cast<std::uint32_t>(element.type)));
  }
  Array array;
  MatCursor cursor(element.body, swapped);
  if (cursor.at_end()) {  // MATLAB's way to write an empty cell
    array.kind = class_double;
    array.dims = {0, 0};
    return array;
  }
  const MatElement flags = cursor.next();
  if (flags.type != MatType::uint32 || flags.body.size() != 8) {
    throw NetworkError("a matrix has damaged flags");
  }
  const auto word = mat_number<std::uint32_t>(flags.body, swapped);
  array.kind = word & 0xFFU;
  array.complex = (word & flag_complex) != 0;
  if (array.kind == class_opaque) return array;  // has no dimensions, and nothing for us
  const MatElement dims = cursor.next();
  if (dims.type != MatType::int32 || dims.body.size() % 4 != 0 || dims.body.size() < 8) {
    throw NetworkError("a matrix has damaged dimensions");
  }
  for (std::size_t i = 0; i < dims.body.size(); i += 4) {
    array.dims.push_back(mat_number<std::int32_t>(dims.body.subspan(i), swapped));
  }
  const MatElement name = cursor.next();
  array.name.assign(name.body.begin(), name.body.end());
  array.contents = cursor;
  return array;
}

/// A real 2-D double or single array, row after row.
Matrix matrix_of(Array array, const std::string& where, bool swapped) {
  if (array.kind != class_double && array.kind != class_single) {
    throw NetworkError(where + ": it is not a full double or single matrix (array class " +
                       std::to_string(array.kind) + ")");
  }
  if (array.complex) {
    throw NetworkError(where + ": it is complex but must be real");
  }
  if (array.dims.size() != 2) {
    throw NetworkError(where + ": it is " + dimensions(array.dims) + " but must be a matrix");
  }
  const Index rows = array.dims[0];
  const Index cols = array.dims[1];
  const Index count = checked_product(rows, cols, where);
  if (count == 0) return {};
  return mat_matrix(array.contents.next(), rows, cols, swapped);
}

/// The matrices of a cell that is one row or one column.
std::vector<Matrix> cell_of(Array array, const std::string& name, bool swapped) {
  if (array.kind != class_cell) {
    throw NetworkError(name + ": it is not a cell array (array class " + std::to_string(array.kind) + ")");
  }
  if (array.dims.size() != 2 || (array.dims[0] != 1 && array.dims[1] != 1)) {
    throw NetworkError(name + ": the cell is " + dimensions(array.dims) + " but must be 1xL or Lx1");
  }
  const Index count = checked_product(array.dims[0], array.dims[1], name);
  if (static_cast<std::size_t>(count) > array.contents.left() / 8) {
    throw NetworkError(name + ": the cell claims " + std::to_string(count) +
                       " entries but the file ends before");
  }
  std::vector<Matrix> matrices;
  for (Index i = 0; i < count; ++i) {
    const std::string where = name + "{" + std::to_string(i + 1) + "}";
    matrices.push_back(matrix_of(open_array(array.contents.next(), swapped), where, swapped));
  }
  return matrices;
}

bool is_swapped(Bytes file) {
  if (file.size() < header_size) {
    throw NetworkError("this is not a MATLAB 5 file: it is shorter than the header");
  }
  const char first = static_cast<char>(file[version_offset + 2]);
  const char second = static_cast<char>(file[version_offset + 3]);
  const bool little = first == 'I' && second == 'M';
  if (!little && !(first == 'M' && second == 'I')) {
    throw NetworkError("this is not a MATLAB 5 file: it has no mark of its byte order");
  }
  const int version = file[version_offset + (little ? 1 : 0)];
  if (version == hdf5_version) {
    throw NetworkError("this is a MATLAB 7.3 file (HDF5): save it with -v7");
  }
  if (version != known_version) {
    throw NetworkError("its version " + std::to_string(version) + " of MATLAB's format is not known");
  }
  return !little;
}

/// The matrices of the cells `weights` and `biases`.
std::map<std::string, std::vector<Matrix>> read_cells(Bytes file, bool swapped) {
  std::map<std::string, std::vector<Matrix>> cells;
  std::string others;
  MatCursor cursor(file.subspan(header_size), swapped);
  InflateBudget budget(file.size());
  while (!cursor.at_end()) {
    MatElement element = cursor.next();
    std::vector<unsigned char> inflated;
    if (element.type == MatType::compressed) {
      inflated = inflate_all(element.body, "a variable", budget);
      element = MatCursor(inflated, swapped).next();
    }
    Array array = open_array(element, swapped);
    const std::string name = array.name;
    if (name != "weights" && name != "biases") {
      if (!name.empty()) others += (others.empty() ? "" : ", ") + printable(name);
      continue;
    }
    if (cells.contains(name)) {
      throw NetworkError("the file holds the variable " + name + " twice");
    }
    cells[name] = cell_of(std::move(array), name, swapped);
  }
  if (!cells.contains("weights")) {
    throw NetworkError("the file holds no cell array 'weights'" +
                       (others.empty() ? "" : " (its variables: " + printable(others) + ")"));
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
  if (!biases.empty() && biases.size() != weights.size()) {
    throw NetworkError("biases has " + std::to_string(biases.size()) + " entries but weights has " +
                       std::to_string(weights.size()));
  }
  std::vector<WeightLayer> layers;
  for (std::size_t l = 0; l < weights.size(); ++l) {
    const std::string number = "{" + std::to_string(l + 1) + "}";
    WeightLayer layer{"weights" + number, std::move(weights[l]), {}};
    if (!biases.empty()) {
      const Matrix& bias = biases[l];
      if (bias.rows > 1 && bias.cols > 1) {
        throw NetworkError("biases" + number + ": it is " + std::to_string(bias.rows) + "x" +
                           std::to_string(bias.cols) + " but must be a vector");
      }
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
