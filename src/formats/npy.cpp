#include <formats/npy.hpp>

#include <formats/numbers.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace geolip::formats {
namespace {

constexpr std::array<unsigned char, 6> magic{0x93, 'N', 'U', 'M', 'P', 'Y'};
// The header of an array of numbers is one short line; more is not ours.
constexpr std::size_t largest_header = std::size_t{1} << 16U;

/// Reads the Python dictionary that a header is: each of its three keys once, in any order, and no other. A
/// key that stood twice would have one value here and another in NumPy.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, char kind) : text_(text), kind_(kind) {}

  NpyHeader parse() {
    std::set<std::string_view> keys;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (!keys.insert(key).second) fail("its header has '", printable(key), "' twice");
      if (key == "descr") {
        parse_type();
      } else if (key == "fortran_order") {
        parse_order();
      } else if (key == "shape") {
        parse_shape();
      } else {
        fail("its header has the unknown key '", printable(key), "'");
      }
      if (accept(',')) continue;
      expect('}');
      break;
    }
    skip();
    if (!text_.empty()) fail("its header has a damaged end");
    for (const char* key : {"descr", "fortran_order", "shape"}) {
      if (!keys.contains(key)) fail("its header has no '", key, "'");
    }
    return header_;
  }

 private:
  void skip() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size())); }
  bool accept(char c) {
    skip();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail("its header has a damaged dictionary");
  }
  bool accept_word(std::string_view word) {
    skip();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  std::string_view quoted() {
    skip();
    const bool opens = !text_.empty() && (text_.front() == '\'' || text_.front() == '"');
    const auto end = opens ? text_.find(text_.front(), 1) : std::string_view::npos;
    if (end == std::string_view::npos) fail("its header has a damaged dictionary");
    const std::string_view inside = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return inside;
  }

  void parse_type() {
    skip();
    const bool simple = !text_.empty() && (text_.front() == '\'' || text_.front() == '"');
    const std::string_view type = simple ? quoted() : std::string_view();
    const bool order = type.size() == 3 && (type[0] == '<' || type[0] == '>' || type[0] == '=');
    const bool width = order && (type[2] == '8' || (kind_ == 'f' && (type[2] == '2' || type[2] == '4')));
    if (!width || type[1] != kind_) {
      fail("its type is ", printable(type.empty() ? "not simple" : type), " but must be ",
           kind_ == 'f' ? "float16, float32 or float64" : "int64");
    }
    header_.itemsize = static_cast<std::size_t>(type[2] - '0');
    header_.swapped = type[0] == '>';
  }
  void parse_order() {
    header_.fortran = accept_word("True");
    if (!header_.fortran && !accept_word("False")) fail("its header has a damaged fortran_order");
  }
  void parse_shape() {
    header_.count = 1;
    if (!accept('(')) fail("its header has a damaged shape");
    while (!accept(')')) {
      skip();
      Index dim = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), dim);
      if (error != std::errc() || dim < 0) fail("its header has a damaged shape");
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      accept('L');  // Python 2's long integers
      header_.shape.push_back(dim);
      header_.count = checked_product(header_.count, dim, "its shape");
      if (accept(',')) continue;
      if (!accept(')')) fail("its header has a damaged shape");
      break;
    }
  }

  std::string_view text_;
  char kind_;
  NpyHeader header_;
};

double number_at(Bytes data, std::size_t itemsize, bool swapped) {
  if (itemsize == 8) return load<double>(data, swapped);
  return itemsize == 4 ? static_cast<double>(load<float>(data, swapped))
                       : static_cast<double>(load<Half>(data, swapped));
}

}  // namespace

std::size_t npy_header_size(Bytes prefix) {
  if (prefix.size() < npy_prefix || !std::equal(magic.begin(), magic.end(), prefix.begin()))
    fail("it is not a NumPy array");
  const unsigned char version = prefix[6];
  if (version < 1 || version > 3) fail("its NumPy format version ", version, " is not known");
  std::size_t length = prefix[8] | static_cast<std::size_t>(prefix[9]) << 8U;
  std::size_t before = 10;
  if (version > 1) {
    length |= static_cast<std::size_t>(prefix[10]) << 16U | static_cast<std::size_t>(prefix[11]) << 24U;
    before = 12;
  }
  if (length > largest_header || length < 2) fail("its NumPy header has ", length, " bytes");
  return before + length;
}

NpyHeader parse_npy_header(Bytes bytes, char kind) {
  const std::size_t before = bytes[6] == 1 ? 10 : 12;
  const Bytes text = bytes.subspan(before);
  NpyHeader header = HeaderParser({reinterpret_cast<const char*>(text.data()), text.size()}, kind).parse();
  header.size = bytes.size();
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
