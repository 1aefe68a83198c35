#include "cli/npy_inputs.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "cli/exit_code.hpp"
#include "formats/reader.hpp"

namespace geolip::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "the values are copied as they stand in the file");

constexpr std::string_view magic = "\x93NUMPY";
// NumPy's own headers of plain arrays have about a hundred characters.
constexpr std::size_t largest_header = 1 << 16;
// More would not be read into memory sensibly, and keeps every product below in range.
constexpr std::uint64_t largest_size = std::uint64_t{1} << 32;

struct Header {
  std::size_t value_size = 0;  ///< 4 or 8
  bool fortran = false;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
};

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
  throw FileError(path.string() + ": " + why);
}

/// The text that follows 'key': in the header's dictionary, without leading spaces.
std::optional<std::string_view> value_of(std::string_view header, std::string_view key) {
  std::string quoted = "'";
  quoted.append(key).append("'");
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t colon = header.find_first_not_of(' ', at + quoted.size());
  if (colon == std::string_view::npos || header[colon] != ':') return std::nullopt;
  const std::size_t begin = header.find_first_not_of(' ', colon + 1);
  if (begin == std::string_view::npos) return std::nullopt;
  return header.substr(begin);
}

/// The numbers of a tuple "(1000, 784)".
std::optional<std::vector<std::uint64_t>> tuple(std::string_view text) {
  if (text.empty() || text.front() != '(') return std::nullopt;
  const std::size_t end = text.find(')');
  if (end == std::string_view::npos) return std::nullopt;
  text = text.substr(1, end - 1);
  std::vector<std::uint64_t> numbers;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return numbers;
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return numbers;
    if (text.front() != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "(";
  constexpr std::size_t most = 16;  // no more fit in a sentence
  for (std::size_t i = 0; i < shape.size() && i < most; ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + (shape.size() > most ? ", ...)" : ")");
}

Header parse_header(const std::filesystem::path& path, std::string_view text) {
  Header header;
  const auto descr = value_of(text, "descr");
  const auto order = value_of(text, "fortran_order");
  const auto shape_value = value_of(text, "shape");
  if (!descr || !order || !shape_value)
    fail(path, "the .npy header does not name descr, fortran_order and shape");

  if (descr->starts_with("'<f4'")) {
    header.value_size = sizeof(float);
  } else if (descr->starts_with("'<f8'")) {
    header.value_size = sizeof(double);
  } else {
    fail(path, "the array's type is " + formats::printable(descr->substr(0, descr->find(','))) +
                   " but must be '<f4' or '<f8'");
  }
  header.fortran = order->starts_with("True");
  if (!header.fortran && !order->starts_with("False")) fail(path, "fortran_order is neither True nor False");

  const auto shape = tuple(*shape_value);
  if (!shape) fail(path, "the array's shape cannot be read");
  if (shape->size() != 2) {
    fail(path, "the array's shape is " + shape_text(*shape) + " but must be (inputs, coordinates)");
  }
  header.rows = (*shape)[0];
  header.cols = (*shape)[1];
  if (header.rows == 0 || header.cols == 0) fail(path, "the array is empty");
  if (header.rows > largest_size || header.cols > largest_size / header.rows)
    fail(path, "the array is too large");
  return header;
}

/// Reads exactly `size` bytes.
std::string read_bytes(const std::filesystem::path& path, std::ifstream& file, std::size_t size) {
  std::string bytes(size, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (file.gcount() != static_cast<std::streamsize>(size)) fail(path, "the file ends too early");
  return bytes;
}

std::size_t little_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

template <class T>
T value_at(const std::string& bytes, std::size_t i) {
  T value = 0;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

Matrix to_matrix(const std::filesystem::path& path, const Header& header, const std::string& bytes) {
  Matrix m(static_cast<Index>(header.rows), static_cast<Index>(header.cols));
  for (Index i = 0; i < m.rows; ++i) {
    for (Index j = 0; j < m.cols; ++j) {
      const auto at = static_cast<std::size_t>(header.fortran ? j * m.rows + i : i * m.cols + j);
      m(i, j) = header.value_size == sizeof(float) ? static_cast<double>(value_at<float>(bytes, at))
                                                   : value_at<double>(bytes, at);
      if (!std::isfinite(m(i, j))) {
        fail(path, "input " + std::to_string(i) + " has a coordinate that is not finite (" +
                       std::to_string(j) + ")");
      }
    }
  }
  return m;
}

}  // namespace

Matrix read_npy_inputs(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) fail(path, "the file does not exist");
  if (!std::filesystem::is_regular_file(status)) fail(path, "this is not a file");
  const std::uintmax_t file_size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) fail(path, "the file cannot be read");

  const std::string start = read_bytes(path, file, magic.size() + 2);
  if (!start.starts_with(magic)) fail(path, "this is not a .npy file");
  const int version = static_cast<unsigned char>(start[magic.size()]);
  if (version < 1 || version > 3) fail(path, "the .npy version " + std::to_string(version) + " is not known");
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  const std::size_t length = little_endian(read_bytes(path, file, length_bytes));
  if (length > largest_header) fail(path, "the .npy header is too long");
  const Header header = parse_header(path, read_bytes(path, file, length));

  // Sizes are compared before anything is allocated for the values.
  const std::uint64_t want = header.rows * header.cols * header.value_size;
  const std::uint64_t have = file_size - (magic.size() + 2 + length_bytes + length);
  if (have != want) {
    fail(path, "the header announces " + std::to_string(want) + " bytes of values but the file holds " +
                   std::to_string(have));
  }
  return to_matrix(path, header, read_bytes(path, file, static_cast<std::size_t>(want)));
}

}  // namespace geolip::cli
