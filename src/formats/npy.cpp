#include "formats/npy.hpp"

#include "formats/half.hpp"

#include <geolip/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace geolip::formats {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the readers are written for little-endian machines");

constexpr std::array<unsigned char, 6> magic{0x93, 'N', 'U', 'M', 'P', 'Y'};
// The header of an array of numbers is one short line; more is not ours.
constexpr std::size_t largest_header = std::size_t{1} << 16U;

/// The text after `key` and the colon in the header's dictionary.
std::string_view value_of(std::string_view dictionary, std::string_view key) {
  const auto at = dictionary.find(key);
  const auto colon = at == std::string_view::npos ? at : dictionary.find(':', at + key.size());
  if (colon == std::string_view::npos) {
    throw NetworkError("its header has no " + std::string(key));
  }
  const auto begin = dictionary.find_first_not_of(' ', colon + 1);
  return begin == std::string_view::npos ? std::string_view() : dictionary.substr(begin);
}

void parse_type(std::string_view text, NpyHeader& header) {
  const auto end = text.empty() ? text.npos : text.find(text.front(), 1);
  const std::string_view type = end == text.npos ? "" : text.substr(1, end - 1);
  const bool quoted = !text.empty() && (text.front() == '\'' || text.front() == '"');
  if (!quoted || type.size() != 3 || type[1] != 'f' || (type[2] != '2' && type[2] != '4' && type[2] != '8') ||
      (type[0] != '<' && type[0] != '>' && type[0] != '=')) {
    throw NetworkError("its type is " + printable(type.empty() ? "not simple" : type) +
                       " but must be float16, float32 or float64");
  }
  header.itemsize = static_cast<std::size_t>(type[2] - '0');
  header.swapped = type[0] == '>';
}

void parse_shape(std::string_view text, NpyHeader& header) {
  const auto end = text.find(')');
  if (text.empty() || text.front() != '(' || end == std::string_view::npos) {
    throw NetworkError("its header has a damaged shape");
  }
  text = text.substr(1, end - 1);
  header.count = 1;
  while (true) {
    const auto begin = text.find_first_not_of(" ,L");
    if (begin == std::string_view::npos) return;
    text.remove_prefix(begin);
    Index dim = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), dim);
    if (error != std::errc() || dim < 0) {
      throw NetworkError("its header has a damaged shape");
    }
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    header.shape.push_back(dim);
    header.count = checked_product(header.count, dim, "its shape");
  }
}

double number_at(Bytes data, std::size_t itemsize, bool swapped) {
  std::array<unsigned char, 8> raw{};
  std::copy_n(data.begin(), itemsize, raw.begin());
  if (swapped) std::reverse(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(itemsize));
  if (itemsize == 8) return std::bit_cast<double>(raw);
  if (itemsize == 4) {
    float value = 0.0F;
    std::memcpy(&value, raw.data(), sizeof(value));
    return static_cast<double>(value);
  }
  return half_to_double(static_cast<std::uint16_t>(raw[0] | (raw[1] << 8U)));
}

}  // namespace

std::size_t npy_header_size(Bytes prefix) {
  if (prefix.size() < npy_prefix || !std::equal(magic.begin(), magic.end(), prefix.begin())) {
    throw NetworkError("it is not a NumPy array");
  }
  const unsigned char version = prefix[6];
  if (version < 1 || version > 3) {
    throw NetworkError("its NumPy format version " + std::to_string(version) + " is not known");
  }
  std::size_t length = prefix[8] | static_cast<std::size_t>(prefix[9]) << 8U;
  std::size_t before = 10;
  if (version > 1) {
    length |= static_cast<std::size_t>(prefix[10]) << 16U | static_cast<std::size_t>(prefix[11]) << 24U;
    before = 12;
  }
  if (length > largest_header || length < 2) {
    throw NetworkError("its NumPy header has " + std::to_string(length) + " bytes");
  }
  return before + length;
}

NpyHeader parse_npy_header(Bytes bytes) {
  NpyHeader header;
  header.size = bytes.size();
  const std::size_t before = bytes[6] == 1 ? 10 : 12;
  const std::string text(bytes.begin() + static_cast<std::ptrdiff_t>(before), bytes.end());
  parse_type(value_of(text, "'descr'"), header);
  const std::string_view order = value_of(text, "'fortran_order'");
  header.fortran = order.starts_with("True");
  if (!header.fortran && !order.starts_with("False")) {
    throw NetworkError("its header has a damaged fortran_order");
  }
  parse_shape(value_of(text, "'shape'"), header);
  return header;
}

std::vector<double> npy_numbers(const NpyHeader& header, Bytes data) {
  const auto count = static_cast<std::size_t>(header.count);
  std::vector<double> values(count);
  // In Fortran order a matrix lies in the file column after column; only matrices are transposed, arrays
  // of other ranks are refused by their reader.
  const bool transposed = header.fortran && header.shape.size() == 2;
  const std::size_t rows = transposed ? static_cast<std::size_t>(header.shape[0]) : 1;
  const std::size_t cols = transposed ? static_cast<std::size_t>(header.shape[1]) : count;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) {
      const std::size_t from = transposed ? j * rows + i : j;
      values[i * cols + j] = number_at(data.subspan(from * header.itemsize), header.itemsize, header.swapped);
    }
  }
  return values;
}

}  // namespace geolip::formats
