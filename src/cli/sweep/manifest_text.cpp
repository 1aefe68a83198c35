#include "cli/sweep/manifest_text.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/exit_code.hpp"
#include "cli/text.hpp"

namespace geolip::cli {
namespace {

using Json = nlohmann::ordered_json;

/// What a parser says, which may quote the text at any length.
std::string excerpt(std::string_view text) {
  constexpr std::size_t longest = 200;
  return std::string(clip(printable(text), longest));
}

/// Refuses characters beyond ASCII outside of comments and of strings on one line. TOML allows them in
/// strings on several lines too, and nowhere else; but what toml++ up to 3.4 does where it asks whether such
/// a character is white space is undefined. A quote in the middle of a value is refused with them: no string
/// begins there, so that toml++ reads on over what only looks like one.
void refuse_strays(std::string_view text, const std::string& name) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  constexpr std::string_view before_strings = "\n=[{,.";
  std::size_t line = 1;
  std::string_view quote;  // what ends the string that we are in; empty outside of strings
  bool comment = false;
  char before = '\n';  // the last character outside of strings and comments that was no blank
  for (std::size_t i = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      comment = false;
      if (quote.size() == 1) quote = {};
      if (quote.empty()) before = c;
    } else if (comment) {
      continue;
    } else if (static_cast<unsigned char>(c) >= 0x80U && quote.size() != 1) {
      throw FileError(name + ": line " + std::to_string(line) +
                      " has a character beyond ASCII outside of a comment and of a string on one line");
    } else if (!quote.empty()) {
      if (c == '\\' && quote.front() == '"') {
        ++i;
        if (i < text.size() && text[i] == '\n') ++line;
      } else if (text.substr(i).starts_with(quote)) {
        const bool several_lines = quote.size() > 1;
        i += quote.size() - 1;
        // a string on several lines may end in two quotes of its own
        for (int more = 0; several_lines && more < 2 && i + 1 < text.size() && text[i + 1] == c; ++more) ++i;
        quote = {};
      }
    } else if (c == '#') {
      comment = true;
    } else if (c == '"' || c == '\'') {
      if (before_strings.find(before) == std::string_view::npos) {
        throw FileError(name + ": line " + std::to_string(line) + " has a quote where no string can begin");
      }
      quote = text.substr(i, text.substr(i).starts_with(std::string(3, c)) ? 3 : 1);
      i += quote.size() - 1;
      before = c;
    } else if (c != ' ' && c != '\t' && c != '\r') {
      before = c;
    }
  }
}

[[noreturn]] void refuse_date(const std::string& name, const toml::node& node) {
  throw FileError(name + ": line " + std::to_string(node.source().begin.line) +
                  " has a date or a time, which no setting is");
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
    for (const auto& [key, value] : entries) object[std::string(key->str())] = convert(*value, name);
    return object;
  }
  if (const toml::array* array = node.as_array()) {
    Json list = Json::array();
    for (const toml::node& entry : *array) list.push_back(convert(entry, name));
    return list;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  refuse_date(name, node);
}

}  // namespace

nlohmann::ordered_json from_toml(std::string_view text, const std::string& name) {
  refuse_strays(text, name);
  try {
    return convert(toml::parse(text), name);
  } catch (const toml::parse_error& error) {
    throw FileError(name + ": line " + std::to_string(error.source().begin.line) +
                    " is no TOML: " + excerpt(error.description()));
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
  }
}

}  // namespace geolip::cli
