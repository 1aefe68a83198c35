/// \file
/// What the checker's readers share: bytes, names fit for a message, and the one error.
#pragma once

#include <bit>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace geolip::checker {

using Bytes = std::span<const unsigned char>;

/// A file does not hold what it should, or more than the checker understands. One sentence that names it.
class ReadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

static_assert(std::endian::native == std::endian::little,
              "the readers are written for little-endian machines");

/// A number of type T at the front of `bytes`, which must be long enough.
template <typename T>
T load(Bytes bytes) {
  T value;
  std::memcpy(&value, bytes.first(sizeof(T)).data(), sizeof(T));
  return value;
}

/// Text from a file on one line of printable ASCII, cut where it is long.
std::string printable(std::string_view text);
/// printable() between quotation marks.
std::string in_quotes(std::string_view text);

/// A proof cannot be accepted, or a network is none; what() is the sentence that Verdict::reason gives. Never
/// leaves prove().
class Refusal : public ReadError {
 public:
  explicit Refusal(const std::string& sentence, double slack_ = 0.0) : ReadError(sentence), slack(slack_) {}

  double slack;  ///< Verdict::slack
};

/// The digest in lower-case hex.
std::string sha256(Bytes bytes);

}  // namespace geolip::checker
