#include <formats/onnx/tensor_proto.hpp>

#include <formats/half.hpp>

#include <geolip/error.hpp>

#include <cstring>

namespace geolip::formats::onnx_graph {
namespace {

using onnx::TensorProto;

/// Bytes of one entry of raw data; 0 for types that GeoLIP does not know.
Index item_size(int type) {
  switch (type) {
    case TensorProto::DOUBLE:
    case TensorProto::INT64:
    case TensorProto::UINT64:
      return 8;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
    case TensorProto::UINT32:
      return 4;
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
    case TensorProto::INT16:
    case TensorProto::UINT16:
      return 2;
    case TensorProto::INT8:
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return 1;
    default:
      return 0;
  }
}

template <typename T, typename Out>
std::vector<Out> from_raw(Bytes raw) {
  std::vector<Out> values(raw.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value{};
    std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<Out>(value);  // NOLINT(bugprone-signed-char-misuse): int8 is a number here
  }
  return values;
}

template <double (*convert)(std::uint16_t)>
std::vector<double> from_raw_half(Bytes raw) {
  std::vector<double> values(raw.size() / 2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = convert(static_cast<std::uint16_t>(raw[2 * i] | raw[2 * i + 1] << 8));
  }
  return values;
}

void decode_raw(Bytes raw, int type, Tensor& tensor) {
  switch (type) {
    case TensorProto::DOUBLE:
      tensor.reals = from_raw<double, double>(raw);
      break;
    case TensorProto::FLOAT:
      tensor.reals = from_raw<float, double>(raw);
      break;
    case TensorProto::FLOAT16:
      tensor.reals = from_raw_half<half_to_double>(raw);
      break;
    case TensorProto::BFLOAT16:
      tensor.reals = from_raw_half<bfloat16_to_double>(raw);
      break;
    case TensorProto::INT64:
      tensor.integers = from_raw<std::int64_t, std::int64_t>(raw);
      break;
    case TensorProto::UINT64:
      tensor.integers = from_raw<std::uint64_t, std::int64_t>(raw);
      break;
    case TensorProto::INT32:
      tensor.integers = from_raw<std::int32_t, std::int64_t>(raw);
      break;
    case TensorProto::UINT32:
      tensor.integers = from_raw<std::uint32_t, std::int64_t>(raw);
      break;
    case TensorProto::INT16:
      tensor.integers = from_raw<std::int16_t, std::int64_t>(raw);
      break;
    case TensorProto::UINT16:
      tensor.integers = from_raw<std::uint16_t, std::int64_t>(raw);
      break;
    case TensorProto::INT8:
      tensor.integers = from_raw<std::int8_t, std::int64_t>(raw);
      break;
    default:  // uint8 and bool
      tensor.integers = from_raw<std::uint8_t, std::int64_t>(raw);
      break;
  }
}

/// Copies a field of the protobuf message, which must have exactly `count` entries.
template <typename Out, typename Field, typename Convert>
std::vector<Out> from_field(const Field& field, Index count, Convert convert) {
  if (field.size() != count) {
    throw NetworkError("its shape needs " + std::to_string(count) + " numbers but it has " +
                       std::to_string(field.size()));
  }
  std::vector<Out> values;
  values.reserve(static_cast<std::size_t>(count));
  for (const auto value : field) values.push_back(static_cast<Out>(convert(value)));
  return values;
}

void decode_typed(const TensorProto& proto, Index count, Tensor& tensor) {
  const auto same = [](auto value) { return value; };
  switch (proto.data_type()) {
    case TensorProto::DOUBLE:
      tensor.reals = from_field<double>(proto.double_data(), count, same);
      break;
    case TensorProto::FLOAT:
      tensor.reals = from_field<double>(proto.float_data(), count, same);
      break;
    case TensorProto::FLOAT16:  // the bits, each in the lower half of an int32
      tensor.reals = from_field<double>(proto.int32_data(), count, [](std::int32_t bits) {
        return half_to_double(static_cast<std::uint16_t>(bits & 0xFFFF));
      });
      break;
    case TensorProto::BFLOAT16:
      tensor.reals = from_field<double>(proto.int32_data(), count, [](std::int32_t bits) {
        return bfloat16_to_double(static_cast<std::uint16_t>(bits & 0xFFFF));
      });
      break;
    case TensorProto::INT64:
      tensor.integers = from_field<std::int64_t>(proto.int64_data(), count, same);
      break;
    case TensorProto::UINT64:
    case TensorProto::UINT32:
      tensor.integers = from_field<std::int64_t>(proto.uint64_data(), count, same);
      break;
    default:
      tensor.integers = from_field<std::int64_t>(proto.int32_data(), count, same);
      break;
  }
}

/// How many of the fields for numbers are used.
int kinds_of_data(const TensorProto& p) {
  return int{p.has_raw_data() && !p.raw_data().empty()} + int{p.float_data_size() > 0} +
         int{p.double_data_size() > 0} + int{p.int32_data_size() > 0} + int{p.int64_data_size() > 0} +
         int{p.uint64_data_size() > 0} + int{p.string_data_size() > 0};
}

}  // namespace

bool is_float(Index type) {
  return type == TensorProto::DOUBLE || type == TensorProto::FLOAT || type == TensorProto::FLOAT16 ||
         type == TensorProto::BFLOAT16;
}

std::string type_name(Index type) {
  const auto number = static_cast<int>(type);  // attributes have 64 bits
  return number == type && TensorProto::DataType_IsValid(number)
             ? TensorProto::DataType_Name(static_cast<TensorProto::DataType>(number))
             : std::to_string(type);
}

Tensor decode(const TensorProto& proto, ExternalData& external) {
  const int type = proto.data_type();
  const Index item = item_size(type);
  if (item == 0) {
    throw NetworkError("its element type " + type_name(type) + " is not supported");
  }
  if (proto.has_segment()) {
    throw NetworkError("it is stored in segments, which is not supported");
  }
  const bool external_data = proto.data_location() == TensorProto::EXTERNAL;
  if (kinds_of_data(proto) + int{external_data} > 1) {
    throw NetworkError("it holds its numbers twice, in two forms");
  }
  Tensor tensor;
  tensor.kind = is_float(type) ? Kind::real : Kind::integer;
  tensor.half = type == TensorProto::FLOAT16 || type == TensorProto::BFLOAT16;
  tensor.shape.assign(proto.dims().begin(), proto.dims().end());
  const Index count = element_count(tensor.shape, "its shape");
  const Index needed = checked_product(count, item, "its shape");
  if (external_data) {
    decode_raw(external.bytes_of(proto, needed), type, tensor);
  } else if (proto.has_raw_data()) {
    const std::string& raw = proto.raw_data();
    if (raw.size() != static_cast<std::size_t>(needed)) {
      throw NetworkError("its shape " + dimensions(tensor.shape) + " needs " + std::to_string(needed) +
                         " bytes but it has " + std::to_string(raw.size()));
    }
    decode_raw({reinterpret_cast<const unsigned char*>(raw.data()), raw.size()}, type, tensor);
  } else {
    decode_typed(proto, count, tensor);
  }
  return tensor;
}

}  // namespace geolip::formats::onnx_graph
