#include <cli/npy_inputs.hpp>

#include <cmath>
#include <string>

#include <cli/exit_code.hpp>
#include <formats/npy.hpp>

namespace geolip::cli {
namespace {

using formats::Bytes;
using formats::fail;

Matrix parse(Bytes file) {
  const std::size_t size = formats::npy_header_size(file);
  if (size > file.size()) fail("the file ends inside its header");
  const formats::NpyHeader header = formats::parse_npy_header(file.first(size));
  if (header.shape.size() != 2) fail("its shape is ", header.shape, " but must be (inputs, coordinates)");
  if (header.count == 0) fail("the array is empty");
  const Index want = formats::checked_product(header.count, static_cast<Index>(header.itemsize), "the array");
  const auto have = static_cast<Index>(file.size() - size);
  if (have != want) fail("the header announces ", want, " bytes of values but the file holds ", have);
  Matrix m;
  m.rows = header.shape[0];
  m.cols = header.shape[1];
  m.data = formats::npy_numbers(header, file.subspan(size));
  for (Index i = 0; i < m.rows; ++i) {
    for (Index j = 0; j < m.cols; ++j) {
      if (!std::isfinite(m(i, j))) fail("input ", i, " has a coordinate that is not finite (", j, ")");
    }
  }
  return m;
}

}  // namespace

Matrix read_npy_inputs(const std::filesystem::path& path) {
  try {
    return parse(formats::read_bytes(path, formats::largest_file,
                                     [](Bytes first) { formats::npy_header_size(first); }));
  } catch (const NetworkError& error) {
    throw FileError(path.string() + ": " + error.what());
  }
}

}  // namespace geolip::cli
