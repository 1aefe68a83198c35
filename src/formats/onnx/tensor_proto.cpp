#include <formats/onnx/tensor_proto.hpp>

#include <formats/numbers.hpp>

namespace geolip::formats::onnx_graph {
namespace {

using onnx::TensorProto;

template <class T>
void read_raw(Bytes raw, Tensor& tensor) {
  const auto read = [&](auto& values) {
    using Value = typename std::decay_t<decltype(values)>::value_type;
    values.reserve(raw.size() / sizeof(T));
    for (; !raw.empty(); raw = raw.subspan(sizeof(T))) {
      values.push_back(static_cast<Value>(load<T>(raw)));  // NOLINT(bugprone-signed-char-misuse): a number
    }
  };
  if constexpr (std::is_integral_v<T>) {
    read(tensor.integers);
  } else {
    read(tensor.reals);
  }
}

/// An element type, and how its numbers lie in raw data.
struct ElementType {
  int type;
  Index size;
  void (*read)(Bytes raw, Tensor& tensor);
};
constexpr std::array<ElementType, 13> element_types{{{TensorProto::DOUBLE, 8, read_raw<double>},
                                                     {TensorProto::FLOAT, 4, read_raw<float>},
                                                     {TensorProto::FLOAT16, 2, read_raw<Half>},
                                                     {TensorProto::BFLOAT16, 2, read_raw<BFloat16>},
                                                     {TensorProto::INT64, 8, read_raw<std::int64_t>},
                                                     {TensorProto::UINT64, 8, read_raw<std::uint64_t>},
                                                     {TensorProto::INT32, 4, read_raw<std::int32_t>},
                                                     {TensorProto::UINT32, 4, read_raw<std::uint32_t>},
                                                     {TensorProto::INT16, 2, read_raw<std::int16_t>},
                                                     {TensorProto::UINT16, 2, read_raw<std::uint16_t>},
                                                     {TensorProto::INT8, 1, read_raw<std::int8_t>},
                                                     {TensorProto::UINT8, 1, read_raw<std::uint8_t>},
                                                     {TensorProto::BOOL, 1, read_raw<std::uint8_t>}}};

/// Reads the field of the message for the type, which must have exactly `count` entries.
void read_typed(const TensorProto& proto, Index count, Tensor& tensor) {
  const auto read = [count](const auto& field, auto& values, const auto& convert) {
    if (field.size() != count) fail("its shape needs ", count, " numbers but it has ", field.size());
    values.reserve(static_cast<std::size_t>(count));
    for (const auto value : field) values.push_back(convert(value));
  };
  const auto real = [](auto value) { return static_cast<double>(value); };
  const auto integer = [](auto value) { return static_cast<std::int64_t>(value); };
  // the bits of halves, each in the lower half of an int32
  const auto bits = [](std::int32_t value) { return static_cast<std::uint16_t>(value & 0xFFFF); };
  switch (proto.data_type()) {
    case TensorProto::DOUBLE:
      return read(proto.double_data(), tensor.reals, real);
    case TensorProto::FLOAT:
      return read(proto.float_data(), tensor.reals, real);
    case TensorProto::FLOAT16:
      return read(proto.int32_data(), tensor.reals,
                  [&](auto v) { return static_cast<double>(Half{bits(v)}); });
    case TensorProto::BFLOAT16:
      return read(proto.int32_data(), tensor.reals,
                  [&](auto v) { return static_cast<double>(BFloat16{bits(v)}); });
    case TensorProto::INT64:
      return read(proto.int64_data(), tensor.integers, integer);
    case TensorProto::UINT64:
    case TensorProto::UINT32:
      return read(proto.uint64_data(), tensor.integers, integer);
    default:
      return read(proto.int32_data(), tensor.integers, integer);
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
  const auto* element = std::find_if(element_types.begin(), element_types.end(),
                                     [type](const ElementType& known) { return known.type == type; });
  if (element == element_types.end()) fail("its element type ", type_name(type), " is not supported");
  if (proto.has_segment()) fail("it is stored in segments, which is not supported");
  const bool external_data = proto.data_location() == TensorProto::EXTERNAL;
  if (kinds_of_data(proto) + int{external_data} > 1) fail("it holds its numbers twice, in two forms");
  Tensor tensor;
  tensor.kind = is_float(type) ? Kind::real : Kind::integer;
  tensor.half = type == TensorProto::FLOAT16 || type == TensorProto::BFLOAT16;
  tensor.shape.assign(proto.dims().begin(), proto.dims().end());
  const Index count = element_count(tensor.shape, "its shape");
  const Index needed = checked_product(count, element->size, "its shape");
  if (external_data) {
    element->read(external.bytes_of(proto, needed), tensor);
  } else if (proto.has_raw_data()) {
    const std::string& raw = proto.raw_data();
    if (raw.size() != static_cast<std::size_t>(needed))
      fail("its shape ", tensor.shape, " needs ", needed, " bytes but it has ", raw.size());
    element->read(bytes_of(raw), tensor);
  } else {
    read_typed(proto, count, tensor);
  }
  return tensor;
}

}  // namespace geolip::formats::onnx_graph
