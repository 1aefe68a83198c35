/// \file
/// The wire format of Protocol Buffers, as much of it as ONNX needs.
#pragma once

#include "checker/files/bytes.hpp"

namespace geolip::checker::onnx {

/// A field of a message: its number and what stands behind it.
struct Field {
  enum class Kind { varint, fixed64, bytes, fixed32 };

  std::uint32_t number = 0;
  Kind kind = Kind::varint;
  std::uint64_t value = 0;  ///< varint, or the bits of a fixed32 or fixed64
  Bytes body;               ///< bytes

  // The field as a type; each throws ReadError if it is stored as another one.
  std::int64_t integer() const;
  float real() const;
  Bytes bytes() const;
  std::string_view text() const;
};

/// Takes the fields off a message one by one. Holds no copies: the bytes must outlive it.
class Message {
 public:
  explicit Message(Bytes bytes) : rest_(bytes) {}

  /// The next field; false at the end. Throws ReadError if the bytes are no message.
  bool next(Field& field);

 private:
  Bytes rest_;
};

// Entries of a repeated field of numbers, which are stored one by one or many together.
void append_integers(const Field& field, std::vector<std::int64_t>& values);
void append_floats(const Field& field, std::vector<double>& values);
void append_doubles(const Field& field, std::vector<double>& values);

}  // namespace geolip::checker::onnx
