/// \file
/// JSON, strictly: every key is known and stands once, every value is what it must be. All throw ReadError.
#pragma once

#include <checker/bytes.hpp>
#include <checker/network.hpp>

#include <nlohmann/json.hpp>

#include <set>

namespace geolip::checker {

/// Parses an object without doubled keys, no deeper than `deepest`. `what` is its name in messages.
nlohmann::json parse_json(Bytes text, const std::string& what, int deepest);

/// An object whose keys are all asked for.
class Object {
 public:
  Object(const nlohmann::json& value, std::string where);

  /// Null if there is no such key.
  const nlohmann::json* find(const std::string& key);
  const nlohmann::json& get(const std::string& key);
  std::string text(const std::string& key);
  bool flag(const std::string& key);
  const nlohmann::json::array_t& list(const std::string& key);
  Index index(const std::string& key) { return index_of(get(key), key); }
  std::vector<Index> indices(const std::string& key);
  /// A SHA-256 in lower-case hex.
  std::string hash(const std::string& key);
  /// Throws for a key that nobody asked for.
  void finish() const;

  /// A value that must be a whole number from 0 to 2^48.
  Index index_of(const nlohmann::json& value, const std::string& key) const;
  [[noreturn]] void refuse(const std::string& key, const std::string& fault) const;

 private:
  const nlohmann::json& value_;
  std::string where_;
  std::set<std::string> asked_;
};

}  // namespace geolip::checker
