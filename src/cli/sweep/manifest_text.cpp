#include <cli/sweep/manifest_text.hpp>

#include <toml++/toml.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <cli/exit_code.hpp>
#include <cli/text.hpp>

namespace geolip::cli {
namespace {

using Json = nlohmann::ordered_json;

/// What a parser says, which may quote the text at any length.
std::string excerpt(std::string_view text) {
  constexpr std::size_t longest = 200;
  return std::string(clip(printable(text), longest));
}

// What toml++ up to 3.4 does where it asks whether a character between U+00A0 and U+FEFF is white space is
// undefined, and it asks wherever a value might end. So it is shown each byte beyond ASCII as a character of
// a private plane, U+F0000 + byte, which it never takes for white space. The way there and back changes no
// text, but for escapes of the plane itself.
constexpr std::string_view private_plane = "\xF3\xB0";  // the first two bytes of U+F0000 to U+F0FFF

std::string hide_bytes(std::string_view text) {
  std::string hidden;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80U) {
      hidden += c;
    } else {
      hidden += private_plane;
      hidden += static_cast<char>(0x80U | (byte >> 6U));
      hidden += static_cast<char>(0x80U | (byte & 0x3FU));
    }
  }
  return hidden;
}

std::string show_bytes(std::string_view hidden) {
  std::string text;
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    const std::string_view rest = hidden.substr(i);
    const auto third = rest.size() < 4 ? 0U : static_cast<unsigned char>(rest[2]);
    if (rest.starts_with(private_plane) && (third == 0x82U || third == 0x83U)) {
      text += static_cast<char>((third << 6U) | (static_cast<unsigned char>(rest[3]) & 0x3FU));
      i += 3;
    } else {
      text += hidden[i];
    }
  }
  return text;
}

bool is_utf8(const std::string& text) {
  try {
    Json(text).dump();
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

std::string line_of(const std::string& name, const toml::source_region& region) {
  return name + ": line " + std::to_string(region.begin.line);
}

/// A key or a string as it was written.
std::string text_of(const std::string& name, std::string_view hidden, const toml::source_region& region) {
  std::string text = show_bytes(hidden);
  if (!is_utf8(text)) throw FileError(line_of(name, region) + " is not in UTF-8");
  return text;
}

[[noreturn]] void refuse_date(const std::string& name, const toml::node& node) {
  throw FileError(line_of(name, node.source()) + " has a date or a time, which no setting is");
}

Json convert(const toml::node& node, const std::string& name) {
  if (const toml::table* table = node.as_table()) {
    // toml++ sorts keys by name; the order in which they were written is that of their lines.
    std::vector<std::pair<const toml::key*, const toml::node*>> entries;
    for (const auto& [key, value] : *table) entries.emplace_back(&key, &value);
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      const toml::source_position x = a.first->source().begin;
      const toml::source_position y = b.first->source().begin;
      return std::pair(x.line, x.column) < std::pair(y.line, y.column);
    });
    Json object = Json::object();
    for (const auto& [key, value] : entries) {
      object[text_of(name, key->str(), key->source())] = convert(*value, name);
    }
    return object;
  }
  if (const toml::array* array = node.as_array()) {
    Json list = Json::array();
    for (const toml::node& entry : *array) list.push_back(convert(entry, name));
    return list;
  }
  if (const auto* text = node.as_string()) return text_of(name, text->get(), node.source());
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  refuse_date(name, node);
}

}  // namespace

nlohmann::ordered_json from_toml(std::string_view text, const std::string& name) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  try {
    return convert(toml::parse(hide_bytes(text)), name);
  } catch (const toml::parse_error& error) {
    throw FileError(line_of(name, error.source()) +
                    " is no TOML: " + excerpt(show_bytes(error.description())));
  }
}

nlohmann::ordered_json from_json(std::string_view text, const std::string& name) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    const std::string what = error.what();
    const std::size_t at = what.find("at line ");
    throw FileError(name + " is no JSON: error " + excerpt(at == std::string::npos ? what : what.substr(at)));
  } catch (const Json::exception& error) {
    // "[json.exception.out_of_range.406] number overflow parsing '1e999'"
    const std::string what = error.what();
    const std::size_t at = what.find("] ");
    throw FileError(name + ": " + excerpt(at == std::string::npos ? what : what.substr(at + 2)));
  }
}

}  // namespace geolip::cli
