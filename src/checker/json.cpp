#include <checker/json.hpp>

#include <algorithm>

namespace geolip::checker {

using nlohmann::json;

json parse_json(Bytes text, const std::string& what, int deepest) {
  constexpr std::size_t largest = std::size_t{1} << 30U;
  if (text.size() > largest) throw ReadError(what + " is larger than 1 GiB");
  // the parser passes over a byte order mark, and takes a zero byte for the end
  if (text.empty() || text.front() != '{' || std::find(text.begin(), text.end(), 0) != text.end())
    throw ReadError(what + " is not a JSON object");
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > deepest) throw ReadError(what + " is nested too deeply");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      throw ReadError(what + " has the key " + in_quotes(parsed.get<std::string>()) + " twice in one place");
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), watch);
  } catch (const json::parse_error& error) {
    throw ReadError(what + " is not valid JSON (byte " + std::to_string(error.byte) + ")");
  } catch (const json::exception&) {
    throw ReadError(what + " is not valid JSON");
  }
}

Object::Object(const json& value, std::string where) : value_(value), where_(std::move(where)) {
  if (!value.is_object()) throw ReadError(where_ + " is not an object");
}

const json* Object::find(const std::string& key) {
  asked_.insert(key);
  const auto found = value_.find(key);
  return found == value_.end() ? nullptr : &*found;
}

const json& Object::get(const std::string& key) {
  const json* found = find(key);
  if (found == nullptr) throw ReadError(where_ + " lacks " + in_quotes(key));
  return *found;
}

std::string Object::text(const std::string& key) {
  const json& value = get(key);
  if (!value.is_string()) refuse(key, "is not a text");
  return value.get<std::string>();
}

bool Object::flag(const std::string& key) {
  const json& value = get(key);
  if (!value.is_boolean()) refuse(key, "is neither true nor false");
  return value.get<bool>();
}

const json::array_t& Object::list(const std::string& key) {
  const json& value = get(key);
  if (!value.is_array()) refuse(key, "is not a list");
  return value.get_ref<const json::array_t&>();
}

std::vector<Index> Object::indices(const std::string& key) {
  std::vector<Index> result;
  for (const json& entry : list(key)) result.push_back(index_of(entry, key));
  return result;
}

std::string Object::hash(const std::string& key) {
  constexpr std::size_t length = 64;
  std::string value = text(key);
  if (value.size() != length || value.find_first_not_of("0123456789abcdef") != std::string::npos)
    refuse(key, "is not a SHA-256 in 64 lower-case hexadecimal digits");
  return value;
}

void Object::finish() const {
  for (const auto& [key, value] : value_.items()) {
    if (!asked_.contains(key)) throw ReadError(where_ + " has the unknown key " + in_quotes(key));
  }
}

Index Object::index_of(const json& value, const std::string& key) const {
  constexpr std::uint64_t largest = std::uint64_t{1} << 48U;
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > largest)
    refuse(key, "is not a whole number that fits here");
  return value.get<Index>();
}

void Object::refuse(const std::string& key, const std::string& fault) const {
  throw ReadError(where_ + ": " + in_quotes(key) + " " + fault);
}

}  // namespace geolip::checker
