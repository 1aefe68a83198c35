#include "checker/files/npy.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace geolip::checker {
namespace {

struct Header {
  Shape shape;
  std::size_t width = 0;  ///< bytes of a number
  bool swapped = false;
  bool fortran = false;
};

/// Reads the Python dictionary that a header is.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  Header parse() {
    expect('{');
    bool have_type = false;
    bool have_order = false;
    bool have_shape = false;
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      bool* seen = nullptr;
      if (key == "descr") {
        seen = &have_type;
        parse_type();
      } else if (key == "fortran_order") {
        seen = &have_order;
        parse_order();
      } else if (key == "shape") {
        seen = &have_shape;
        parse_shape();
      }
      if (seen == nullptr || *seen) fail();
      *seen = true;
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip();
    if (!text_.empty() || !have_type || !have_order || !have_shape) fail();
    return header_;
  }

 private:
  [[noreturn]] static void fail() { throw ReadError("its NumPy header is damaged"); }

  void skip() {
    const auto begin = text_.find_first_not_of(" \n");
    text_.remove_prefix(begin == std::string_view::npos ? text_.size() : begin);
  }
  bool accept(char c) {
    skip();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  bool accept_word(std::string_view word) {
    skip();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  std::string_view string() {
    skip();
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) fail();
    const auto end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) fail();
    const std::string_view inside = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return inside;
  }

  void parse_type() {
    const std::string_view type = string();
    const bool known = type.size() == 3 && (type[0] == '<' || type[0] == '>' || type[0] == '=') &&
                       type[1] == 'f' && (type[2] == '2' || type[2] == '4' || type[2] == '8');
    if (!known)
      throw ReadError("its type is " + printable(type) + " but must be float16, float32 or float64");
    header_.swapped = type[0] == '>';
    header_.width = static_cast<std::size_t>(type[2] - '0');
  }
  void parse_order() {
    header_.fortran = accept_word("True");
    if (!header_.fortran && !accept_word("False")) fail();
  }
  void parse_shape() {
    expect('(');
    while (!accept(')')) {
      skip();
      Index d = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), d);
      if (error != std::errc() || d < 0) fail();
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      accept('L');  // Python 2's long integers
      header_.shape.push_back(d);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string_view text_;
  Header header_;
};

double number(Bytes at, const Header& header) {
  if (header.width == 8) return load<double>(at, header.swapped);
  if (header.width == 4) return static_cast<double>(load<float>(at, header.swapped));
  return binary16(load<std::uint16_t>(at, header.swapped));
}

}  // namespace

NpyArray read_npy(std::size_t size, const std::function<std::vector<unsigned char>(std::size_t)>& take) {
  constexpr std::size_t prefix = 10;
  constexpr std::size_t largest_header = 1U << 16U;
  if (size < prefix + 2) throw ReadError("it is not a NumPy array");
  std::vector<unsigned char> start = take(prefix);
  constexpr std::array<unsigned char, 6> magic{0x93, 'N', 'U', 'M', 'P', 'Y'};
  if (!std::equal(magic.begin(), magic.end(), start.begin()) || start[6] < 1 || start[6] > 3) {
    throw ReadError("it is not a NumPy array of a known version");
  }
  std::size_t before = prefix;
  if (start[6] > 1) {
    const std::vector<unsigned char> more = take(2);
    start.insert(start.end(), more.begin(), more.end());
    before += 2;
  }
  const std::size_t length = start[6] == 1 ? load<std::uint16_t>(Bytes(start).subspan(8))
                                           : load<std::uint32_t>(Bytes(start).subspan(8));
  if (length > largest_header || before + length > size) throw ReadError("its NumPy header is damaged");
  const std::vector<unsigned char> text = take(length);
  const Header header = HeaderParser({reinterpret_cast<const char*>(text.data()), text.size()}).parse();

  const Index count = element_count(header.shape, "its shape");
  const Index bytes = product(count, static_cast<Index>(header.width), "its shape");
  if (static_cast<std::size_t>(bytes) != size - before - length) {
    throw ReadError("its shape " + shape_text(header.shape) + " needs " + std::to_string(bytes) +
                    " bytes of data but it has " + std::to_string(size - before - length));
  }
  const std::vector<unsigned char> data = take(static_cast<std::size_t>(bytes));
  NpyArray array{header.shape, std::vector<double>(static_cast<std::size_t>(count))};
  // only vectors and matrices are used, and of these only matrices have an order
  const bool transposed = header.fortran && header.shape.size() == 2;
  if (header.fortran && header.shape.size() > 2) throw ReadError("it has more than two dimensions");
  const std::size_t rows = transposed ? static_cast<std::size_t>(header.shape[0]) : 1;
  const std::size_t cols = count == 0 ? 0 : static_cast<std::size_t>(count) / rows;
  for (std::size_t i = 0; i < (count == 0 ? 0 : rows); ++i) {
    for (std::size_t j = 0; j < cols; ++j) {
      const std::size_t at = transposed ? j * rows + i : i * cols + j;
      array.values[i * cols + j] = number(Bytes(data).subspan(at * header.width), header);
    }
  }
  return array;
}

}  // namespace geolip::checker
