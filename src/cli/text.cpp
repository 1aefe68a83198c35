#include "cli/text.hpp"

#include <algorithm>

namespace geolip::cli {
namespace {

bool continues_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// C0 control characters and DEL. (The C1 controls are two bytes in UTF-8: printable() looks for them.)
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F; }

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool c1 = c == '\xC2' && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0x80U &&
                    static_cast<unsigned char>(text[i + 1]) < 0xA0U;
    if (c == '\n' || c == '\r' || c == '\t') {
      result += ' ';
    } else if (is_control(c) || c1) {
      result += '?';
      if (c1) ++i;
    } else {
      result += c;
    }
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
