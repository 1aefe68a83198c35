#include <cli/text.hpp>

#include <algorithm>

namespace geolip::cli {
namespace {

bool continues_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Bytes of the code point that the text begins with; 0 if these are no UTF-8.
std::size_t code_point(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0x80U ? 1 : first < 0xC2U ? 0 : first < 0xE0U ? 2 : first < 0xF0U ? 3 : 4;
  if (first > 0xF4U || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!continues_code_point(text[i])) return 0;
  }
  return size;
}

/// Whether the code point is a control character: C0, DEL, or C1, whose 0x9B is a terminal's ESC [.
bool is_control(std::string_view c) {
  const auto last = static_cast<unsigned char>(c.back());
  return c.size() == 1 ? last < 0x20U || last == 0x7FU : c.size() == 2 && c.front() == '\xC2' && last < 0xA0U;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = code_point(text);
    const std::string_view c = text.substr(0, std::max<std::size_t>(size, 1));
    if (c == "\n" || c == "\r" || c == "\t") {
      result += ' ';
    } else if (size == 0 || is_control(c)) {
      result += '?';
    } else {
      result += c;
    }
    text.remove_prefix(c.size());
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_code_point(c); }));
}

std::string_view clip(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  while (end < text.size()) {
    if (!continues_code_point(text[end])) {
      if (columns == 0) break;
      --columns;
    }
    ++end;
  }
  return text.substr(0, end);
}

}  // namespace geolip::cli
