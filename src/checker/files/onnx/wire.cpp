#include "checker/files/onnx/wire.hpp"

namespace geolip::checker::onnx {
namespace {

[[noreturn]] void fail() { throw ReadError("this is not an ONNX model, or a damaged one"); }

std::uint64_t take_varint(Bytes& rest) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest.empty()) fail();
    const unsigned char byte = rest.front();
    rest = rest.subspan(1);
    // the tenth byte holds one bit
    if (shift == 63 && byte > 1) fail();
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80U) return value;
  }
  fail();
}

Bytes take(Bytes& rest, std::uint64_t count) {
  if (count > rest.size()) fail();
  const Bytes front = rest.first(static_cast<std::size_t>(count));
  rest = rest.subspan(static_cast<std::size_t>(count));
  return front;
}

template <typename T>
void append_packed(Bytes body, std::vector<double>& values) {
  if (body.size() % sizeof(T) != 0) fail();
  for (; !body.empty(); body = body.subspan(sizeof(T))) values.push_back(static_cast<double>(load<T>(body)));
}

}  // namespace

std::int64_t Field::integer() const {
  if (kind != Kind::varint) fail();
  return static_cast<std::int64_t>(value);
}

float Field::real() const {
  if (kind != Kind::fixed32) fail();
  return std::bit_cast<float>(static_cast<std::uint32_t>(value));
}

Bytes Field::bytes() const {
  if (kind != Kind::bytes) fail();
  return body;
}

std::string_view Field::text() const {
  const Bytes b = bytes();
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

bool Message::next(Field& field) {
  if (rest_.empty()) return false;
  const std::uint64_t key = take_varint(rest_);
  if (key >> 3U == 0 || key >> 32U != 0) fail();
  field = {};
  field.number = static_cast<std::uint32_t>(key >> 3U);
  switch (key & 7U) {
    case 0:
      field.kind = Field::Kind::varint;
      field.value = take_varint(rest_);
      return true;
    case 1:
      field.kind = Field::Kind::fixed64;
      field.value = load<std::uint64_t>(take(rest_, 8));
      return true;
    case 2:
      field.kind = Field::Kind::bytes;
      field.body = take(rest_, take_varint(rest_));
      return true;
    case 5:
      field.kind = Field::Kind::fixed32;
      field.value = load<std::uint32_t>(take(rest_, 4));
      return true;
    default:  // groups, which ONNX never had
      fail();
  }
}

void append_integers(const Field& field, std::vector<std::int64_t>& values) {
  if (field.kind == Field::Kind::varint) {
    values.push_back(field.integer());
    return;
  }
  for (Bytes body = field.bytes(); !body.empty();) {
    values.push_back(static_cast<std::int64_t>(take_varint(body)));
  }
}

void append_floats(const Field& field, std::vector<double>& values) {
  if (field.kind == Field::Kind::fixed32) {
    values.push_back(static_cast<double>(field.real()));
  } else {
    append_packed<float>(field.bytes(), values);
  }
}

void append_doubles(const Field& field, std::vector<double>& values) {
  if (field.kind == Field::Kind::fixed64) {
    values.push_back(std::bit_cast<double>(field.value));
  } else {
    append_packed<double>(field.bytes(), values);
  }
}

}  // namespace geolip::checker::onnx
